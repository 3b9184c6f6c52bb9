"""Networks whose inputs come as spikes, and whose outputs are counts of spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tfsnn.conversion.calibration import Calibration
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.settings import SpikingEnds
from tfsnn.errors import CalibrationError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Affine, Readout
from tfsnn.network.passes.code_inputs import COUNTED, spiking_inputs
from tfsnn.network.passes.fold_affine import fold_affine
from tfsnn.network.passes.spiking_ends import (
    SHIFTS_CANCEL,
    analog_outputs,
    spiking_outputs,
)

SAMPLES = 256  # calibration samples, at most, that show what outputs come to
CLASSES = "classification"


def counted_alike(plan: Plan, graph: Graph) -> Plan:
    """Return a plan in which the spikes of an output's units all stand for the same.

    So the unit with the most spikes has the largest value.
    """
    changed = {}
    for node in graph.of_kind(Readout):
        read = graph[node.inputs[0]]
        while isinstance(read, Affine):
            read = graph[read.inputs[0]]
        if read.name.endswith(COUNTED) and read.name in plan:
            scale = np.asarray(plan[read.name].scale)
            alike = np.full_like(scale, scale.max())
            changed[read.name] = replace(plan[read.name], scale=alike)
    return Plan({**plan, **changed}, plan.clock, plan.notes)


def with_ends(graph: Graph, ends: SpikingEnds, known: Calibration) -> Graph:
    """Return the ANN's graph with the populations at its ends that are wanted.

    An output is shifted so that the values which matter are not negative: of classes
    the upper half of what the samples give, of others all.

    Raises:
        CalibrationError: for inputs below 0, which no spike can carry.
    """
    if ends.spiking_input:
        known.samples(SAMPLES)  # reads them, for the ranges
        for name, (low, _) in known.ranges.items():
            if low < 0:
                raise CalibrationError(
                    f"the input {name} goes down to {low:.3g} in the calibration data, "
                    "and spikes carry nothing negative: scale the data to 0 and more, "
                    "and fold what normalises it into the first layer"
                )
        graph = spiking_inputs(graph)
    analog = analog_outputs(graph) if ends.spiking_output else []
    if not analog:
        return graph
    values = graph.forward(known.samples(SAMPLES))
    tasks, shifts = known.tasks(), {}
    for node in analog:
        read = np.asarray(values[node.inputs[0]])
        classes = node.head in SHIFTS_CANCEL or CLASSES in tasks.values()
        shifts[node.name] = -float(np.median(read) if classes else read.min())
    return fold_affine(spiking_outputs(graph, shifts))
