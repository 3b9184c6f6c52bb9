"""Figures of the layers of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tfsnn.analysis.plot.style import COLOURS, INK, WIDTH, legend, new, styled
from tfsnn.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfsnn.analysis.diagnose import Diagnosis

# Beside colours, for those who do not see them. Lines: dots are 250 kB of each SVG.
HATCHES = ("", "////", "\\\\\\\\", "xxxx")
BAR = 0.075  # inches
POINTS = 1000  # of a scatter, at most


@styled
def layers(
    bars: Mapping[str, Mapping[str, float]], axis: str, title: str | None = None
) -> Figure:
    """Draw a group of bars for each layer, from top to bottom.

    Args:
        bars: values by layer and name.
        axis: what the values are, with their unit.
        title: text above the figure.

    Raises:
        OptionError: if there is nothing to draw.
    """
    names = list(dict.fromkeys(name for values in bars.values() for name in values))
    if not names:
        raise OptionError(f"{axis!r} cannot be drawn: there are no values of layers")
    row = max(BAR * len(names) + 0.08, 0.16)
    figure, axes = new(WIDTH, 0.75 + row * len(bars))
    height = min(0.8 / len(names), 0.6)
    places = np.arange(len(bars))
    for i, name in enumerate(names):
        axes.barh(
            places + (i - (len(names) - 1) / 2) * height,
            [values.get(name, np.nan) for values in bars.values()],
            height,
            color=COLOURS[i % len(COLOURS)],
            hatch=HATCHES[i % len(HATCHES)],
            edgecolor="white",
            linewidth=0,
            label=name,
        )
    axes.set_yticks(places, list(bars), fontsize=7)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.set_xlabel(axis)
    if len(names) > 1 or title is not None:
        legend(figure, title)
    return figure


def errors(found: Diagnosis, title: str | None = None) -> Figure:
    """Draw the error of each layer by its cause, in per cent of the activation.

    Args:
        found: result of :func:`tfsnn.diagnose`; root mean squares are drawn.
        title: text above the figure.

    Raises:
        OptionError: where nothing spikes.
    """
    bars = {
        layer: {cause: 100 * value for cause, value in causes.items()}
        for layer, causes in found.errors().items()
    }
    return layers(bars, "Root mean square error (% of the activation's)", title)


@styled
def decoded(
    activation: Any,
    spikes: Any,
    title: str,
    *,
    largest: float | None = None,
    seed: int = 0,
) -> Figure:
    """Draw what spikes stand for against the activations of the ANN.

    Args:
        activation: activations of the ANN, of any shape.
        spikes: mean spikes times their scale, of the same shape and unit.
        title: text above the figure.
        largest: the most that can be coded, a dotted line; none if None or infinite.
        seed: seed that selects 1000 units where there are more.

    Raises:
        OptionError: if the shapes differ, or there is nothing.
    """
    x, y = np.ravel(activation), np.ravel(spikes)
    if x.shape != y.shape or not len(x):
        raise OptionError(
            f"{title!r} cannot be drawn: activations {np.shape(activation)} and "
            f"spikes {np.shape(spikes)} must have one shape, with a unit or more"
        )
    if len(x) > POINTS:
        drawn = np.random.default_rng(seed).choice(len(x), POINTS, replace=False)
        x, y = x[drawn], y[drawn]
    figure, axes = new(2.1, 2.1)
    most = max(float(np.max(x)), float(np.max(y)), 1e-6)
    least = min(float(np.min(x)), float(np.min(y)), 0.0)
    axes.plot([least, most], [least, most], color=INK, linewidth=0.7)
    if largest is not None and largest < most:
        axes.axhline(largest, color=COLOURS[1], linestyle=":", linewidth=1)
    # Dots as pixels: as shapes they would be most of the file.
    axes.plot(x, y, ".", color=COLOURS[0], alpha=0.4, markersize=3, rasterized=True)
    axes.set_title(title, fontsize=8, loc="left")
    axes.set_xlabel("ANN", fontsize=8)
    axes.set_ylabel("SNN", fontsize=8)
    return figure
