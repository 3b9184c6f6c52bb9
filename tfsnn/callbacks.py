"""Keras callbacks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.analysis.plot.spikes import drawn_neurons, pixels
from tfsnn.errors import ModelError
from tfsnn.layers import BernoulliRate, DeterministicRate, IntegrateFire
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import SPIKES

SPIKING = (IntegrateFire, BernoulliRate, DeterministicRate)
NEURON, STEP = 4, 12  # pixels of a raster


class SpikeBoard(keras.callbacks.Callback):
    """Writes firing rates and rasters for TensorBoard.

    After each epoch of ``fit``, and after each ``evaluate`` or ``predict`` outside of
    it, the network sees `samples`. For each layer that spikes, ``firing_rate/LAYER`` is
    the number of spikes per neuron and step over all of them, whatever their
    coefficient, and ``raster/LAYER`` a picture of the first sample: neurons upwards,
    steps to the right, blue for spikes above zero and vermilion for those below
    (:func:`tfsnn.plot.raster`). The step is the epoch, or the number of evaluations
    before.

    For a network that :func:`tfsnn.convert` made, and for Functional and Sequential
    models with :class:`~tfsnn.layers.IntegrateFire` or coders of :mod:`tfsnn.layers`;
    of a layer that is called more than once, the first call. TensorBoard need not be
    installed where the network runs.
    """

    def __init__(self, log_dir: str | os.PathLike[str], samples: Any) -> None:
        """Prepare; nothing is written before the first epoch or evaluation ends.

        Args:
            log_dir: of the event files, as of ``keras.callbacks.TensorBoard``.
            samples: one batch of inputs of the model.
        """
        super().__init__()
        self.log_dir, self.samples = os.fspath(log_dir), samples
        self._training, self._evaluations = False, 0
        self._writer: Any = None
        self._recorder: Any = None

    def set_model(self, model: keras.Model) -> None:
        """Find what spikes.

        Raises:
            ModelError: if nothing does.
        """
        super().set_model(model)
        self._recorder, self._training = None, False
        if isinstance(model, SpikingModel):
            if not model.populations:
                raise ModelError(f"{model.name}: nothing of this network spikes")
            return
        found = [layer for layer in model.layers if isinstance(layer, SPIKING)]
        if not found:
            kinds = ", ".join(kind.__name__ for kind in SPIKING)
            raise ModelError(
                f"{model.name} has no layer that spikes ({kinds}): give a network that "
                "tfsnn.convert made, or one with such layers"
            )
        outputs = {layer.name: layer.output for layer in found}
        self._recorder = keras.Model(model.inputs, outputs)

    def on_train_begin(self, logs: Any = None) -> None:
        """Evaluations within are of an epoch."""
        self._training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write, at this epoch."""
        self._write(epoch)

    def on_train_end(self, logs: Any = None) -> None:
        """Close the file."""
        self._training = False
        self._close()

    def on_test_end(self, logs: Any = None) -> None:
        """Write, but while training."""
        self._after_evaluation()

    def on_predict_end(self, logs: Any = None) -> None:
        """Write."""
        self._after_evaluation()

    def _after_evaluation(self) -> None:
        if not self._training:
            self._write(self._evaluations)
            self._evaluations += 1
            self._close()

    def _spikes(self) -> Mapping[str, np.ndarray]:
        """By layer, ``(T, B, *units)``."""
        if self._recorder is None:
            return self.model.simulate(self.samples, record=(SPIKES,)).spikes
        outputs = self._recorder(self.samples, training=False)
        return {k: np.moveaxis(v.numpy(), 1, 0) for k, v in outputs.items()}

    def _write(self, step: int) -> None:
        if self._writer is None:
            self._writer = tf.summary.create_file_writer(self.log_dir)
        with self._writer.as_default(step=step):
            for name, spikes in self._spikes().items():
                rate = np.float32(np.mean(spikes != 0))
                _summary(f"firing_rate/{name}", "scalars", rate)
                image = raster_image(spikes[:, 0])
                height, width = map(str, image.shape[:2])
                png = tf.io.encode_png(image).numpy()
                parts = [width.encode(), height.encode(), png]
                _summary(f"raster/{name}", "images", parts)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _summary(tag: str, plugin: str, value: Any) -> None:
    """Write for a plugin of TensorBoard, as ``tf.summary.scalar`` and ``image`` do.

    These are of the package `tensorboard`; what they write is a tensor and a name.
    """
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = plugin
    tf.summary.write(tag, tf.constant(value), metadata=metadata)


def raster_image(spikes: Any) -> np.ndarray:
    """A raster as pixels, on white, ``(height, width, 3)`` uint8; neurons upwards.

    `spikes`: coefficients ``(T, *units)``.
    """
    rows, _ = drawn_neurons(spikes)
    colours = pixels(rows.T[::-1])
    on_white = 1 - colours[..., 3:] * (1 - colours[..., :3])
    image = (255 * on_white).round().astype(np.uint8)
    return image.repeat(NEURON, 0).repeat(STEP, 1)
