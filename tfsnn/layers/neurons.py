"""What layers of neurons have in common: time, masks, parameters that are trained."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.layers.required import require_levels
from tfsnn.network.neurons.scan import UNROLLED, scan
from tfsnn.surrogates import Surrogate, as_surrogate

Given = Surrogate | str | Mapping[str, Any] | None


class Range(NamedTuple):
    """The range of a trained parameter: a squashing function, and its inverse."""

    squash: Callable[[Any], Any]
    inverse: Callable[[float], float]
    form: str


POSITIVE = Range(tf.nn.softplus, lambda y: y + math.log(-math.expm1(-y)), "above 0")
SHARE = Range(
    tf.sigmoid, lambda y: math.log(y) - math.log1p(-y), "between 0 and 1, both excluded"
)
RANGES = {"threshold": POSITIVE, "decay": SHARE, "synapse": SHARE}


class Neurons(keras.layers.Layer):
    """The base of layers of neurons: currents ``(B, T, *units)`` to coefficients.

    A parameter p that is trained is the weight ``raw_p``, squashed into its range.

    Attributes:
        observer: a function that each call gives its currents to, for gradients with
            respect to them (:func:`tfsnn.training.balance`); None for none.
    """

    def __init__(
        self, neuron: Any, trained: Mapping[str, bool], per_channel: bool, **kwargs: Any
    ) -> None:
        """Make a layer.

        Args:
            neuron: the neurons with their parameters before training, a frozen
                dataclass with `step`, `initial_state` and a field `surrogate`.
            trained: whether each parameter is trained, by name.
            per_channel: whether each channel, the last axis, has a value of its own.

        Raises:
            OptionError: for a parameter that cannot be trained from where it is, or a
                surrogate of spikes without a bound.
        """
        require_levels(neuron.surrogate, neuron.max_coefficient)
        super().__init__(**kwargs)
        self.supports_masking = True
        self._initial, self.per_channel = neuron, per_channel
        self._trained = tuple(name for name, chosen in trained.items() if chosen)
        self.observer: Callable[[Any], None] | None = None
        for name in self._trained:
            value, form = getattr(neuron, name), RANGES[name].form
            inside = value is not None and value > 0
            if not inside or (RANGES[name] is SHARE and value >= 1):
                raise OptionError(
                    f"{self.name}: {name}={value} cannot be trained: begin {form}, or "
                    f"give train_{name}=False"
                )

    def build(self, input_shape: Any) -> None:
        """Create the weights of the parameters that are trained.

        Raises:
            OptionError: for parameters per channel and no fixed number of channels.
        """
        shape: tuple[int, ...] = ()
        if self.per_channel:
            if len(input_shape) < 3 or input_shape[-1] is None:
                raise OptionError(
                    f"{self.name}: inputs {tuple(input_shape)} have no fixed number of "
                    "channels behind batch and time: give them one, or "
                    "per_channel=False"
                )
            shape = (input_shape[-1],)
        for name in self._trained:
            raw = RANGES[name].inverse(float(getattr(self._initial, name)))
            weight = self.add_weight(
                shape,
                keras.initializers.Constant(raw),
                name=f"raw_{name}",
                dtype="float32",
                autocast=False,
            )
            setattr(self, f"raw_{name}", weight)

    @property
    def neuron(self) -> Any:
        """The neurons, with the parameters as they are trained by now."""
        return self._with(self._parameters())

    @property
    def surrogate(self) -> Surrogate | None:
        """The surrogate of the gradient; None for a straight-through one."""
        given = self._initial.surrogate
        return None if given is None else as_surrogate(given)

    @surrogate.setter
    def surrogate(self, given: Given) -> None:
        surrogate = None if given is None else as_surrogate(given)
        self._initial = dataclasses.replace(self._initial, surrogate=surrogate)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Turn currents ``(B, T, *units)`` into spike coefficients of that shape.

        In steps that a mask ``(B, T)`` leaves out, neurons keep their state and send
        nothing.
        """
        inputs = tf.convert_to_tensor(inputs)
        if self.observer is not None:
            inputs = tf.identity(inputs)
            self.observer(inputs)
        fold, length = self._fold, inputs.shape[1]
        unrolled = length is not None and length <= UNROLLED
        if training is True and unrolled and not tf.executing_eagerly():
            # XLA fuses the many small operations: about half the time. Not in
            # inference, which is to run where there is no XLA.
            fold = tf.function(fold, jit_compile=True, autograph=False)
        return fold(inputs, mask, self._parameters())

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, which stays the same."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, but for fields of the neurons."""
        surrogate = self.surrogate
        return {
            **super().get_config(),
            "surrogate": None if surrogate is None else surrogate.get_config(),
            "per_channel": self.per_channel,
        }

    def _fold(self, inputs: Any, mask: Any, parameters: Mapping[str, Any]) -> Any:
        neuron, currents = self._with(parameters), tf.cast(inputs, tf.float32)
        shape = tf.shape(currents)
        state = neuron.initial_state(tf.concat([shape[:1], shape[2:]], 0))
        if mask is None:
            spikes, _ = scan(neuron.step, state, currents, 1)
        else:
            ones = (1,) * (len(currents.shape) - 2)
            flags = tf.reshape(mask, (*tf.unstack(tf.shape(mask)), *ones))
            spikes, _ = scan(_held(neuron.step), state, (currents, flags), 1)
        spikes.set_shape(currents.shape)
        return tf.cast(spikes, self.compute_dtype)

    def _parameters(self) -> dict[str, Any]:
        if not self.built:
            return {}
        weights = {name: getattr(self, f"raw_{name}") for name in self._trained}
        return {
            name: RANGES[name].squash(tf.convert_to_tensor(raw))
            for name, raw in weights.items()
        }

    def _with(self, parameters: Mapping[str, Any]) -> Any:
        return dataclasses.replace(self._initial, **parameters)


def _held(step: Any) -> Any:
    """Return a step that changes and sends nothing where its flag is False."""

    def held(x: Any, state: Any) -> tuple[Any, Any]:
        current, flag = x
        c, after = step(current, state)
        kept = tf.nest.map_structure(
            lambda new, old: tf.where(flag, new, old), after, state
        )
        return tf.where(flag, c, 0.0), kept

    return held
