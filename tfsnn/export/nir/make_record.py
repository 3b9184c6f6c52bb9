"""Making the record that tfsnn writes into a NIR file beside the graph."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from tfsnn.export.nir.builder import Builder
from tfsnn.export.nir.effects import Effect
from tfsnn.export.nir.losses import Loss
from tfsnn.export.nir.neurons import shares
from tfsnn.export.nir.record import RECORD, SCALES
from tfsnn.hardware.targets import targets
from tfsnn.network.graph import Graph
from tfsnn.network.neurons import Leaky
from tfsnn.network.nodes import Spiking
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


def takes_spikes(snn: SpikingModel) -> bool:
    """Return whether a network was converted for a chip whose inputs are spikes."""
    name = snn.report.target
    return name is not None and name in targets() and targets()[name].spiking_input


def made_record(
    snn: SpikingModel,
    written: Graph,
    builder: Builder,
    lost: Sequence[Loss],
    effects: Sequence[Effect],
) -> dict[str, Any]:
    """Return the metadata of a file: a JSON document, and the scales.

    Args:
        snn: the network.
        written: its graph as the file has it.
        builder: the nodes of the file, and their names.
        lost: what the file leaves out.
        effects: what that costs, measured.
    """
    rates = written.of_kind(Spiking)
    resets = {node.settings.get("reset", "subtract") for node in rates}
    start = written.clock.start(snn.timesteps)
    document = {
        "version": version("tfsnn"),
        "method": snn.report.method,
        "options": snn.report.options,
        "timesteps": snn.timesteps,
        "neurons": "v += I in each step; a spike at v >= v_threshold; v(0) = 0",
        **_leaks(rates, builder),
        "reset": resets.pop() if len(resets) == 1 else "subtract",
        "initial_potential": {
            node.name: _range(node.initial_potential)
            for node in snn.graph.of_kind(Spiking)
        },
        "inputs": [builder.names[name] for name in written.inputs],
        "input_scale": {
            builder.names[name]: _range(snn.graph[name].scale)  # type: ignore[attr-defined]
            for name in written.inputs
            if takes_spikes(snn) and snn.graph[name].spikes
        },
        "input": RATE_CODE if takes_spikes(snn) else SAMPLE,
        "readout": [
            {
                "node": builder.names[name],
                "first_step": start + 1,
                "last_step": snn.timesteps,
                "head": written[name].head,  # type: ignore[attr-defined]
                "options": written[name].options,  # type: ignore[attr-defined]
                "text": "the head of the mean output of these steps, in ANN units",
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
