"""Writing a spiking network as a NIR file, for neuromorphic tools.

The file holds the network in normal form: thresholds 1, spikes 1, all scales in the
weights, so outputs are in the ANN's own units. What NIR cannot express is refused, all
of it at once, or left out and listed (:mod:`tfsnn.export.nir.losses`).

NIR describes neurons in continuous time and leaves to each tool how a step is taken.
The network computes the same in a tool where ``v += I`` in each step, or what
:mod:`tfsnn.export.nir.neurons` has for neurons that leak, a spike is sent
at ``v >= v_threshold``, and ``v_threshold`` is then subtracted. The file has a record
of that, which no tool has to read::

    metadata/tfsnn     JSON: method, T, initial potential, reset, readout, losses, names
    metadata/scales    for each IF node, the ANN's activation that one spike stands for
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.data import Progress, open_for
from tfsnn.errors import OptionError, UnsupportedError
from tfsnn.export.nir import effects as nir_effects
from tfsnn.export.nir.builder import Builder
from tfsnn.export.nir.effects import Effect
from tfsnn.export.nir.graph import translate
from tfsnn.export.nir.importers import (
    as_it_arrives,
    as_it_leaves,
    as_there,
    importer_of,
    is_sample,
    with_its_thresholds,
)
from tfsnn.export.nir.losses import Loss, in_other_words, losses
from tfsnn.export.nir.make_record import Ends, made_record
from tfsnn.export.nir.signals import DT, check_step
from tfsnn.export.recurrent import refuse_recurrent
from tfsnn.extras import require
from tfsnn.files import check_output, replacing
from tfsnn.network.graph import Graph
from tfsnn.simulation.engines import as_engine
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.defaults import POOLINGS
from tfsnn_numpy.tasks import Wanted


@dataclass(frozen=True)
class NirExport:
    """The NIR file that was written, with its losses and their effects.

    Attributes:
        path: path of the file.
        timesteps: number of steps T, after which outputs are read.
        nodes: number of NIR nodes of each kind.
        losses: what the file leaves out of the network.
        effects: effects of the losses, measured if data was given.
    """

    path: str
    timesteps: int
    nodes: dict[str, int]
    losses: tuple[Loss, ...]
    effects: tuple[Effect, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the export as a JSON-ready dict."""
        return {
            "path": self.path,
            "timesteps": self.timesteps,
            "nodes": self.nodes,
            "losses": [loss.to_dict() for loss in self.losses],
            "effects": [effect.to_dict() for effect in self.effects],
        }

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {kind}" for kind, count in self.nodes.items())
        lines = [f"{self.path}: {counts}; T={self.timesteps}"]
        if not self.losses:
            lines.append("nothing is lost where a tool resets by subtraction")
        for loss in self.losses:
            lines.append(
                f"lost: {loss.what} of {_some(loss.nodes)}; the file has "
                f"{loss.instead}; {loss.way_out}"
            )
        if self.effects:
            lines += nir_effects.effects_text(self.effects)
        elif self.losses:
            lines.append("--data DATA measures what that costs")
        return "\n".join(lines)


