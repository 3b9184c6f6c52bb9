"""Keras callbacks that show what spikes while a network trains or runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.analysis.plot.spikes import drawn_neurons, pixels
from tfsnn.errors import ModelError
from tfsnn.layers import BernoulliRate, DeterministicRate
from tfsnn.layers.neurons import Neurons
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import SPIKES

SPIKING = (Neurons, BernoulliRate, DeterministicRate)
NEURON, STEP = 4, 12  # pixels of a raster for each neuron and each time step


class SpikeBoard(keras.callbacks.Callback):
    """A callback that writes firing rates and spike rasters for TensorBoard.

    After each epoch of ``fit``, and after each ``evaluate`` or ``predict`` outside of
    it, the network runs on `samples`. For each layer that spikes, ``firing_rate/LAYER``
    is the number of spikes per neuron and time step over all samples, whatever their
    coefficients, and ``raster/LAYER`` a picture of the first sample: neurons upwards,
    time steps to the right, blue for spikes above zero and vermilion for those below
    (:func:`tfsnn.plot.raster`). TensorBoard's step is the epoch, or the number of
    earlier evaluations.

    The callback works with networks that :func:`tfsnn.convert` made, and with
    Functional and Sequential models that hold neurons or encoders of
    :mod:`tfsnn.layers`. A layer that is called more than once shows its first call.
    TensorBoard need not be installed where the network runs.
    """

    def __init__(self, log_dir: str | os.PathLike[str], samples: Any) -> None:
        """Prepare to write when the first epoch or evaluation ends.

        Args:
            log_dir: folder of the event files, as for ``keras.callbacks.TensorBoard``.
            samples: one batch of the model's inputs, ``(B, *shape)``.
        """
        super().__init__()
        self.log_dir, self.samples = os.fspath(log_dir), samples
        self._training, self._evaluations = False, 0
        self._writer: Any = None
        self._recorder: Any = None

    def set_model(self, model: keras.Model) -> None:
        """Find the layers of the model that spike.

        Raises:
            ModelError: if no layer does.
        """
        super().set_model(model)
        self._recorder, self._training = None, False
        if isinstance(model, SpikingModel):
            if not model.populations:
                raise ModelError(
                    f"{model.name}: no layer of this network spikes, so there is "
                    "nothing to write: give a network with ReLUs to convert, or leave "
                    "SpikeBoard out"
                )
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
        """Note that training runs, so that validation does not count as evaluation."""
        self._training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write rates and rasters after this epoch."""
        self._write(epoch)

    def on_train_end(self, logs: Any = None) -> None:
        """Close the event file."""
        self._training = False
        self._close()

    def on_test_end(self, logs: Any = None) -> None:
        """Write rates and rasters after ``evaluate``, unless it validates training."""
        self._after_evaluation()

    def on_predict_end(self, logs: Any = None) -> None:
        """Write rates and rasters after ``predict``."""
        self._after_evaluation()

    def _after_evaluation(self) -> None:
        if not self._training:
            self._write(self._evaluations)
            self._evaluations += 1
            self._close()

    def _spikes(self) -> Mapping[str, np.ndarray]:
        """Return the spikes on `samples` by layer, ``(T, B, *units)``."""
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
    """Write a summary for a plugin of TensorBoard.

    ``tf.summary.scalar`` and ``image`` write the same, a tensor with the plugin's name,
    but need the package `tensorboard`.
    """
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = plugin
    tf.summary.write(tag, tf.constant(value), metadata=metadata)


def raster_image(spikes: Any) -> np.ndarray:
    """Draw spikes as pixels on white, ``(height, width, 3)`` uint8; neurons upwards.

    Args:
        spikes: coefficients ``(T, *units)``.
    """
    rows, _ = drawn_neurons(spikes)
    colours = pixels(rows.T[::-1])
    on_white = 1 - colours[..., 3:] * (1 - colours[..., :3])
    image = (255 * on_white).round().astype(np.uint8)
    return image.repeat(NEURON, 0).repeat(STEP, 1)
