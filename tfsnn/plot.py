"""A line chart of accuracy over time steps, as an SVG text.

Written by hand, from the standard library alone: the demonstration draws it after a
bare ``pip install``, where matplotlib is not there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from tfsnn.errors import OptionError

# Okabe & Ito's colours: told apart by colour-blind readers and on grey paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
DASHES = ("", "7 3", "2 3")  # the next style once the colours have been used up
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
    low, high, tick = _y_range(100 * min(shown), 100 * max(shown))
    span = math.log2(steps[-1] / steps[0])

    def x(step: int) -> float:  # a margin keeps the markers off the frame
        share = math.log2(step / steps[0]) / span if span else 0.5
        return LEFT + 16 + share * (WIDTH - 32)

    def y(percent: float) -> float:
        return TOP + HEIGHT * (high - percent) / (high - low)

    right, bottom = LEFT + WIDTH, TOP + HEIGHT
    parts = []
    for i in range(round((high - low) / tick) + 1):
        percent = low + i * tick
        at = y(percent)
        parts.append(_line(LEFT, at, right, at, "#dddddd"))
        parts.append(_text(LEFT - 8, at + 4, f"{percent:g}", "end"))
    free = -math.inf
    for step in steps:
        at, half = x(step), len(str(step)) * LETTER / 2
        parts.append(_line(at, bottom, at, bottom + 5, "#444444"))
        if at - half > free:  # close time steps keep their tick, not their number
            parts.append(_text(at, bottom + 20, str(step), "middle"))
            free = at + half + 4
    parts.append(
        f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" '
        'stroke="#444444"/>'
    )
    entries = []
    if ann_accuracy is not None:
        at, style = y(100 * ann_accuracy), ("#444444", "6 4", False)
        parts.append(_line(LEFT, at, right, at, *style[:2]))
        entries.append((f"ANN ({100 * ann_accuracy:.4g} %)", *style))
    for i, (label, series) in enumerate(rows_by_label.items()):
        colour = COLOURS[i % len(COLOURS)]
        dash = DASHES[i // len(COLOURS) % len(DASHES)]
        points = [(x(step), y(100 * acc)) for step, acc in sorted(series)]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            f'stroke-width="2" stroke-dasharray="{dash or "none"}"/>'
        )
        parts += [_dot(px, py, colour) for px, py in points]
        entries.append((label, colour, dash, True))
    for i, (label, colour, dash, marked) in enumerate(entries):
        at = TOP + 12 + 22 * i
        parts.append(_line(right + 20, at, right + 48, at, colour, dash, 2))
        parts += [_dot(right + 34, at, colour)] if marked else []
        parts.append(_text(right + 56, at + 4, label))
    middle = TOP + HEIGHT / 2
    parts.append(_text(LEFT + WIDTH / 2, bottom + 46, "Time steps", "middle", 14))
    turned = f' transform="rotate(-90 24 {middle})"'
    parts.append(_text(24, middle, "Accuracy (%)", "middle", 14, turned))
    parts.append(_text(LEFT, TOP - 18, title, size=16))
    letters = max(len(label) for label, *_ in entries)
    width = max(right + 72 + letters * LETTER, LEFT + 16 + len(title) * 9.5)
    height = max(bottom + 64, TOP + 24 + 22 * len(entries))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
        f'height="{height}" viewBox="0 0 {width:.0f} {height}" '
        'font-family="Helvetica, Arial, sans-serif" fill="#222222">\n'
        '<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _y_range(lowest: float, highest: float) -> tuple[float, float, float]:
    """Bounds and tick distance in per cent: about 5 round ticks around all values."""
    pad = max(0.0, 2.0 - (highest - lowest)) / 2  # do not magnify mere noise
    lowest, highest = min(lowest - pad, 98.0), max(highest + pad, 2.0)
    tick = next(t for t in (0.5, 1, 2, 5, 10, 20) if (highest - lowest) / t <= 6)
    low = max(0.0, tick * math.floor(lowest / tick - 0.2))
    high = min(100.0, tick * math.ceil(highest / tick + 0.2))
    return low, high, tick


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