def export_nir(
    snn: SpikingModel,
    path: str | os.PathLike[str],
    *,
    target: str | None = None,
    lossy: bool = False,
    data: Any = None,
    limit: int | None = None,
    task: Wanted = None,
    pooling: str = POOLINGS[0],
    dt: float = DT,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> NirExport:
    """Write a spiking network as a NIR file.

    Args:
        snn: network from :func:`tfsnn.convert`.
        path: path of the file, with the suffix ``.nir``.
        target: the chip that the network has to have been converted for; its importer
            gets what it wants in any case.
        lossy: whether to leave out what NIR cannot express of neurons and poolings.
        data: data to measure effects on, anything that :func:`tfsnn.open_data` takes.
        limit: samples used at most.
        task: what the outputs answer, as for :func:`tfsnn.evaluate`.
        pooling: how averages are written: "sum" (SumPool2d, its 1/k in the next
            weights), "average" (AvgPool2d) or "convolution".
        dt: the length of a step in seconds, for the time constants of leaky neurons
            (:mod:`tfsnn.export.nir.neurons`); tools have to step as long.
        overwrite: whether to replace a file that exists.
        progress: function that wraps the batches of the measurement, for a progress
            bar.

    Raises:
        UnsupportedError: if NIR cannot express some nodes; it names them all.
        MissingPackageError: if the package `nir` (extra `nir`) is not installed.
        OptionError: if `pooling` is unknown, or a task or its output; and for a
            recurrent network; for an unknown target, and a network that was converted
            for another.
        OutputError: if the file cannot be written.
        DataError: if the data does not fit the network.
    """
    if pooling not in POOLINGS:
        known = ", ".join(POOLINGS)
        raise OptionError(f"pooling={pooling!r}; expected one of {known}")
    refuse_recurrent(snn, "NIR, as tfsnn writes it,")
    check_step(dt)
    require("nir", "nir", "The NIR format")
    importer = importer_of(snn, target)
    output = check_output(path, overwrite)
    graph = as_there(as_it_arrives(snn.graph, importer), importer)
    graph, counted = as_it_leaves(graph, importer)
    if data is not None and (counted or not is_sample(snn.graph, graph)):
        raise OptionError(
            f"{snn.name} is written for what a chip gets and sends: inputs are spikes "
            "or integers, or outputs spikes, so effects cannot be measured on samples: "
            "leave out data"
        )
    plain = in_other_words(nir_effects.as_arrays(graph))
    lost = losses(plain, snn.timesteps)
    written = plain
    for loss in lost:
        written = loss.change(written)
    translation = translate(with_its_thresholds(written, importer), pooling, dt)
    _refuse(plain, translation.problems, [] if lossy else lost)
    effects: list[Effect] = []
    if data is not None:
        opened = open_for(as_engine(snn), data, limit=limit)
        effects = nir_effects.measure(
            snn, written, lost, opened, task=task, progress=progress
        )
    builder = translation.builder
    above = importer is not None and importer.fires_above
    ends = Ends(above, counted)
    record = made_record(snn, written, builder, ends, lost, effects)
    with replacing(output, overwrite=overwrite) as part:
        _write(part, builder, record)
    return NirExport(
        str(output), snn.timesteps, _counts(builder), tuple(lost), tuple(effects)
    )


def _refuse(
    graph: Graph, problems: Sequence[tuple[str, str, str]], lost: Sequence[Loss]
) -> None:
    """Raise an error if NIR cannot express some nodes, each with every reason."""
    found = list(problems)
    for loss in lost:
        for name in loss.nodes:
            found.append(
                (
                    name,
                    type(graph[name]).__name__,
                    f"has {loss.what}: {loss.way_out}; --lossy (lossy=True) writes "
                    f"{loss.instead}",
                )
            )
    if found:
        order = {node.name: number for number, node in enumerate(graph)}
        found.sort(key=lambda problem: order.get(problem[0], len(order)))
        raise UnsupportedError(found, "node(s) cannot be expressed in NIR")


def _write(path: Path, builder: Builder, metadata: dict[str, Any]) -> None:
    """Write the graph, without reset potentials of zero, which are NIR's default.

    Readers of `nir` before 1.0.6, which sinabs needs, refuse a `v_reset`.
    """
    import h5py

    nir = builder.nir
    graph = nir.NIRGraph(
        nodes=builder.nodes, edges=builder.edges, metadata=dict(metadata)
    )
    # In memory: on a full disk, h5py fails in ways of its own, and after the fact.
    written = io.BytesIO()
    nir.write(written, graph)
    with h5py.File(written, "r+") as file:
        for node in file["node/nodes"].values():
            if "v_reset" in node and not np.any(node["v_reset"][()]):
                del node["v_reset"]
    path.write_bytes(written.getbuffer())


def _counts(builder: Builder) -> dict[str, int]:
    kinds = [type(node).__name__ for node in builder.nodes.values()]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _some(names: Sequence[str]) -> str:
    """List names, only the first ones if there are many."""
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown
