"""The figures of the page, and their captions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfsnn.analysis import plot
from tfsnn.analysis.diagnose import Diagnosis, slowest
from tfsnn.analysis.intervals import Interval
from tfsnn.analysis.page.findings import Findings, SampleFigure
from tfsnn.analysis.page.formats import joules
from tfsnn.analysis.page.inline import inline_svg
from tfsnn.analysis.page.methods import frontier_of, measured_rows
from tfsnn_numpy.sums import COEFFICIENTS, SPIKES

RASTERS, TRACES = 12, 4  # layers drawn of a sample, at most


class Figure(NamedTuple):
    """A figure of the page.

    Attributes:
        name: an identifier, unique on the page.
        svg: the ``<svg>`` element.
        caption: the text under the figure.
    """

    name: str
    svg: str
    caption: str


def figure(drawn: Any, name: str, caption: str) -> Figure:
    """Return a figure of matplotlib as one of the page."""
    return Figure(name, inline_svg(drawn, name, caption), caption)


def over_time(found: Findings) -> list[Figure]:
    """Draw spikes and energy against time steps."""
    measured = found.measured
    rows = list(enumerate(measured.steps))
    spikes = {"Spikes": [(t, measured.count(i, SPIKES)) for i, t in rows]}
    energies = {"SNN": [(t, found.snn_energy(i)) for i, t in rows]}
    if found.graded:
        spikes["Coefficients"] = [(t, measured.count(i, COEFFICIENTS)) for i, t in rows]
        energies = {
            "SNN, |c| ACs per spike": energies["SNN"],
            "SNN, one AC per spike": [(t, found.snn_energy(i, True)) for i, t in rows],
        }
    most = max(found.ann_energy, found.snn_energy(-1).value)
    size, unit = joules(most)
    return [
        figure(
            plot.over_time(spikes, "Spikes per sample"),
            "spikes",
            "Spikes per sample; bands are 95 % normal intervals of the mean. A spike "
            "of coefficient c is one spike, and |c| in coefficients.",
        ),
        figure(
            plot.over_time(
                energies,
                f"Energy per sample ({unit})",
                level=("ANN", found.ann_energy),
                unit=size,
            ),
            "energy",
            f"Energy per sample by the model {found.energy.name}; bands as for spikes.",
        ),
    ]


def of_layers(found: Findings) -> list[Figure]:
    """Draw error by cause, firing, clipping and share of operations of each layer."""
    diagnosis = found.diagnosis
    if not diagnosis.layers:
        return []
    clipped = {
        layer.node: {
            "clipped in calibration": 100 * population.clipped,
            "root mean square error by clipping": 100 * layer.clipping.rms,
        }
        for layer, population in zip(
            diagnosis.layers, found.report.populations, strict=True
        )
    }
    operations = {
        f"{part.name} ({part.kind})": {
            "operations": 100 * part.share,
            "energy": 100 * part.energy,
        }
        for part in found.parts
    }
    return [
        figure(
            plot.errors(diagnosis),
            "errors",
            "The error of each layer's decoded activations by its cause. The causes "
            "add up as signed errors, not as root mean squares.",
        ),
        figure(
            plot.layers(
                {layer.node: {"firing": layer.firing} for layer in diagnosis.layers},
                "Spikes per neuron and step",
            ),
            "firing",
            "Firing rate of each layer: spikes, whatever their coefficient.",
        ),
        figure(
            plot.layers(clipped, "Activations, and error (%)"),
            "clipping",
            "Clipping: the share of calibration activations above what spikes can "
            "code, and the error that it makes on these samples, of the activation.",
        ),
        figure(
            plot.layers(operations, "Share of the SNN's total (%)"),
            "operations",
            "Where the SNN's operations are, and the energy of each layer.",
        ),
        *_fit(diagnosis),
    ]


def of_models(found: Findings) -> list[Figure]:
    """Draw the energy ratio by every energy model, side by side."""
    bars = {}
    for each in found.priced:
        if each.ratio is not None and each.ratio_events is not None:
            bars[each.name] = {"SNN / ANN": each.ratio}
            if found.graded:
                bars[each.name]["one event per spike"] = each.ratio_events
    if not bars:
        return []
    return [
        figure(
            plot.layers(bars, "Energy, SNN / ANN"),
            "models",
            f"Energy over that of the ANN after {found.timesteps} steps, by every "
            f"model: {found.loss}.",
        )
    ]


def _fit(diagnosis: Diagnosis) -> list[Figure]:
    """Draw the fit curves of the layers that need the most steps."""
    curves = {}
    for layer in slowest(diagnosis.layers):
        if layer.fit:
            most = layer.fit.most() or layer.fit.errors
            points = zip(layer.fit.steps, layer.fit.errors, most, strict=True)
            curves[layer.node] = [(t, Interval(k, k, max(k, b))) for t, k, b in points]
    if not curves:
        return []
    return [
        figure(
            plot.over_time(curves, "K(t)"),
            "fit",
            "Fit of the layers with the largest omega, which need the most steps: the "
            "sum of square errors after t steps over that of the activations. Bands "
            "reach to omega/t, or half of that where neurons start at half a "
            "threshold: the most for a current that is the same in each step.",
        )
    ]


def scatters(found: Findings) -> list[Figure]:
    """Draw activations against what the spikes code, a figure for each layer."""
    return [
        figure(
            plot.decoded(
                each.activation,
                each.decoded,
                name,
                largest=float(each.largest.max()),
                seed=0,
            ),
            f"decoded-{i}",
            f"{name}: r = {_correlation(each.activation, each.decoded)}",
        )
        for i, (name, each) in enumerate(found.decoded.items())
    ]


def of_sample(found: Findings, shown: SampleFigure) -> list[Figure]:
    """Draw the raster and the potentials of a sample."""
    spikes, potentials = shown.recording
    names = _evenly(list(spikes), RASTERS)
    few = _evenly(list(spikes), TRACES)
    if not names:
        return []
    left_out = len(spikes) - len(names)
    some = f" {left_out} of {len(spikes)} layers are left out." if left_out else ""
    pre_steps = found.clock.pre_steps
    before = f" The first {pre_steps} steps set up the neurons." if pre_steps else ""
    return [
        figure(
            plot.raster({name: spikes[name] for name in names}),
            f"raster-{shown.sample}",
            f"Spikes of sample {shown.sample}: blue above zero, vermilion below, the "
            f"stronger the larger their coefficient.{some}{before}",
        ),
        figure(
            plot.potentials(
                {name: spikes[name] for name in few},
                {name: potentials[name] for name in few},
            ),
            f"potentials-{shown.sample}",
            f"Sample {shown.sample}: potentials after firing of the three neurons that "
            "spike most, markers where they spike; dashed the threshold.",
        ),
    ]


def of_methods(found: Findings) -> list[Figure]:
    """Draw the frontier of methods, and the curves over an option that was varied."""
    compared = found.comparison
    if compared is None or not (rows := measured_rows(compared)):
        return []
    task = compared.task or "classification"
    drawn = [
        figure(
            plot.frontier(rows, frontier_of(rows), compared.ann_score, task=task),
            "frontier",
            f"Methods on {compared.samples} samples: energy over that of the "
            f"ANN ({compared.energy.name}), and how well they do. On the line "
            "is what nothing beats in both.",
        )
    ]
    over, curves = compared.series()
    if over != "timesteps":
        drawn.append(
            figure(
                plot.comparison(curves, compared.ann_score, task=task, over=over),
                "over an option",
                f"The same on {compared.samples} samples, by the option {over}.",
            )
        )
    return drawn


def _evenly(names: Sequence[str], most: int) -> list[str]:
    places = np.linspace(0, len(names) - 1, min(most, len(names))).round().astype(int)
    return [names[i] for i in places]


def _correlation(x: np.ndarray, y: np.ndarray) -> str:
    if not np.std(x) or not np.std(y):
        return "not defined, for a side is constant"
    return f"{np.corrcoef(x.ravel(), y.ravel())[0, 1]:.4f}"
