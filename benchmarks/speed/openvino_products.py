"""The bare products of a simulation in OpenVINO: no neurons, no sums, no pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.nodes import Linear
from tfsnn.network.roles import constant_nodes
from tfsnn.network.signals import Signal
from tfsnn.simulation.engines.openvino.kinds import lowerings
from tfsnn.simulation.engines.openvino.lowering import openvino
from tfsnn.simulation.engines.openvino.program import ONE, SETTINGS, lowered_function
from tfsnn.simulation.engines.openvino.simulation import SAMPLES

KINDS = ("Convolution", "FullyConnected", "MatMul")


class BareProducts:
    """All products of a simulation on one batch of given spikes.

    They are those of the dense layers and convolutions, over all steps of as many
    samples as a program of the simulation takes; those of a constant input once. Spikes
    are 0 or 1, in 8 bits in a network of integers. Time is that of the products alone,
    as OpenVINO counts it, for spikes that are given lie in memory otherwise than those
    that neurons send.
    """

    def __init__(self, snn: Any, batch: int) -> None:
        """Compile them for all steps together, and for one after the other."""
        self.graph = snn.graph.map_arrays(lambda node, name, values: values.numpy())
        self.parts, rows = -(-batch // SAMPLES), min(batch, SAMPLES)
        constant = constant_nodes(self.graph)
        nodes = list(self.graph.of_kind(Linear))
        self.once = self._compiled([n for n in nodes if n.name in constant], rows)
        others = [n for n in nodes if n.name not in constant]
        self.over_time = [
            (snn.timesteps // steps, self._compiled(others, rows * steps))
            for steps in (snn.timesteps, 1)
        ]

    def milliseconds(self) -> float:
        """Run them, and return the time of the faster way for the batch."""
        ways = [times * _timed(*program) for times, program in self.over_time]
        return self.parts * (_timed(*self.once) + min(ways))

    def _compiled(self, nodes: Sequence[Linear], rows: int) -> tuple[Any, Any]:
        """Return a request for the products of some nodes, and its arguments."""
        names, rng = {node.name for node in nodes}, np.random.default_rng(0)
        shapes = [(rows, *self.graph[node.inputs[0]].shape) for node in nodes]
        leaves = [rng.integers(0, 2, shape).astype(np.float32) for shape in shapes]
        lowered = lowerings(self.graph)[Linear]

        def function(given: Sequence[Any]) -> list[Any]:
            graph = self.graph.map_arrays(lambda node, name, x: tf.constant(x))
            held = [node for node in graph.of_kind(Linear) if node.name in names]
            products = [
                lowered(node, [Signal(x, 1)], None, graph.clock).value
                for node, x in zip(held, given, strict=True)
            ]  # one value of each is used
            return [tf.reshape(y[:1], [-1])[:1] for y in products]

        made = lowered_function(function, leaves, leaves).model
        settings = {**SETTINGS, "PERF_COUNT": True}
        compiled = openvino().Core().compile_model(made.model, "CPU", settings)
        feed = dict(zip(made.inputs, [ONE, *leaves], strict=True))
        return compiled.create_infer_request(), feed


def _timed(request: Any, feed: Any) -> float:
    """Run, and return the milliseconds of products."""
    request.infer(feed, share_inputs=True)
    times = (
        node.real_time.total_seconds()
        for node in request.get_profiling_info()
        if node.node_type in KINDS
    )
    return 1e3 * sum(times)
