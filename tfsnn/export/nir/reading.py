"""Reading a NIR file as a spiking network.

The file becomes a :class:`tfsnn.SpikingModel`, not a Keras model of
:class:`tfsnn.layers.IntegrateFire`: so it is evaluated, exported and saved as a
converted network is, its spikes are counted, and it runs in the same loop.

NIR holds neither T nor what an input is over time. The network runs on a constant
current, for the T that is given or that tfsnn wrote into the file's record
(:mod:`tfsnn.export.nir.writing`). The record also has names, scales, heads of outputs,
and that neurons reset by subtraction.
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tfsnn.errors import ModelError, OptionError, UnsupportedError
from tfsnn.export.nir.read_nodes import read
from tfsnn.export.nir.reader import Head, Reader, ReadSignal, UnreadableError
from tfsnn.export.nir.record import read_record
from tfsnn.export.nir.signals import DT, check_step
from tfsnn.extras import require
from tfsnn.network.checking import check_graph
from tfsnn.network.graph import Graph, LayerRecord
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.report import ConversionReport, graph_fields, populations_of
from tfsnn.sources.keras_model.contents import count_values
from tfsnn_numpy.defaults import RESETS
from tfsnn_numpy.files import open_regular

FAILED = "node(s) of NIR cannot be read"


def import_nir(
    path: str | os.PathLike[str],
    *,
    timesteps: int | None = None,
    reset: str | None = None,
    dt: float | None = None,
) -> SpikingModel:
    """Read a feed-forward NIR graph as a spiking network.

    Args:
        path: path of the file.
        timesteps: number of steps T; if None, that of the record.
        reset: reset of the neurons: "zero" as NIR defines it (a spike at v >
            v_threshold, a reset to `v_reset`), or "subtract" as sinabs does it (a spike
            at v >= v_threshold). If None, that of the record, or "zero" without one.
        dt: length of a step in seconds, for leaky neurons; if None, that of the record,
            or 1e-4 without one.

    Raises:
        ModelError: if the file does not exist or holds no NIR graph.
        UnsupportedError: if nodes cannot be read, such as integrators without
            spikes, and cycles; it names them all.
        OptionError: if there is no number of steps, the reset is unknown, or dt is not
            above 0.
        MissingPackageError: if the package `nir` (extra `nir`) is not installed.
    """
    if reset not in (None, *RESETS):
        raise OptionError(f"reset={reset!r}; expected one of {', '.join(RESETS)}")
    content = _opened(Path(path))
    try:
        record, scales = read_record(content.metadata)
    except ValueError as error:
        raise ModelError(f"{path}: is damaged: {error}; export it again") from error
    timesteps = record.get("timesteps") if timesteps is None else timesteps
    if timesteps is None:
        raise OptionError(
            f"{path}: was not written by tfsnn and says no number of steps; give one: "
            "--timesteps T (timesteps=T)"
        )
    known = reset is None and bool(record)
    reader = Reader(
        reset=reset or record.get("reset", "zero"),
        strict=record.get("fires_above", not record and reset != "subtract"),
        scales=scales,
        heads={
            r["node"]: Head(
                r["head"], r["options"], r.get("scale"), r.get("offset", [])
            )
            for r in record.get("readout", [])
        },
        names=record.get("names", {}),
        dt=check_step(record.get("dt", DT) if dt is None else dt),
        shares=record.get("shares", {}) if dt is None else {},
    )
    nodes, edges = _flat(content)
    lost = {name for edge in edges for name in edge} - nodes.keys()
    if lost:
        raise ModelError(f"{path}: has edges of {min(lost)!r}, a node that is missing")
    order = [*record.get("inputs", ()), *reader.heads]  # inputs and outputs
    first = {name: nodes[name] for name in order if name in nodes}
    graph = _graph(first | nodes, edges, reader)
    check_graph(graph)
    options = {"file": Path(path).name, "reset": reader.reset}
    if known:
        options["converted_by"] = record["method"]
    report = _report(graph, options, timesteps)
    several = len(graph.outputs) > 1
    return SpikingModel(graph, timesteps, report, several, name=_name(path))


def _opened(path: Path) -> Any:
    nir = require("nir", "nir", "The NIR format")
    known = inspect.signature(nir.read).parameters
    # The type check of nir 1.0.8 takes all windows for square, and refuses groups.
    unchecked = {"type_check": False} if "type_check" in known else {}
    try:
        with open_regular(path) as file, h5py.File(file, "r") as stored:
            count_values(stored)
        content = nir.read(path, **unchecked)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: there is no such file; check the path") from error
    except Exception as error:  # h5py and the NIR classes have no common error
        raise ModelError(
            f"{path}: is not a NIR file that can be read ({error}); expected one that "
            "nir.write made"
        ) from error
    if type(content).__name__ != "NIRGraph":
        raise ModelError(
            f"{path}: holds a {type(content).__name__}, not a NIRGraph; write the "
            "whole graph with nir.write"
        )
    return content


def _flat(content: Any, prefix: str = "") -> tuple[dict[str, Any], set[tuple]]:
    """Return nodes and edges of a graph, with the graphs in it taken apart.

    An edge to an inner graph goes to its inputs, which pass on what they get.
    """
    nodes: dict[str, Any] = {}
    edges: set[tuple[str, str]] = set()
    ends: dict[str, tuple[list[str], list[str]]] = {}
    for name, node in content.nodes.items():
        if type(node).__name__ != "NIRGraph":
            nodes[prefix + name] = node
            continue
        inner, between = _flat(node, f"{prefix}{name}.")
        kinds = {key: type(value).__name__ for key, value in inner.items()}
        first = [key for key, kind in kinds.items() if kind == "Input"]
        last = [key for key, kind in kinds.items() if kind == "Output"]
        nodes |= inner
        edges |= between
        ends[name] = first, last
    for before, after in content.edges:
        sends = ends[before][1] if before in ends else [prefix + before]
        reads = ends[after][0] if after in ends else [prefix + after]
        edges |= {(a, b) for a in sends for b in reads}
    return nodes, edges


def _graph(nodes: dict[str, Any], edges: set[tuple[str, str]], reader: Reader) -> Graph:
    """Translate all nodes to a graph; every problem is found before one is reported."""
    before: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in sorted(edges):
        before[target].append(source)
    inside = {name for name, reads in before.items() if reads}
    outside = {source for source, _ in edges}
    signals: dict[str, ReadSignal | None] = {}
    problems: list[tuple[str, str, str]] = []
    for name in _ordered(nodes, before):
        content = nodes[name]
        kind = type(content).__name__
        reads = [signals[source] for source in before[name]]
        passes = (kind == "Input" and name in inside) or (
            kind == "Output" and name in outside
        )
        signals[name] = None
        if None in reads:
            continue  # it reads a node that was reported already
        found = [signal for signal in reads if signal is not None]
        try:
            if passes and len(found) == 1:  # input or output of an inner graph
                signals[name] = found[0]
            else:
                signals[name] = read(reader, name, content, found)
        except UnreadableError as error:
            problems.append((name, kind, str(error)))
    if problems:
        raise UnsupportedError(problems, FAILED)
    outputs = [
        signal.name
        for name, signal in ((name, signals[name]) for name in nodes)
        if signal and type(nodes[name]).__name__ == "Output" and name not in outside
    ]
    if not outputs:
        raise ModelError("the NIR graph has no Output that its Input reaches; add one")
    layers = tuple(
        LayerRecord(name, type(node).__name__, _parameters(node))
        for name, node in nodes.items()
    )
    return Graph(tuple(reader.nodes), tuple(outputs), layers)


def _ordered(nodes: dict[str, Any], before: dict[str, list[str]]) -> list[str]:
    """Sort the names, each behind all that its node reads."""
    ordered: dict[str, None] = {}
    waiting = list(nodes)
    while waiting:
        ready = [n for n in waiting if all(source in ordered for source in before[n])]
        if not ready:
            circle = [(n, type(nodes[n]).__name__, _CYCLE) for n in waiting]
            raise UnsupportedError(circle, FAILED)
        ordered |= dict.fromkeys(ready)
        waiting = [name for name in waiting if name not in ordered]
    return list(ordered)


_CYCLE = "is on a cycle, or behind one: only feed-forward graphs can be read"


def _parameters(node: Any) -> int:
    values = [getattr(node, key, None) for key in ("weight", "bias", "scale")]
    return sum(int(np.size(value)) for value in values if value is not None)


def _report(graph: Graph, options: dict[str, Any], timesteps: int) -> ConversionReport:
    return ConversionReport(
        method="import_nir",
        options=options,
        timesteps=timesteps,
        samples=0,
        populations=populations_of(graph),
        **graph_fields(graph),
    )


def _name(path: str | os.PathLike[str]) -> str:
    return "".join(c if c.isalnum() else "_" for c in Path(path).stem) or "nir"
