"""QCFS: thresholds that were trained with the network.

T. Bu, W. Fang, J. Ding, P. Dai, Z. Yu, T. Huang, "Optimal ANN-SNN Conversion for
High-accuracy and Ultra-low-latency Spiking Neural Networks", ICLR 2022, arXiv
2303.04347. The network is trained with :class:`tfsnn.layers.QCFS` of L levels::

    a = lambda * clip(floor(z L / lambda + 1/2) / L, 0, 1)

and its neurons have theta = lambda and V(0) = theta / 2::

    s(t) = 1 if V >= theta;  V <- V - theta * s(t)
    mean theta * s = lambda * clip(floor(z T / lambda + 1/2) / T, 0, 1)

for a constant current z: at T = L what the network was trained with, and at any other T
the same in expectation. Nothing of that needs data.

Departs from the paper in taking any network. The bounds of ReLU6, ``ReLU(max_value)``
and the like are thresholds as well; neurons without a bound get theirs from statistics
(`scale`), and the report names them, or are refused (`unbounded`). Max pooling stays,
where the paper has average pooling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import Corrected, InitialPotential
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes
from tfsnn.conversion.plan import NeuronPlan, Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.errors import ModelError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate

ADVICE = "train with tfsnn.layers.QCFS, or with ReLU(max_value)"


@method("qcfs")
@dataclass(frozen=True)
class QCFS(InitialPotential, Corrected):
    """Binary spikes; the thresholds are the bounds of the trained activations."""

    alphabet = Spikes()

    timesteps: int = option(8, "time steps that it is simulated for", low=1)
    unbounded: str = option(
        "scale",
        "neurons without a bound: thresholds by the rule, or refuse",
        ("scale", "refuse"),
    )

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan thresholds at the bounds of activations, and by the rule where none is.

        Raises:
            ModelError: naming the neurons without a bound, for unbounded=refuse.
        """
        plans: dict[str, NeuronPlan] = {}
        found = [node for node in graph.of_kind(Rate) if node.max_value is None]
        names = ", ".join(node.name for node in found)
        if found and self.unbounded == "refuse":
            raise ModelError(
                f"{names} has no upper bound that could be its threshold: {ADVICE}, or "
                "give the option unbounded=scale"
            )
        notes: tuple[str, ...] = ()
        if found:
            plans |= super().plan(graph, statistics)
            notes = (
                f"{names}: no upper bound was trained, so thresholds are by "
                f"scale={self.scale}; {ADVICE} for fewer steps",
            )
        for node in graph.of_kind(Rate):
            if node.max_value is not None:
                bound = np.asarray(node.max_value, np.float64)
                scale = np.broadcast_to(bound, node.shape[-1:])
                plans[node.name] = NeuronPlan(scale, self.initial_potential)
        return Plan(plans, notes=notes)
