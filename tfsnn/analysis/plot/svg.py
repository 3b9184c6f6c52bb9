"""Line charts of accuracy, and of what it costs, over time steps, as an SVG text.

Written by hand, from the standard library alone: the demonstration draws it after a
bare ``pip install``, where matplotlib is not there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from tfsnn.errors import OptionError

# Okabe & Ito's colours: told apart by colour-blind readers and on grey paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
DASHES = ("", "7 3", "2 3", "8 3 2 3")  # the next once the colours are used up
LEFT, TOP, WIDTH, HEIGHT = 78, 48, 520, 320  # of the plotting area, in pixels
LETTER = 7.5  # an upper bound of the mean width of a 13 px letter, in pixels


def accuracy_plot(
    rows_by_label: Mapping[str, Sequence[tuple[int, float]]],
    ann_accuracy: float | None,
    title: str,
) -> str:
    """Draw accuracy against time steps, one line per label, as an SVG document.

    Each row is (time steps, accuracy), in any order; accuracies, like `ann_accuracy`
    for the dashed line of the original network (None: no line), are fractions 0..1,
    shown in per cent. The time axis is logarithmic, with a tick at each time step
    present. Raises OptionError when there are no rows, when a time step is below 1,
    and when an accuracy is not within 0..1.
    """
    rows = [row for series in rows_by_label.values() for row in series]
    steps = sorted({step for step, _ in rows})
    shown = [acc for _, acc in rows] + ([] if ann_accuracy is None else [ann_accuracy])
    if not steps or steps[0] < 1 or not all(0 <= acc <= 1 for acc in shown):
        raise OptionError(
            f"{title!r} cannot be drawn: give at least one row of (time steps from 1 "
            f"up, accuracy from 0 to 1), not {rows} and {ann_accuracy}."
        )
    panel = _Panel(
        LEFT, TOP, "Accuracy (%)", _percent_ticks([100 * acc for acc in shown]), steps
    )
    parts = panel.frame()
    if ann_accuracy is not None:
        parts.append(panel.level(100 * ann_accuracy))
    for style, series in zip(_styles(), rows_by_label.values(), strict=False):
        parts += panel.curve([(step, 100 * acc) for step, acc in series], style)
    parts.append(_text(LEFT, TOP - 18, title, size=16))
    right = LEFT + WIDTH
    legend, width, height = _legend(right + 20, TOP + 12, rows_by_label, ann_accuracy)
    width = max(width, LEFT + 16 + len(title) * 9.5)
    return _document(parts + legend, width, max(TOP + HEIGHT + 64, height))


# Of a comparison: attribute of a row, name of the axis, what one of its units is.
SHARES = (("accuracy", "Accuracy (%)", 0.01), ("agreement", "Agreement (%)", 0.01))
COSTS = (
    ("spikes", "Spikes per sample", 1),
    ("synops", "Synaptic operations per sample", 1),
    ("energy_ratio", "Energy, SNN / ANN", 1),
    ("seconds", "Milliseconds per sample", 0.001),
)
COLUMNS = 2


def comparison_plot(
    rows_by_label: Mapping[str, Sequence[Any]],
    ann_accuracy: float | None,
    title: str,
) -> str:
    """Draw a comparison as an SVG document: panels over time steps, a line per label.

    Each row has the attributes of
    :class:`tfsnn.analysis.compare.comparison.ComparedRow`. Accuracy and agreement are
    drawn in per cent, costs on logarithmic axes, on which there is no place for 0. A
    panel in which there would be nothing is left out. Raises OptionError when there are
    no rows.
    """
    steps = sorted({row.timesteps for rows in rows_by_label.values() for row in rows})
    if not steps:
        raise OptionError(f"{title!r} cannot be drawn: there are no rows.")
    parts, count = [_text(LEFT, TOP - 18, title, size=16)], 0
    for name, axis, unit in SHARES + COSTS:
        share = (name, axis, unit) in SHARES
        curves = [
            [
                (row.timesteps, value / unit)
                for row in rows
                if (value := getattr(row, name)) is not None and (share or value > 0)
            ]
            for rows in rows_by_label.values()
        ]
        values = [value for curve in curves for _, value in curve]
        if not values:
            continue
        level = 100 * ann_accuracy if name == "accuracy" and ann_accuracy else None
        values += [] if level is None else [level]
        ticks = _percent_ticks(values) if share else _logarithmic_ticks(values)
        left = LEFT + (count % COLUMNS) * (LEFT + WIDTH)
        top = TOP + (count // COLUMNS) * (TOP + HEIGHT + 36)
        panel = _Panel(left, top, axis, ticks, steps, logarithmic=not share)
        parts += panel.frame()
        parts += [] if level is None else [panel.level(level)]
        for style, curve in zip(_styles(), curves, strict=False):
            parts += panel.curve(curve, style) if curve else []
        count += 1
    right = LEFT + min(count, COLUMNS) * (LEFT + WIDTH)
    bottom = TOP + -(-count // COLUMNS) * (TOP + HEIGHT + 36)
    legend, width, height = _legend(right - 58, TOP + 12, rows_by_label, ann_accuracy)
    width = max(width, LEFT + 16 + len(title) * 9.5)
    return _document(parts + legend, width, max(bottom, height))


@dataclass(frozen=True)
class _Panel:
    """A plotting area: time steps to the right, something upwards."""

    left: float
    top: float
    name: str
    ticks: Sequence[tuple[float, str]]  # lowest and highest are the bounds
    steps: Sequence[int]  # all that occur, in order
    logarithmic: bool = False

    def x(self, step: int) -> float:
        """A margin keeps the markers off the frame."""
        span = math.log2(self.steps[-1] / self.steps[0])
        share = math.log2(step / self.steps[0]) / span if span else 0.5
        return self.left + 16 + share * (WIDTH - 32)

    def y(self, value: float) -> float:
        low, high = self.ticks[0][0], self.ticks[-1][0]
        if self.logarithmic:
            value, low, high = map(math.log10, (value, low, high))
        return self.top + HEIGHT * (high - value) / (high - low)

    def frame(self) -> list[str]:
        """The frame with both axes."""
        parts = []
        left, right = self.left, self.left + WIDTH
        bottom = self.top + HEIGHT
        for value, text in self.ticks:
            at = self.y(value)
            parts.append(_line(left, at, right, at, "#dddddd"))
            parts.append(_text(left - 8, at + 4, text, "end"))
        free = -math.inf
        for step in self.steps:
            at, half = self.x(step), len(str(step)) * LETTER / 2
            parts.append(_line(at, bottom, at, bottom + 5, "#444444"))
            if at - half > free:  # close time steps keep their tick, not their number
                parts.append(_text(at, bottom + 20, str(step), "middle"))
                free = at + half + 4
        parts.append(
            f'<rect x="{left}" y="{self.top}" width="{WIDTH}" height="{HEIGHT}" '
            'fill="none" stroke="#444444"/>'
        )
        middle, aside = self.top + HEIGHT / 2, left - 54
        turned = f' transform="rotate(-90 {aside} {middle})"'
        parts.append(_text(left + WIDTH / 2, bottom + 46, "Time steps", "middle", 14))
        parts.append(_text(aside, middle, self.name, "middle", 14, turned))
        return parts

    def level(self, value: float) -> str:
        """The dashed line of the original network."""
        at = self.y(value)
        return _line(self.left, at, self.left + WIDTH, at, *ANN_STYLE)

    def curve(self, points: Sequence[tuple[int, float]], style: _Style) -> list[str]:
        """A line with a dot at each of the (time steps, value)."""
        places = [(self.x(step), self.y(value)) for step, value in sorted(points)]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        line = (
            f'<polyline points="{path}" fill="none" stroke="{style.colour}" '
            f'stroke-width="2" stroke-dasharray="{style.dash or "none"}"/>'
        )
        return [line, *(_dot(px, py, style.colour) for px, py in places)]


class _Style(NamedTuple):
    colour: str
    dash: str


ANN_STYLE = _Style("#444444", "6 4")


def _styles() -> Iterator[_Style]:
    """For one curve after the other."""
    for i in itertools.count():
        yield _Style(COLOURS[i % len(COLOURS)], DASHES[i // len(COLOURS) % len(DASHES)])


def _legend(
    left: float, top: float, labels: Iterable[str], ann_accuracy: float | None
) -> tuple[list[str], float, float]:
    """The legend, and the width and height of a picture that holds it."""
    entries = [(label, style) for label, style in zip(labels, _styles(), strict=False)]
    if ann_accuracy is not None:
        entries.insert(0, (f"ANN ({100 * ann_accuracy:.4g} %)", ANN_STYLE))
    parts = []
    for i, (label, style) in enumerate(entries):
        at = top + 22 * i
        parts.append(_line(left, at, left + 28, at, *style, 2))
        parts += [] if style == ANN_STYLE else [_dot(left + 14, at, style.colour)]
        parts.append(_text(left + 36, at + 4, label))
    letters = max(len(label) for label, _ in entries)
    return parts, left + 52 + letters * LETTER, top + 12 + 22 * len(entries)


def _document(parts: Sequence[str], width: float, height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        'font-family="Helvetica, Arial, sans-serif" fill="#222222">\n'
        '<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _percent_ticks(values: Sequence[float]) -> list[tuple[float, str]]:
    """About 5 round ticks around all values, in per cent."""
    lowest, highest = min(values), max(values)
    pad = max(0.0, 2.0 - (highest - lowest)) / 2  # do not magnify mere noise
    lowest, highest = min(lowest - pad, 98.0), max(highest + pad, 2.0)
    tick = next(t for t in (0.5, 1, 2, 5, 10, 20) if (highest - lowest) / t <= 6)
    low = max(0.0, tick * math.floor(lowest / tick - 0.2))
    high = min(100.0, tick * math.ceil(highest / tick + 0.2))
    count = round((high - low) / tick)
    return [(low + i * tick, f"{low + i * tick:g}") for i in range(count + 1)]


def _logarithmic_ticks(values: Sequence[float]) -> list[tuple[float, str]]:
    """Powers of ten around all values; with 2 and 5 times them where they are few."""
    lowest, highest = min(values), max(values)
    decades = range(
        math.floor(math.log10(lowest)) - 1, math.ceil(math.log10(highest)) + 2
    )
    few = highest / lowest < 100
    ticks = [m * 10.0**d for d in decades for m in ((1, 2, 5) if few else (1,))]
    low = max(i for i, tick in enumerate(ticks) if tick <= lowest)
    high = min(i for i, tick in enumerate(ticks) if tick >= highest)
    chosen = ticks[low : max(high, low + 1) + 1]
    return [(tick, _short(tick)) for tick in chosen]


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    colour: str,
    dash: str = "",
    width: float = 1,
) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"{dashes}/>'
    )


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def _text(
    x: float,
    y: float,
    text: str,
    anchor: str = "start",
    size: int = 13,
    more: str = "",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
        f'text-anchor="{anchor}"{more}>{escape(text)}</text>'
    )
