"""Budgets: what a spiking network may cost, as a term of the loss while it learns.

The cost of a batch is the sum over all neurons of the absolute mean value sent, times
what a spike costs there: 1 for spikes, the synapses behind the neuron for operations.
With the cost c0 before the training and the share s to be reached the term is ::

    weight * max(c / (s * c0) - 1, 0)

A mean over time counts spikes of both signs against each other, so networks with
negative spikes cost a little more than is counted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError, OptionError
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import MEANS


class SpikeBudget:
    """A penalty on spikes beyond a share of those that a network sends now.

    ::

        net = tfsnn.training.tunable(snn)
        net.penalties.append(tfsnn.training.SpikeBudget(net, x[:64], target=0.8))

    Attributes:
        target: the share of the cost to be reached.
        weight: of the penalty beside the loss.
        cost: the cost now, for a sample and a step.
    """

    def __init__(
        self, network: SpikingModel, samples: Any, target: float, weight: float = 1.0
    ) -> None:
        """Measure what a network costs now.

        Args:
            network: the network, before it is trained.
            samples: x of a batch to measure on.
            target: the share of its cost that it may have, above 0.
            weight: of the penalty.

        Raises:
            OptionError: for an impossible target or weight.
            ModelError: for a network that sends no spikes.
        """
        if not target > 0:
            raise OptionError(f"target={target}: give a share above 0, such as 0.8")
        if not weight >= 0:
            raise OptionError(f"weight={weight}: give 0 or more")
        self.target, self.weight = float(target), float(weight)
        self._prices = self._priced(network)
        observed = network.run(samples, observe=(MEANS,)).observed
        means = {k.removeprefix(f"{MEANS}/"): v[0] for k, v in observed.items()}
        self.cost = float(self._cost(means))
        if self.cost == 0:
            raise ModelError(
                f"{network.name} sends no spikes for these samples, so there is no "
                "budget to hold: give other samples, or leave the budget out"
            )

    def _priced(self, network: SpikingModel) -> Mapping[str, Any]:
        """Return what a spike of each population costs, for each unit or for all."""
        return dict.fromkeys(network.populations, np.float32(1))

    def _cost(self, means: Mapping[str, Any]) -> Any:
        costs = [
            tf.reduce_sum(tf.abs(means[name]) * price) / _rows(means[name])
            for name, price in self._prices.items()
        ]
        return tf.add_n(costs) if costs else tf.constant(0.0)

    def __call__(self, means: Mapping[str, Any]) -> Any:
        """Return the penalty for mean values sent, ``(B, *units)`` by population."""
        share = self._cost(means) / (self.target * self.cost)
        return self.weight * tf.nn.relu(share - 1.0)


class OperationBudget(SpikeBudget):
    """A penalty on operations beyond a share of those that spikes cause now.

    As :class:`SpikeBudget`, with each neuron's spikes times its synapses.
    """

    def _priced(self, network: SpikingModel) -> Mapping[str, Any]:
        fan_outs = network.operations_per_sample().fan_outs
        return {
            name: np.asarray(fan_outs[name], np.float32).reshape(shape)
            for name, shape in network.populations.items()
            if name in fan_outs
        }


def _rows(values: Any) -> Any:
    return tf.cast(tf.shape(values)[0], tf.float32)
