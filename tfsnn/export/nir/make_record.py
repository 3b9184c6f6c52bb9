"""Making the record that tfsnn writes into a NIR file beside the graph."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from tfsnn.export.nir.builder import Builder
from tfsnn.export.nir.effects import Effect
from tfsnn.export.nir.importers import Counted
from tfsnn.export.nir.losses import Loss
from tfsnn.export.nir.neurons import shares
from tfsnn.export.nir.record import RECORD, SCALES
from tfsnn.network.graph import Graph
from tfsnn.network.neurons import Leaky
from tfsnn.network.nodes import Rounded, Source, Spiking
from tfsnn.simulation.model import SpikingModel

EULER = (
    "in each step i += dt / tau_syn (w_in I - i) (CubaLIF; for LIF i = I), then v += "
    "dt / tau (v_leak - v + r i); shares: 1 - dt / tau as they are, not rounded"
)
SAMPLE = "the sample, as the ANN takes it, in each step"
RATE_CODE = (
    "binary spikes: a rate code of the sample, by an integrate-and-fire neuron for "
    "each value, which starts at 0; `input_scale` is the value of one spike in each "
    "step"
)
INTEGERS = (
    "the sample over `input_scale`, rounded to an integer, in each step; `input_scale` "
    "is the value of the integer 1"
)
MEAN = "the head of the mean output of these steps, in ANN units"
COUNTS = (
    "the head of scale times the mean of the spikes in these steps, plus offset; the "
    "output with the most spikes is the largest, where all have the same scale"
)
AT, ABOVE = (
    f"v += I in each step; a spike at v {sign} v_threshold; v(0) = 0"
    for sign in (">=", ">")
)


class Ends(NamedTuple):
    """What a file is to the chip that it is for.

    Attributes:
        fires_above: whether neurons are to fire above the thresholds of the file.
        counted: what the spikes of an output stand for, by readout.
    """

    fires_above: bool
    counted: dict[str, Counted]


def made_record(
    snn: SpikingModel,
    written: Graph,
    builder: Builder,
    ends: Ends,
    lost: Sequence[Loss],
    effects: Sequence[Effect],
) -> dict[str, Any]:
    """Return the metadata of a file: a JSON document, and the scales.

    Args:
        snn: the network.
        written: its graph as the file has it.
        builder: the nodes of the file, and their names.
        ends: what neurons and outputs of the file are to the chip that it is for.
        lost: what the file leaves out.
        effects: what that costs, measured.
    """
    rates = written.of_kind(Spiking)
    resets = {node.settings.get("reset", "subtract") for node in rates}
    start = written.clock.start(snn.timesteps)
    first = [snn.graph[name] for name in written.inputs]
    sent = [
        (node.name, node, isinstance(node, Rounded))
        for node in first
        if not isinstance(node, Source)
    ]
    document = {
        "version": version("tfsnn"),
        "method": snn.report.method,
        "options": snn.report.options,
        "timesteps": snn.timesteps,
        "neurons": ABOVE if ends.fires_above else AT,
        "fires_above": ends.fires_above,
        **_leaks(rates, builder),
        "reset": resets.pop() if len(resets) == 1 else "subtract",
        "initial_potential": {
            node.name: _range(node.initial_potential)
            for node in snn.graph.of_kind(Spiking)
        },
        "inputs": [builder.names[name] for name in written.inputs],
        "input_scale": {
            builder.names[name]: _range(sends.step if is_whole else sends.scale)  # type: ignore[attr-defined]
            for name, sends, is_whole in sent
        },
        "input": (INTEGERS if sent[0][2] else RATE_CODE) if sent else SAMPLE,
        "readout": [
            {
                "node": builder.names[name],
                "first_step": start + 1,
                "last_step": snn.timesteps,
                "head": written[name].head,  # type: ignore[attr-defined]
                "options": written[name].options,  # type: ignore[attr-defined]
                **_counts(ends.counted.get(name)),
            }
            for name in written.outputs
        ],
        "losses": [loss.to_dict() for loss in lost],
        "effects": [effect.to_dict() for effect in effects],
        "names": {there: here for here, there in builder.names.items()},
    }
    scales = {
        builder.names[node.name]: np.asarray(node.scale, np.float32)
        for node in rates
        if node.scale is not None
    }
    record: dict[str, Any] = {RECORD: json.dumps(document, indent=1, default=_plain)}
    return record | ({SCALES: scales} if scales else {})


def _counts(counted: Counted | None) -> dict[str, Any]:
    """Return what the record says of how an output is read."""
    if counted is None:
        return {"text": MEAN}
    return {"text": COUNTS, "scale": counted.scale, "offset": counted.offset}


def _leaks(rates: Sequence[Spiking], builder: Builder) -> dict[str, Any]:
    """Return what the record says of leaky neurons, if there are any."""
    kept = {
        builder.names[node.name]: shares(node)
        for node in rates
        if node.neuron == Leaky.kind
    }
    if not kept:
        return {}
    return {"leaky_neurons": EULER, "dt": builder.dt, "shares": kept}


def _range(values: Any) -> list[float]:
    """Return the smallest and the largest value."""
    values = np.asarray(values)
    return [float(values.min()), float(values.max())]


def _plain(value: Any) -> Any:
    """Turn NumPy's numbers and arrays into JSON's."""
    return np.asarray(value).tolist()
