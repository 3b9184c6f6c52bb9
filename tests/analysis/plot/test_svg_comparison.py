"""The panels of a comparison, read back from the SVG."""

import xml.etree.ElementTree as ET

import pytest

from tfsnn.analysis.compare.comparison import ComparedRow
from tfsnn.analysis.plot.svg import HEIGHT, WIDTH, comparison_plot
from tfsnn.errors import OptionError

SVG = "{http://www.w3.org/2000/svg}"
AXES = (
    "Accuracy (%)",
    "Agreement (%)",
    "Spikes per sample",
    "Synaptic operations per sample",
    "Energy, SNN / ANN",
    "Milliseconds per sample",
)


def row(t, **changed):
    measured = {
        "accuracy": 0.5,
        "agreement": 0.75,
        "spikes": 100.0 * t,
        "synops": 1e6 * t,
        "energy_ratio": 0.25,
        "seconds": 0.002 * t,
    }
    return ComparedRow("hmt", {}, "graded:4", t, t, **{**measured, **changed})


def drawn(rows, ann_accuracy=0.6, title="net"):
    return ET.fromstring(comparison_plot(rows, ann_accuracy, title))


def texts(root):
    return [text.text for text in root.iter(f"{SVG}text")]


def frames(root):
    """Left, top of each panel, in order."""
    found = [
        (float(r.get("x")), float(r.get("y")))
        for r in root.iter(f"{SVG}rect")
        if r.get("x") is not None
    ]
    assert all(
        (float(r.get("width")), float(r.get("height"))) == (WIDTH, HEIGHT)
        for r in root.iter(f"{SVG}rect")
        if r.get("x") is not None
    )
    return found


def lines(root):
    return [
        [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
        for line in root.iter(f"{SVG}polyline")
    ]


def test_each_panel_shows_each_method():
    root = drawn({"a": [row(1), row(4)], "b": [row(2)]})
    assert [text for text in texts(root) if text in AXES] == list(AXES)
    corners = frames(root)
    assert len(set(corners)) == 6
    found = lines(root)
    assert len(found) == 12
    for panel, (left, top) in enumerate(corners):
        for line in found[2 * panel : 2 * panel + 2]:
            for x, y in line:
                assert left < x < left + WIDTH and top <= y <= top + HEIGHT
    width, height = float(root.get("width")), float(root.get("height"))
    assert max(left for left, _ in corners) + WIDTH < width
    assert max(top for _, top in corners) + HEIGHT < height
    assert texts(root).count("a") == texts(root).count("b") == 1
    assert "ANN (60 %)" in texts(root)


def test_costs_are_logarithmic():
    rows = [row(t, spikes=float(10**t)) for t in (1, 2, 3)]
    root = drawn({"a": rows})
    spikes = lines(root)[2]
    heights = [y for _, y in spikes]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.11)
    assert heights[0] - heights[2] == pytest.approx(HEIGHT, abs=0.11)
    assert {"10", "100", "1k"} <= set(texts(root))


def test_ticks_are_in_units():
    root = drawn({"a": [row(1, synops=3e6, seconds=0.004)]})
    assert {"2M", "5M", "2", "5"} <= set(texts(root))  # 4 milliseconds


def test_what_is_not_known_is_not_drawn():
    rows = {"a": [row(1, accuracy=None, spikes=0.0)], "b": [row(1, accuracy=None)]}
    root = drawn(rows, None)
    assert [t for t in texts(root) if t in AXES] == list(AXES[1:])
    assert len(lines(root)) == 9  # no spikes of a
    assert not any(text.startswith("ANN") for text in texts(root))


def test_equal_values_have_an_axis():
    root = drawn({"a": [row(1, spikes=100.0), row(2, spikes=100.0)]})
    assert {"100", "200"} <= set(texts(root))


def test_names_are_escaped():
    assert "<a> & b" in texts(drawn({"<a> & b": [row(1)]}))


def test_nothing_cannot_be_drawn():
    for rows in ({}, {"a": []}):
        with pytest.raises(OptionError, match="cannot be drawn"):
            comparison_plot(rows, None, "net")
