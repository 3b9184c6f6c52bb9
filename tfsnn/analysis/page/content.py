"""The content of the page's template: texts, tables and figures."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from typing import Any

import tensorflow as tf

from tfsnn.analysis.diagnose.parts import CAUSES
from tfsnn.analysis.page import figures, formats
from tfsnn.analysis.page.findings import Findings
from tfsnn.analysis.page.judged import key_figures, shown_outputs, stretched
from tfsnn.analysis.page.methods import frontier_of, measured_rows
from tfsnn.analysis.page.samples import shown_sample
from tfsnn.analysis.page.table import Table
from tfsnn.conversion.methods import methods
from tfsnn_numpy.energy import Energy
from tfsnn_numpy.sums import SPIKES, SYNOPS

PACKAGES = ("tfsnn", "tensorflow", "keras", "numpy", "matplotlib")


def content(found: Findings) -> dict[str, Any]:
    """Return everything on the page, by its name in the template."""
    first, outputs = found.measured.outputs[0], shown_outputs(found.measured)
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
        "arithmetic": isinstance(found.energy, Energy),
        "of_models": figures.of_models(found),
        "scatters": figures.scatters(found),
        "compared": max((len(d.decoded) for d in found.decoded.values()), default=0),
        "recordings": [
            (
                shown_sample(first, found.measured.sample(shown.sample)),
                figures.of_sample(found, shown),
            )
            for shown in found.shown
        ],
        "outputs": outputs,
        "stretched": stretched(outputs),
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
    spikes = formats.count(measured.count(last, SPIKES).value)
    latency = f"{found.latency(found.timesteps)} steps"
    return [
        *key_figures(measured),
        ("Energy, SNN / ANN", ratio, found.energy.name),
        ("Spikes per sample", spikes, ""),
        ("Latency", latency, f"T = {found.timesteps}"),
    ]


def _options(found: Findings) -> list[tuple[str, str]]:
    report = found.report
    options = {"timesteps": report.timesteps, **report.options}
    shown = [(name, "none" if v is None else str(v)) for name, v in options.items()]
    return shown + [("tuning", str(report.tuned))] * (report.tuned is not None)


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
        spikes, synops = measured.count(i, SPIKES), measured.count(i, SYNOPS)
        energy, events = found.snn_energy(i), found.snn_energy(i, True)
        rows.append(
            (
                str(steps),
                str(found.latency(steps)),
                f"{formats.count(spikes.value)} {formats.half_width(spikes)}",
                formats.count(synops.value),
                f"{formats.energy(energy.value)} {formats.half_width(energy)}",
                formats.energy(events.value),
            )
        )
    header = ("T", "latency", "spikes", "ACs", "energy")
    return Table((*header, "energy, one AC per spike"), rows)


def _layers(found: Findings) -> Table:
    parts = {part.name: part for part in found.parts}
    rows = []
    for layer, population in zip(
        found.diagnosis.layers, found.report.populations, strict=True
    ):
        part = parts.get(layer.node)
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
                "–" if layer.omega is None else f"{layer.omega:.2f}",
                formats.share(layer.dead),
                formats.share(layer.saturated),
                formats.share(part.energy if part else 0.0),
            )
        )
    header = ("layer", "neurons", "spikes per neuron and step", "clipped", *CAUSES)
    of_channels = ("dead channels", "saturated channels")
    return Table((*header, "error", "omega", *of_channels, "share of energy"), rows)


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
    return Table(("layer", "kind", "per sample", "share", "of energy"), rows)


def _methods(found: Findings) -> Table | None:
    comparison = found.comparison
    if comparison is None:
        return None
    best, rows = frontier_of(measured_rows(comparison)), comparison.rows
    columns = {
        "method": [row.label for row in rows],
        "T": [_whole(row.timesteps) for row in rows],
        "latency": [_whole(row.latency) for row in rows],
    }
    if comparison.kind is not None:
        title, text = comparison.kind.title(), comparison.kind.text
        if any(row.score is not None for row in rows):
            columns[title] = [text(row.score) for row in rows]
        if comparison.kind.decides:
            columns["agreement"] = [formats.share(row.agreement) for row in rows]
        columns["output error"] = [formats.share(row.output_error) for row in rows]
    columns["energy, SNN / ANN"] = [
        "–" if row.energy_ratio is None else f"{row.energy_ratio:.3f}" for row in rows
    ]
    columns["frontier"] = [row.error or ("yes" if row in best else "") for row in rows]
    return Table(tuple(columns), list(zip(*columns.values(), strict=True)))


def _whole(number: int | None) -> str:
    return "–" if number is None else str(number)


def _versions() -> list[tuple[str, str]]:
    devices = [device.device_type for device in tf.config.list_logical_devices()]
    return [
        *((name, importlib.metadata.version(name)) for name in PACKAGES),
        ("Python", platform.python_version()),
        ("system", f"{platform.system()} {platform.machine()}"),
        ("devices", ", ".join(devices)),
    ]
