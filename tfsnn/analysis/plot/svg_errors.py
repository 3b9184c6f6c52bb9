"""Bars of the error of each layer, by its cause, as an SVG text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from xml.sax.saxutils import escape

from tfsnn.analysis.plot.svg import COLOURS, LETTER
from tfsnn.errors import OptionError

TOP, WIDTH = 78, 520  # of the plotting area, in pixels
BAR, GAP = 7, 10  # the height of a bar, and what lies between two layers
TICKS = 6  # at most
LEAST = 0.01  # per cent, to which the axis reaches at least


def error_plot(errors: Mapping[str, Mapping[str, float]], title: str) -> str:
    """Draw the error of each layer as an SVG document: a bar for each cause.

    Args:
        errors: by layer, in order, and cause: the root mean square error over that of
            the activation, >= 0, which is shown in per cent.
        title: above the bars.

    Raises:
        OptionError: if there are no layers or causes, or an error is not a number
            from 0 up.
    """
    causes = list(dict.fromkeys(cause for bars in errors.values() for cause in bars))
    values = [100 * value for bars in errors.values() for value in bars.values()]
    if not causes or not all(0 <= value < math.inf for value in values):
        raise OptionError(
            f"{title!r} cannot be drawn: give an error from 0 up for at least one "
            f"cause of one layer, not {dict(errors)}."
        )
    tick = _tick(max(values))
    count = max(1, math.ceil(max(values) / tick))
    left = 16 + max(len(layer) for layer in errors) * LETTER + 8
    row = BAR * len(causes) + GAP
    bottom = TOP + row * len(errors) + GAP
    parts = [_text(16, 28, title, size=16)]
    at = left
    for i, cause in enumerate(causes):
        parts += [_bar(at, 46, 12, 12, COLOURS[i % len(COLOURS)])]
        parts += [_text(at + 18, 57, cause)]
        at += 18 + len(cause) * LETTER + 20
    for i in range(count + 1):
        x = left + WIDTH * i / count
        parts.append(
            f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" '
            'stroke="#dddddd"/>'
        )
        parts.append(_text(x, bottom + 20, f"{i * tick:g}", "middle"))
    for number, (layer, bars) in enumerate(errors.items()):
        y = TOP + GAP + number * row
        parts.append(_text(left - 8, y + (row - GAP) / 2 + 4, layer, "end"))
        for i, cause in enumerate(causes):
            if cause in bars:
                length = WIDTH * 100 * bars[cause] / (count * tick)
                colour = COLOURS[i % len(COLOURS)]
                parts.append(_bar(left, y + i * BAR, length, BAR - 1, colour))
    axis = "Root mean square error, % of that of the activation"
    parts.append(_text(left + WIDTH / 2, bottom + 46, axis, "middle", 14))
    width = max(left + WIDTH + 24, at, 16 + len(title) * 9.5)
    height = bottom + 64
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
        f'height="{height}" viewBox="0 0 {width:.0f} {height}" '
        'font-family="Helvetica, Arial, sans-serif" fill="#222222">\n'
        '<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _tick(largest: float) -> float:
    """A round distance of ticks: :data:`TICKS` of them reach `largest`."""
    least = max(largest, LEAST) / TICKS
    power = 10.0 ** math.floor(math.log10(least))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= least * (1 - 1e-9))


def _bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.2f}" height="{height}" '
        f'fill="{colour}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
