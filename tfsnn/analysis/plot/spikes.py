"""Figures of spikes and potentials over time, of one sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tfsnn.analysis.plot.style import (
    COLOURS,
    INK,
    MARKERS,
    NEGATIVE,
    POSITIVE,
    WIDTH,
    new,
    styled,
)
from tfsnn.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEURONS = 40  # drawn of a layer in a raster, at most
TRACES = 3  # potentials drawn of a layer
FAINTEST = 0.45  # opacity of the smallest coefficients


@styled
def raster(spikes: Mapping[str, Any]) -> Figure:
    """Draw the spikes of each layer: neurons upwards, time steps to the right.

    A spike is the stronger, the larger its coefficient; blue above zero, vermilion
    below. Of a layer with more than 40 neurons, 40 are drawn that are evenly spaced
    among those that spike (or among all where none does).

    Args:
        spikes: coefficients ``(T, *units)`` by layer.

    Raises:
        OptionError: if there are no layers.
    """
    if not spikes:
        raise OptionError("no raster can be drawn: there are no layers that spike")
    chosen = {name: drawn_neurons(values) for name, values in spikes.items()}
    figure, all_axes = new(
        WIDTH,
        0.5 + 0.72 * len(chosen),
        nrows=len(chosen),
        sharex=True,
        squeeze=False,
        gridspec_kw={"hspace": 0.15},
    )
    steps = len(next(iter(chosen.values()))[0])
    for axes, (name, (rows, total)) in zip(all_axes[:, 0], chosen.items(), strict=True):
        extent = (0.5, steps + 0.5, -0.5, rows.shape[1] - 0.5)
        axes.imshow(
            pixels(rows.T),
            aspect="auto",
            interpolation="none",
            origin="lower",
            extent=extent,
        )
        count = f"{rows.shape[1]} of {total:,}" if total > rows.shape[1] else f"{total}"
        axes.set_title(f"{name}: {count} neurons", fontsize=7, loc="left", pad=2)
        axes.set_yticks([])
        axes.grid(False)
    _steps_axis(all_axes[-1, 0], steps)
    return figure


@styled
def potentials(spikes: Mapping[str, Any], traces: Mapping[str, Any]) -> Figure:
    """Draw the membrane potentials of the three neurons of each layer that spike most.

    Potentials are after firing, in thresholds; the threshold is a dashed line. Markers
    are at the steps with a spike.

    Args:
        spikes: coefficients ``(T, *units)`` by layer.
        traces: potentials of the same shape by layer.

    Raises:
        OptionError: if there are no layers, or their shapes differ.
    """
    shapes = [{k: np.shape(v) for k, v in each.items()} for each in (spikes, traces)]
    if not spikes or shapes[0] != shapes[1]:
        raise OptionError(
            "no potentials can be drawn: give spikes and potentials of one shape for "
            f"at least one layer, not {shapes[0]} and {shapes[1]}"
        )
    figure, all_axes = new(
        WIDTH, 0.4 + 1.15 * len(spikes), nrows=len(spikes), sharex=True, squeeze=False
    )
    for axes, name in zip(all_axes[:, 0], spikes, strict=True):
        events = np.reshape(spikes[name], (len(spikes[name]), -1))
        values = np.reshape(traces[name], events.shape)
        steps = np.arange(1, len(events) + 1)
        most = np.argsort(-np.abs(events).sum(0), kind="stable")[:TRACES]
        axes.axhline(1, color=INK, linestyle="--", linewidth=0.7)
        for i, neuron in enumerate(most):
            axes.plot(
                steps,
                values[:, neuron],
                color=COLOURS[i],
                marker=MARKERS[i],
                markevery=np.flatnonzero(events[:, neuron]).tolist(),
                linewidth=1.1,
                markersize=3.5,
            )
        axes.set_title(name, fontsize=7, loc="left", pad=2)
    _steps_axis(all_axes[-1, 0], len(steps))
    figure.supylabel("Potential (thresholds)", fontsize=8)
    return figure


def drawn_neurons(values: Any) -> tuple[np.ndarray, int]:
    """Select the neurons that :func:`raster` draws: ``(T, neurons)``, and the total."""
    flat = np.reshape(values, (len(values), -1))
    neurons = np.arange(flat.shape[1])
    if len(neurons) > NEURONS:
        active = np.flatnonzero(np.any(flat != 0, 0))
        neurons = active if len(active) else neurons
    if len(neurons) > NEURONS:
        places = np.linspace(0, len(neurons) - 1, NEURONS).round().astype(int)
        neurons = neurons[places]
    return flat[:, neurons], flat.shape[1]


def pixels(coefficients: np.ndarray) -> np.ndarray:
    """Return coefficients as RGBA in 0..1; no spike is transparent."""
    above, below = (
        np.frombuffer(bytes.fromhex(colour[1:]), np.uint8) / 255
        for colour in (POSITIVE, NEGATIVE)
    )
    found = np.zeros((*coefficients.shape, 4))
    found[..., :3] = np.where(coefficients[..., None] < 0, below, above)
    sizes = np.abs(coefficients)
    strength = FAINTEST + (1 - FAINTEST) * sizes / max(sizes.max(initial=0), 1)
    found[..., 3] = np.where(sizes > 0, strength, 0)
    return found


def _steps_axis(axes: Any, steps: int) -> None:
    from matplotlib import ticker

    axes.set_xlim(0.5, steps + 0.5)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("Time step")
