"""Put figures and pictures into a page, without files beside it."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import numpy as np

from tfsnn.analysis.plot.style import COLOURS, INK, PALE, svg

# The page's style sheet has a light and a dark value of each.
NAMES = ("blue", "vermilion", "green", "purple", "sky", "orange")
VARIABLES = {
    INK: "currentColor",
    PALE: "var(--grid)",
    "#ffffff": "var(--paper)",
    **{
        colour.lower(): f"var(--{name})"
        for colour, name in zip(COLOURS, NAMES, strict=True)
    },
}


def inline_svg(figure: Any, name: str, description: str) -> str:
    """Return a figure as an ``<svg>`` element that takes the colours of the page.

    Args:
        figure: a matplotlib figure in the style of :mod:`tfsnn.analysis.plot`.
        name: identifier unique on the page, of letters, digits and hyphens.
        description: text for readers who do not see the figure.
    """
    text = svg(figure)
    text = text[text.index("<svg") :]  # no XML declaration, no DOCTYPE
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    size = re.compile(r'<svg [^>]*(viewBox="[^"]*")[^>]*>')
    text = size.sub(r"<svg \1>", text, count=1)  # as wide as its place on the page
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = text.replace("xlink:href", "href")
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, variable)
    label = description.replace("&", "&amp;").replace('"', "&quot;")
    label = label.replace("<", "&lt;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def picture(x: Any, span: tuple[float, float] | None = None) -> tuple[str, bool] | None:
    """Return an input as a PNG in a ``data:`` address, and whether it was stretched.

    Values in 0..1 or 0..255 are shown as they are, others are stretched to their range.
    With a span, that of all pictures shown beside each other, this is their range, and
    values outside are cut off.
    None for what is no picture: shapes other than ``(height, width, 1 or 3)`` and
    ``(height, width)``.
    """
    x = np.asarray(x, np.float64)
    x = x[..., 0] if x.ndim == 3 and x.shape[-1] == 1 else x
    if x.ndim != 2 and not (x.ndim == 3 and x.shape[-1] == 3):
        return None
    low, high = span or (float(x.min()), float(x.max()))
    stretched = low < 0 or high > 255
    if stretched:
        x = (x - low) / ((high - low) or 1.0)
    elif high > 1:
        x = x / 255
    pixels = (255 * np.clip(x, 0, 1)).round().astype(np.uint8)
    pixels = np.stack([pixels] * 3, -1) if pixels.ndim == 2 else pixels
    return _png(pixels), stretched


def mask_picture(classes: Any) -> str:
    """Return class numbers ``(height, width)`` as a PNG, a colour for each class.

    Class 0 is black; white is what does not count, below 0.
    """
    classes = np.asarray(classes)
    pixels = np.zeros((*classes.shape, 3), np.uint8)
    palette = [tuple(bytes.fromhex(colour[1:])) for colour in COLOURS]
    for number in np.unique(classes[classes > 0]):
        turn, place = divmod(int(number) - 1, len(palette))
        shade = 1 / (1 + turn)  # the next round of colours is darker
        pixels[classes == number] = [int(shade * part) for part in palette[place]]
    pixels[classes < 0] = 255
    return _png(pixels)


def _png(pixels: np.ndarray) -> str:
    from matplotlib import image

    file = io.BytesIO()
    image.imsave(file, pixels, format="png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
