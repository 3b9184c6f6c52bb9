"""Integrate-and-fire neurons as a Keras layer over sequences."""

from __future__ import annotations

from typing import Any

import keras

from tfsnn.errors import OptionError
from tfsnn.layers.neurons import Given, Neurons
from tfsnn.layers.required import require
from tfsnn.network.neurons import Neuron
from tfsnn_numpy.defaults import RESETS


@keras.saving.register_keras_serializable(package="tfsnn")
class IntegrateFire(Neurons):
    """Integrate-and-fire neurons: currents ``(B, T, *units)`` to spike coefficients.

    Coefficients have the shape of the currents. Each neuron is a
    :class:`tfsnn.network.neurons.Neuron` that starts every sequence at
    `initial_potential`; no state is kept between calls. Potentials are float32 whatever
    the dtype policy. The gradient is straight-through, that of the clipped, but not
    rounded, potential, or by a surrogate, through the reset by subtraction too.
    """

    def __init__(
        self,
        threshold: float = 1.0,
        negative_threshold: float | None = None,
        max_coefficient: float | None = 1.0,
        initial_potential: float = 0.0,
        reset: str = "subtract",
        leak: float = 0.0,
        surrogate: Given = None,
        train_threshold: bool = False,
        per_channel: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make neurons that all begin with the same parameters.

        Args:
            threshold: potential that a neuron spikes at, > 0, in units of the current,
                as are the other potentials.
            negative_threshold: size of the potential below zero that gives a negative
                spike, >= 0; None for no negative spikes.
            max_coefficient: largest coefficient of a spike, an integer >= 1: 1 for
                all-or-nothing spikes, None for no bound.
            initial_potential: potential before the first step, V(0).
            reset: "subtract" the threshold times the coefficient at a spike, or reset
                the potential to "zero".
            leak: part of the potential that is lost in each step, in [0, 1).
            surrogate: a :mod:`surrogate <tfsnn.surrogates>`, by name, object or config;
                None for the straight-through gradient.
            train_threshold: whether the threshold is trained, by a weight of which it
                is the softplus.
            per_channel: whether each channel, the last axis, trains its own.

        Raises:
            OptionError: for a value outside of these ranges.
        """
        require("IntegrateFire", threshold, max_coefficient)
        _require(
            negative_threshold is None or negative_threshold >= 0,
            f"negative_threshold={negative_threshold} is a size: give it without sign",
        )
        _require(reset in RESETS, f"reset={reset!r}: expected one of {RESETS}")
        _require(0 <= leak < 1, f"leak={leak} must be in [0, 1)")
        neuron = Neuron(
            threshold,
            initial_potential,
            negative_threshold,
            max_coefficient,
            reset=reset,
            leak=leak,
            surrogate=surrogate,
        )
        super().__init__(neuron, {"threshold": train_threshold}, per_channel, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        fields = (
            *("threshold", "negative_threshold", "max_coefficient"),
            *("initial_potential", "reset", "leak"),
        )
        return {
            **super().get_config(),
            **{name: getattr(self._initial, name) for name in fields},
            "train_threshold": "threshold" in self._trained,
        }


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise OptionError(f"IntegrateFire: {message}")
