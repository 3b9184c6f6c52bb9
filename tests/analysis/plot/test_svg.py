"""The chart's geometry, read back from the SVG."""

import itertools
import math
import xml.etree.ElementTree as ET

import pytest

from tfsnn.analysis.plot.svg import HEIGHT, LEFT, TOP, WIDTH, accuracy_plot
from tfsnn.errors import OptionError

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> dict[str, dict[str, str]]:
    return {t.text: t.attrib for t in ET.fromstring(svg).iter(f"{SVG}text")}


def points(svg: str) -> list[list[tuple[float, float]]]:
    lines = ET.fromstring(svg).iter(f"{SVG}polyline")
    return [
        [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
        for line in lines
    ]


def test_points_lie_where_the_axes_say():
    svg = accuracy_plot({"a": [(4, 0.6), (1, 0.2), (16, 0.9)]}, 0.95, "t")
    (line,) = points(svg)
    words = texts(svg)
    for (px, py), (step, accuracy) in zip(
        line, [(1, 0.2), (4, 0.6), (16, 0.9)], strict=True
    ):
        assert px == pytest.approx(float(words[str(step)]["x"]), abs=0.11)
        low, high = (float(words[k]["y"]) for k in ("20", "80"))  # 4 below the line
        assert py == pytest.approx(
            low - 4 + (high - low) * (accuracy * 100 - 20) / 60, abs=0.2
        )
    # Equal factors of time are equal distances.
    assert line[1][0] - line[0][0] == pytest.approx(line[2][0] - line[1][0], abs=0.11)


@pytest.mark.parametrize(
    ("lowest", "highest"),
    [(0, 1), (0.1, 0.92), (0.98, 0.981), (0.5, 0.5), (1, 1), (0, 0), (0.013, 0.02)],
)
def test_every_point_is_inside_the_frame(lowest, highest):
    rows = {"a": [(1, lowest), (1024, highest)], "b": [(3, highest)]}
    svg = accuracy_plot(rows, None, "t")
    for px, py in (point for line in points(svg) for point in line):
        assert LEFT < px < LEFT + WIDTH and TOP <= py <= TOP + HEIGHT
    percents = [
        float(word) for word, at in texts(svg).items() if at["text-anchor"] == "end"
    ]
    assert 3 <= len(percents) <= 9 and min(percents) >= 0 and max(percents) <= 100
    assert min(percents) <= 100 * lowest and 100 * highest <= max(percents)


def test_the_original_is_one_dashed_line_at_its_height():
    rows = {"a": [(1, 0.0), (2, 1.0)]}
    dashed = [
        line
        for line in ET.fromstring(accuracy_plot(rows, 0.5, "t")).iter(f"{SVG}line")
        if line.get("stroke-dasharray") and float(line.get("x1")) == LEFT
    ]
    assert [float(dashed[0].get(k)) for k in ("y1", "y2")] == [TOP + HEIGHT / 2] * 2
    assert len(dashed) == 1
    assert 'dasharray="6' not in accuracy_plot(rows, None, "t")
    assert not any(
        word.startswith("ANN") for word in texts(accuracy_plot(rows, None, "t"))
    )


def test_the_legend_is_right_of_the_plot_and_inside_the_picture():
    rows = {f"method {'m' * i}": [(1, 0.1 * i)] for i in range(9)}
    svg = accuracy_plot(rows, 0.9, "t")
    root, words = ET.fromstring(svg), texts(svg)
    for label in rows:
        at = words[label]
        assert float(at["x"]) > LEFT + WIDTH
        assert float(at["x"]) + 6 * len(label) < float(root.get("width"))
        assert float(at["y"]) < float(root.get("height"))
    colours = [
        (line.get("stroke"), line.get("stroke-dasharray"))
        for line in root.iter(f"{SVG}polyline")
    ]
    assert len(set(colours)) == 9


def test_close_time_steps_do_not_overlap():
    rows = {"a": [(t, 0.5) for t in (1, 500, 510, 1000, 1001, 1024)]}
    ticks = [
        float(at["x"])
        for word, at in texts(accuracy_plot(rows, None, "t")).items()
        if word.isdigit() and at["text-anchor"] == "middle"
    ]
    gaps = [b - a for a, b in itertools.pairwise(ticks)]
    assert len(ticks) >= 3 and min(gaps) > 4 * 6


def test_text_is_escaped():
    svg = accuracy_plot({"<b> & co": [(1, 0.5)]}, None, 'T < 8 & "x"')
    assert {"<b> & co", 'T < 8 & "x"', "Time steps", "Accuracy (%)"} <= set(texts(svg))


@pytest.mark.parametrize(
    ("rows", "ann"),
    [
        ({}, 0.5),
        ({"a": []}, None),
        ({"a": [(0, 0.5)]}, None),
        ({"a": [(1, 50.0)]}, None),
        ({"a": [(1, math.nan)]}, None),
        ({"a": [(1, 0.5)]}, 93.0),
    ],
)
def test_refuses_what_cannot_be_drawn(rows, ann):
    with pytest.raises(OptionError, match="cannot be drawn"):
        accuracy_plot(rows, ann, "t")
