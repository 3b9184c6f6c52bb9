"""The content of the page's template: texts, tables and figures."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfsnn.analysis.comparison import ComparedRow
from tfsnn.analysis.diagnose.parts import CAUSES
from tfsnn.analysis.page import figures, formats
from tfsnn.analysis.page.findings import Findings
from tfsnn.analysis.page.inline import picture
from tfsnn.analysis.page.measure import SHOWN
from tfsnn.analysis.page.methods import frontier_of, measured_rows
from tfsnn.conversion.methods import methods
from tfsnn_numpy.sums import SPIKES, SYNOPS

PACKAGES = ("tfsnn", "tensorflow", "keras", "numpy", "matplotlib")


class Table(NamedTuple):
    """A table of texts; the first cell of each row is its head."""

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def content(found: Findings) -> dict[str, Any]:
    """Return everything on the page, by its name in the template."""
    method: Any = methods().get(found.report.method)
    paper = sys.modules[method.__module__].__doc__ if method else ""
    return {
        "found": found,
        "key_figures": _key_figures(found),
        "summary": ((method and method.__doc__) or "").strip().split("\n")[0],
        "paper": (paper or "").strip(),
        "options": _options(found),
        "roles": [
            (role, formats.share(part)) for role, part in found.report.shares.items()
        ],
        "keras_layers": _keras_layers(found),
        "over_time": figures.over_time(found),
        "steps": _steps(found),
        "of_layers": figures.of_layers(found),
        "layers": _layers(found),
        "parts": _parts(found),
        "scatters": figures.scatters(found),
        "compared": max((len(d.decoded) for d in found.decoded.values()), default=0),
        "recordings": [
            (_sample(found, shown.sample), figures.of_sample(found, shown))
            for shown in found.shown
        ],
        "disagreements": [
            _disagreement(found, i) for i in found.measured.disagreements[:SHOWN]
        ],
        "of_methods": figures.of_methods(found),
        "compared_methods": _methods(found),
        "versions": _versions(),
        "formats": formats,
    }


def _key_figures(found: Findings) -> list[tuple[str, str, str]]:
    """Return the name, value and remark of each key figure."""
    measured, last = found.measured, len(found.measured.steps) - 1
    ratio = "–"
    if found.ann_energy:
        ratio = f"{found.snn_energy(last).value / found.ann_energy:.3f}"
    agreement, accuracy = measured.agreement(last), measured.accuracy(last)
    ann = measured.ann_accuracy
    interval = formats.share_interval
    keys = [
        ("Agreement", formats.share(agreement.value), interval(agreement)),
        ("Energy, SNN / ANN", ratio, found.energy.name),
        ("Spikes per sample", formats.count(measured.count(last, SPIKES).value), ""),
        (
            "Latency",
            f"{found.latency(found.timesteps)} steps",
            f"T = {found.timesteps}",
        ),
    ]
    if accuracy is not None and ann is not None:
        keys = [
            ("SNN accuracy", formats.share(accuracy.value), interval(accuracy)),
            ("ANN accuracy", formats.share(ann.value), interval(ann)),
            *keys,
        ]
    return keys


def _options(found: Findings) -> list[tuple[str, str]]:
    report = found.report
    options = {"timesteps": report.timesteps, **report.options}
    return [(name, "none" if v is None else str(v)) for name, v in options.items()]


def _keras_layers(found: Findings) -> Table:
    nodes: dict[str, list[str]] = {}
    for node in found.report.nodes:
        nodes.setdefault(node.layer, []).append(f"{node.kind} ({node.role})")
    rows = [
        (
            record.layer,
            record.layer_class,
            f"{record.parameters:,}",
            record.fate or ", ".join(dict.fromkeys(nodes.get(record.layer, ["–"]))),
        )
        for record in found.report.layers
    ]
    return Table(("layer", "class", "parameters", "becomes"), rows)


def _steps(found: Findings) -> Table:
    measured = found.measured
    rows = []
    for i, steps in enumerate(measured.steps):
        accuracy, agreement = measured.accuracy(i), measured.agreement(i)
        spikes, synops = measured.count(i, SPIKES), measured.count(i, SYNOPS)
        energy, events = found.snn_energy(i), found.snn_energy(i, True)
        rows.append(
            (
                str(steps),
                str(found.latency(steps)),
                formats.share(accuracy and accuracy.value),
                formats.share_interval(accuracy),
                formats.share(agreement.value),
                formats.share_interval(agreement),
                f"{formats.count(spikes.value)} {formats.half_width(spikes)}",
                formats.count(synops.value),
                f"{formats.energy(energy.value)} {formats.half_width(energy)}",
                formats.energy(events.value),
            )
        )
    header = ("T", "latency", "accuracy", "95 %", "agreement", "95 %", "spikes")
    return Table((*header, "ACs", "energy", "energy, one AC per spike"), rows)


def _layers(found: Findings) -> Table:
    senders = {part.name: part for part in found.parts if part.kind == "AC"}
    rows = []
    for layer, population in zip(
        found.diagnosis.layers, found.report.populations, strict=True
    ):
        part = senders.get(layer.node)
        rows.append(
            (
                layer.node,
                f"{population.neurons:,}",
                f"{layer.firing:.4f}",
                formats.share(population.clipped),
                *(
                    f"{100 * each.rms:.2f} % ({100 * each.share:.0f} %)"
                    for each in layer.parts()
                ),
                f"{100 * layer.error:.2f} %",
                formats.share(layer.dead),
                formats.share(layer.saturated),
                formats.share(part.share if part else 0.0),
            )
        )
    header = ("layer", "neurons", "spikes per neuron and step", "clipped", *CAUSES)
    of_channels = ("dead channels", "saturated channels")
    return Table((*header, "error", *of_channels, "share of operations"), rows)


def _parts(found: Findings) -> Table:
    rows = [
        (
            part.name,
            part.kind,
            formats.count(part.operations),
            formats.share(part.share),
            formats.share(part.energy),
        )
        for part in found.parts
    ]
    return Table(("caused by", "kind", "per sample", "share", "of energy"), rows)


def _sample(found: Findings, index: int) -> dict[str, Any]:
    """Describe a sample: its classes, and its picture if it is an image."""
    measured = found.measured
    x = measured.inputs[index]
    image = None if isinstance(x, dict) else picture(np.asarray(x)[0])
    return {
        "index": index,
        "label": None if measured.labels is None else int(measured.labels[index]),
        "ann": int(measured.ann[index]),
        "snn": int(measured.top[-1][index]),
        "picture": image and image[0],
        "stretched": bool(image and image[1]),
    }


def _disagreement(found: Findings, index: int) -> dict[str, Any]:
    """Describe a sample that the networks disagree on, with the class after each T."""
    classes = ", ".join(map(str, found.measured.top[:, index].tolist()))
    return {**_sample(found, index), "history": classes}


def _methods(found: Findings) -> Table | None:
    if found.comparison is None:
        return None
    best = frontier_of(measured_rows(found.comparison))
    rows = [_method(row, row in best) for row in found.comparison.rows]
    header = ("method", "T", "latency", "accuracy", "agreement", "energy, SNN / ANN")
    return Table((*header, "frontier"), rows)


def _method(row: ComparedRow, best: bool) -> tuple[str, ...]:
    ratio = "–" if row.energy_ratio is None else f"{row.energy_ratio:.3f}"
    return (
        row.label,
        "–" if row.timesteps is None else str(row.timesteps),
        "–" if row.latency is None else str(row.latency),
        formats.share(row.accuracy),
        formats.share(row.agreement),
        ratio,
        row.error or ("yes" if best else ""),
    )


def _versions() -> list[tuple[str, str]]:
    devices = [device.device_type for device in tf.config.list_logical_devices()]
    return [
        *((name, importlib.metadata.version(name)) for name in PACKAGES),
        ("Python", platform.python_version()),
        ("system", f"{platform.system()} {platform.machine()}"),
        ("devices", ", ".join(devices)),
    ]
