"""What weights receive in each step, layer by layer: for measures of operations."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tfsnn.network.nodes import Linear
from tfsnn.simulation.feed import checked_feed
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import POTENTIALS, SPIKES, Run


class Received(NamedTuple):
    """What happens in a batch, in S steps, pre-steps first; NumPy arrays by node.

    Attributes:
        inputs: what weights receive, ``(S, B, *shape)``; ``(1, B, *shape)`` where that
            does not change, so that they compute once.
        spikes: coefficients of spikes, ``(S, B, *shape)`` by population.
        potentials: potentials after firing, ``(S, B, *shape)`` by population.
    """

    inputs: dict[str, np.ndarray]
    spikes: dict[str, np.ndarray]
    potentials: dict[str, np.ndarray]


def received(snn: SpikingModel, x: Any, timesteps: int) -> Received:
    """Run a batch of samples, all steps of a layer at a time, and keep what is asked.

    Args:
        snn: the network.
        x: samples ``(B, *input shape)``; of several inputs a list or a dict.
        timesteps: T.
    """
    feed = checked_feed(snn.graph, x)
    run = Run.on(snn.graph.prepared(), feed, timesteps, frozenset([SPIKES, POTENTIALS]))
    state = run.initial_state()
    seen: dict[str, Any] = {}
    steps, batch = run.steps_in_all, len(next(iter(feed.values())))
    signals = run.signals(steps)
    for node in run.graph:
        if node.name not in run.constants:
            seen |= run.advance_node(node, signals, state, steps)
    inputs = {}
    for node in run.graph.of_kind(Linear):
        (name,) = node.inputs
        if name in run.constants:
            inputs[node.name] = np.asarray(run.constants[name])[None]
        else:
            sent = np.asarray(signals[name].tensor)
            inputs[node.name] = sent.reshape(steps, batch, *sent.shape[1:])
    kinds: dict[str, dict[str, np.ndarray]] = {SPIKES: {}, POTENTIALS: {}}
    for key, observed in seen.items():
        kind, _, name = key.partition("/")
        kinds[kind][name] = np.asarray(observed)
    return Received(inputs, kinds[SPIKES], kinds[POTENTIALS])
