"""The report of a conversion, put together from its statistics and its plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Spiking
from tfsnn.simulation.report import ConversionReport, PopulationReport, graph_fields


def report_conversion(
    graph: Graph,
    statistics: Mapping[str, Statistics],
    plan: Plan,
    method: str,
    options: Mapping[str, Any],
) -> ConversionReport:
    """Make the report of a conversion, whose spiking graph is `graph`."""
    return ConversionReport(
        method=method,
        options=dict(options),
        timesteps=options["timesteps"],
        samples=max((s.samples for s in statistics.values()), default=0),
        populations=tuple(
            _population(node, statistics[node.name], plan)
            for node in graph.of_kind(Spiking)
        ),
        notes=plan.notes,
        **graph_fields(graph),
    )


def _population(node: Spiking, statistics: Statistics, plan: Plan) -> PopulationReport:
    neurons = plan[node.name]
    scale, most = neurons.scale, neurons.max_coefficient
    clipped = 0.0
    if most is not None and not neurons.exact:  # those clip what the ANN clips as well
        limit = np.broadcast_to(np.asarray(most) * scale, scale.shape)
        limit = limit.reshape(-1, scale.shape[-1]).mean(0)
        # Whole bins only, for the many activations right at a bound are not clipped.
        edges = statistics.values - 0.5 * statistics.width[:, None]
        above = edges > limit[:, None]
        clipped = float((statistics.histogram * above).sum())
        clipped /= float(statistics.histogram.sum())
    return PopulationReport(
        node=node.name,
        neurons=int(np.prod(node.shape)),
        scale_min=float(scale.min()),
        scale_median=float(np.median(scale)),
        scale_max=float(scale.max()),
        initial_potential=float(np.mean(neurons.initial_potential)),
        negative_threshold=neurons.negative_threshold,
        max_coefficient=None if most is None else float(np.max(most)),
        clipped=0.0 if statistics.silent else clipped,
        dead=1.0 if statistics.silent else float(statistics.dead.mean()),
    )
