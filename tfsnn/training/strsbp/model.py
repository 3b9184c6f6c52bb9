"""A Keras model that learns by ST-RSBP: gradients from spike trains, not from time."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import keras
import tensorflow as tf

from tfsnn.errors import ModelError, OptionError
from tfsnn.layers.synapses import Synapses
from tfsnn.network.neurons import Leaky
from tfsnn.training.strsbp.effect import effect_table
from tfsnn.training.strsbp.psp import fire, traces
from tfsnn.training.strsbp.rule import VARIANTS, Activity, layer_gradients


@keras.saving.register_keras_serializable(package="tfsnn")
class SpikeTrainModel(keras.Sequential):
    """A stack of spiking layers whose outputs are the counts of the last one.

    It is a ``keras.Sequential``: first layers that make trains ``(B, T, inputs)`` from
    the inputs, such as :class:`tfsnn.layers.PoissonTrains`, or none where the inputs
    are trains; then :class:`~tfsnn.layers.SpikingDense` and
    :class:`~tfsnn.layers.SpikingRecurrent`. Compile it with any optimiser and a loss on
    counts, :class:`SpikeCounts` for one; `fit`, callbacks and saving are Keras' own.
    The gradient for the weights is that of Zhang and Li (NeurIPS 2019).

    A spike passes all layers in the step it is fired in. (In the authors' code it comes
    one step later to each layer: the same but for the last steps.)
    """

    def __init__(
        self, layers: Any = None, variant: str = "diagonal", name: str | None = None
    ) -> None:
        """Make a model.

        Args:
            layers: the layers, in order.
            variant: "diagonal", as the authors' code, or "adjoint", which solves the
                system of the counts of a recurrent layer once per sample.
            name: the model's name.

        Raises:
            OptionError: for an unknown variant.
        """
        if variant not in VARIANTS:
            raise OptionError(
                f"SpikeTrainModel: variant={variant!r} must be one of {VARIANTS}"
            )
        self.variant = variant
        super().__init__(layers, name=name)
        # The scans are compiled by themselves; XLA's products are slow on CPUs.
        self.supports_jit = False

    @property
    def spiking(self) -> list[Synapses]:
        """The spiking layers, in order.

        Raises:
            ModelError: if they are not the last layers, or cannot learn by counts.
        """
        found = [isinstance(layer, Synapses) for layer in self.layers]
        start = found.index(True) if True in found else len(found)
        behind = [la.name for la in self.layers[start:] if not isinstance(la, Synapses)]
        if start == len(found) or behind:
            raise ModelError(
                f"{self.name}: its last layers must be spiking layers, SpikingDense or "
                f"SpikingRecurrent; it has {behind or 'none'}"
                f"{' behind them' if behind else ''}"
            )
        for layer in self.layers[start:]:
            _check(layer)
        return self.layers[start:]

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Return the counts ``(B, units)`` of the last layer."""
        spikes = self._simulate(inputs, training)[-1]
        return tf.reduce_sum(tf.cast(spikes, tf.float32), 0)

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Train as Keras does; arrays of inputs are tried first.

        Raises:
            ModelError: if a layer before the last sends no spike for any of the first
                32 inputs: nothing in it or before it could learn.
        """
        if hasattr(x, "shape"):
            for layer, spikes in zip(
                self.spiking[:-1], self._simulate(x[:32], False)[1:-1], strict=True
            ):
                if not tf.reduce_any(spikes > 0):
                    raise ModelError(
                        f"{layer.name}: no neuron fires for any of {len(x[:32])} "
                        "inputs, so none can learn: make the weights larger, the "
                        "threshold lower, or the rate of the trains higher"
                    )
        return super().fit(x, *args, **kwargs)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Learn from one batch and return the metrics."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        trains = self._simulate(x, True)
        with tf.GradientTape() as tape:
            counts = tf.reduce_sum(tf.cast(trains[-1], tf.float32), 0)
            tape.watch(counts)
            loss = self.compute_loss(x, y, counts, weights)
        kernels = [layer.kernel.value for layer in self.spiking]
        error, *penalties = tape.gradient(
            loss, [counts, *kernels], unconnected_gradients="zero"
        )
        trains[-1] = self._revived(trains[-1], counts, error)
        gradients = self._gradients(trains, error)
        for layer, penalty in zip(self.spiking, penalties, strict=True):
            gradients[id(layer.kernel)] += penalty
        variables = self.trainable_variables
        self.optimizer.apply_gradients(
            [(gradients[id(each)], each) for each in variables]
        )
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
        return self.compute_metrics(x, y, counts, weights)

    def _simulate(self, inputs: Any, training: Any) -> list[Any]:
        """Return the trains ``(T, B, units)`` before and behind each spiking layer."""
        spiking = self.spiking
        for layer in self.layers[: len(self.layers) - len(spiking)]:
            options = {"training": training} if layer._call_has_training_arg else {}
            inputs = layer(inputs, **options)
        trains = [tf.transpose(inputs, (1, 0, 2))]
        for layer in spiking:
            currents = layer.currents(trains[-1])
            trains.append(fire(_plain(layer.neuron), currents, layer.recurrence()))
        return trains

    def _gradients(self, trains: list[Any], error: Any) -> dict[int, Any]:
        found: dict[int, Any] = {}
        counts = [tf.reduce_sum(tf.cast(s, tf.float32), 0) for s in trains]
        for place in reversed(range(len(self.spiking))):
            layer = self.spiking[place]
            kept = layer.neuron.synapse or 0.0
            between = layer.recurrence() is not None
            activity = Activity(
                traces(trains[place], kept),
                counts[place],
                trains[place + 1],
                traces(trains[place + 1], kept) if between else None,
            )
            table = effect_table(layer.neuron, trains[0].shape[0])
            kernel, recurrent, error = layer_gradients(
                layer, activity, error, table, self.variant == "adjoint", place == 0
            )
            found[id(layer.kernel)] = kernel
            if recurrent is not None:
                found[id(layer.recurrent_kernel)] = recurrent
        return found

    def _revived(self, spikes: Any, counts: Any, error: Any) -> Any:
        """Return the trains; silent neurons that should fire get evenly spaced spikes.

        Without them such a neuron has no S-PSP, and never learns to fire.
        """
        steps = spikes.shape[0]
        every = max(int(steps / getattr(self.loss, "desired", steps / 10)), 1)
        even = tf.cast(tf.range(1, steps + 1) % every == 0, spikes.dtype)
        silent = (counts == 0) & (error < 0)
        return tf.where(silent, even[:, None, None], spikes)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return ``(B, units)``."""
        return (input_shape[0], self.layers[-1].units)

    def compute_output_spec(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the shape and type of the counts."""
        shape = (inputs.shape[0], self.layers[-1].units)
        return keras.KerasTensor(shape, "float32")

    @property
    def output_shape(self) -> Any:
        """The shape of the counts, ``(None, units)``."""
        return (super().output_shape[0], self.layers[-1].units)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "variant": self.variant}

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> SpikeTrainModel:
        """Make a model from its config."""
        config = dict(config)
        variant = config.pop("variant")
        model = super().from_config(config, custom_objects)
        model.variant = variant
        return model


@cache
def _plain(neuron: Leaky) -> Leaky:
    """Return the same neurons without gradients: one object, compiled once."""
    return dataclasses.replace(neuron, surrogate=None, straight_through=False)


def _check(layer: Synapses) -> None:
    """Refuse neurons whose counts ST-RSBP does not describe.

    Raises:
        ModelError: for such neurons.
    """
    neuron = layer.neuron
    if neuron.reset != "zero" or neuron.max_coefficient != 1:
        raise ModelError(
            f"{layer.name}: ST-RSBP is for spikes of size 1 and a reset to zero; its "
            f"neurons have max_coefficient={neuron.max_coefficient} and "
            f"reset={neuron.reset!r}: give neuron=tfsnn.layers.leaky_neuron(...)"
        )
    if layer.use_bias:
        raise ModelError(
            f"{layer.name}: ST-RSBP has no gradient for a bias: give use_bias=False, "
            "or an input that always fires"
        )
