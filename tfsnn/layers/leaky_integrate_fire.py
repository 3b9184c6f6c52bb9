"""Leaky integrate-and-fire neurons as a Keras layer over sequences."""

from __future__ import annotations

from typing import Any

import keras

from tfsnn.layers.neurons import Given, Neurons
from tfsnn.layers.required import require
from tfsnn.network.neurons import Leaky


@keras.saving.register_keras_serializable(package="tfsnn")
class LeakyIntegrateFire(Neurons):
    """Leaky integrate-and-fire neurons that learn by a surrogate gradient.

    Currents ``(B, T, *units)`` become spike coefficients of that shape. Each neuron is
    a :class:`tfsnn.network.neurons.Leaky`, whose module has the equations; it starts
    every sequence at `initial_potential`. Potentials are float32 whatever the dtype
    policy. A trained parameter stays in its range: it is a squashed weight.
    """

    def __init__(
        self,
        decay: float = 0.5,
        threshold: float = 1.0,
        synapse: float | None = None,
        refractory: int = 0,
        reset: str = "subtract",
        surrogate: Given = "triangle",
        max_coefficient: float | None = 1.0,
        initial_potential: float = 0.0,
        train_threshold: bool = False,
        train_decay: bool = False,
        train_synapse: bool = False,
        per_channel: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make neurons that all begin with the same parameters.

        Args:
            decay: share of the potential that a step keeps, in [0, 1].
            threshold: potential that a neuron spikes at, > 0, in units of the current.
            synapse: share of the synaptic current that a step keeps, in [0, 1); None
                for no filter of the currents.
            refractory: steps after a spike in which a neuron neither integrates nor
                fires; its potential stays as the reset left it.
            reset: "subtract" the threshold times the coefficient at a spike, with a
                gradient through the reset, or reset the potential to "zero", without.
            surrogate: a :mod:`surrogate <tfsnn.surrogates>`, by name, object or config;
                None for the gradient of the clipped, but not rounded, potential.
            max_coefficient: largest coefficient of a spike, an integer >= 1: 1 for
                all-or-nothing spikes; None for no bound, and no surrogate then.
            initial_potential: potential before the first step.
            train_threshold, train_decay, train_synapse: whether to train these.
            per_channel: whether each channel, the last axis, trains values of its own.

        Raises:
            OptionError: for a value outside of these ranges.
        """
        require("LeakyIntegrateFire", threshold, max_coefficient)
        neuron = Leaky(
            threshold,
            initial_potential,
            max_coefficient,
            decay,
            synapse,
            refractory,
            reset,
            surrogate,
        )
        trained = {
            "threshold": train_threshold,
            "decay": train_decay,
            "synapse": train_synapse,
        }
        super().__init__(neuron, trained, per_channel, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        fields = (
            *("decay", "threshold", "synapse", "refractory", "reset"),
            *("max_coefficient", "initial_potential"),
        )
        trainable = ("threshold", "decay", "synapse")
        return {
            **super().get_config(),
            **{name: getattr(self._initial, name) for name in fields},
            **{f"train_{name}": name in self._trained for name in trainable},
        }
