"""The bars of the errors, read back from the SVG."""

import math
import xml.etree.ElementTree as ET

import pytest

from tfsnn.analysis.plot.svg_errors import error_plot
from tfsnn.errors import OptionError

SVG = "{http://www.w3.org/2000/svg}"


def read(svg):
    """By colour the widths and places of bars, then the texts with their places."""
    root = ET.fromstring(svg)
    bars = {}
    for rect in root.iter(f"{SVG}rect"):
        bars.setdefault(rect.get("fill"), []).append(
            {key: float(rect.get(key)) for key in ("x", "y", "width", "height")}
            if rect.get("x")
            else None
        )
    bars.pop("white")
    words = {text.text: text.attrib for text in root.iter(f"{SVG}text")}
    return list(bars.values()), words


def test_bars_are_as_long_as_the_axis_says():
    errors = {"first": {"a": 0.2, "b": 0.0}, "second": {"a": 0.05, "b": 0.12}}
    (ones, others), words = read(error_plot(errors, "t"))
    zero, ten = (float(words[text]["x"]) for text in ("0", "10"))
    lengths = [bar["width"] * 10 / (ten - zero) for bar in (*ones[1:], *others[1:])]
    assert lengths == pytest.approx([20, 5, 0, 12], abs=0.05)
    assert {bar["x"] for bar in (*ones[1:], *others[1:])} == {zero}
    assert ones[1]["y"] < others[1]["y"] < ones[2]["y"] < others[2]["y"]
    for layer, bar, other in zip(errors, ones[1:], others[1:], strict=True):
        end = other["y"] + other["height"]
        assert bar["y"] < float(words[layer]["y"]) - 4 < end
        assert float(words[layer]["x"]) < zero


@pytest.mark.parametrize("largest", [0.0, 1e-9, 0.0034, 0.07, 0.5, 1.0, 3.7, 120.0])
def test_every_bar_is_inside_the_picture(largest):
    svg = error_plot({"layer": {"a": largest}}, "t")
    (bars,), words = read(svg)
    ticks = [float(text) for text in words if text.replace(".", "").isdigit()]
    assert 2 <= len(ticks) <= 8 and max(ticks) >= 100 * largest * (1 - 1e-6)
    width = float(ET.fromstring(svg).get("width"))
    assert all(bar["x"] + bar["width"] < width for bar in bars)


def test_the_legend_names_the_causes_and_text_is_escaped():
    _, words = read(error_plot({"<l>": {"a & b": 0.1, "c": 0.2}}, "T < 8"))
    assert {"<l>", "a & b", "c", "T < 8"} <= set(words)
    assert "Root mean square error, % of that of the activation" in words


@pytest.mark.parametrize(
    "errors", [{}, {"a": {}}, {"a": {"b": -0.1}}, {"a": {"b": math.nan}}]
)
def test_refuses_what_cannot_be_drawn(errors):
    with pytest.raises(OptionError, match="'t' cannot be drawn"):
        error_plot(errors, "t")
