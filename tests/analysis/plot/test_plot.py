"""The figures of matplotlib, read back from their axes."""

import ast
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib import image as images
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import tfsnn
from tfsnn.analysis import plot
from tfsnn.analysis.comparison import ComparedRow
from tfsnn.analysis.intervals import Interval
from tfsnn.analysis.plot.spikes import drawn_neurons, pixels
from tfsnn.analysis.plot.style import COLOURS, look
from tfsnn.errors import OptionError


def curve(axes, label):
    (line,) = (line for line in axes.lines if line.get_label() == label)
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_estimates_are_drawn_with_their_bounds_in_the_unit():
    points = [(1, Interval(20.0, 10.0, 40.0)), (4, Interval(50.0, 45.0, 60.0))]
    figure = plot.over_time({"a": points}, "Things", level=("ANN", 30.0), unit=10.0)
    (axes,) = figure.axes
    x, y = curve(axes, "a")
    assert (x.tolist(), y.tolist()) == ([1, 4], [2, 5])
    assert set(curve(axes, "ANN")[1]) == {3.0}
    band = axes.collections[0].get_paths()[0].vertices
    assert {tuple(v) for v in band} == {(1, 1), (1, 4), (4, 4.5), (4, 6)}
    assert axes.get_xscale() == "log" and axes.get_xticks().tolist() == [1, 4]
    assert axes.get_ylabel() == "Things"


def test_the_names_of_curves_are_outside_the_axes_and_inside_the_figure():
    points = [(1, Interval(0.5, 0.4, 0.6)), (2, Interval(0.6, 0.5, 0.7))]
    curves = {f"method {i} {'m' * 6 * i}": points for i in range(10)}
    figure = plot.over_time(curves, "x", level=("ANN", 0.9), title="<a> & $b$" * 9)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [*curves, "ANN"]
    assert legend.get_title().get_text().replace("\n", " ") == "<a> & $b$" * 9
    box, whole = legend.get_window_extent(), figure.bbox
    assert whole.x0 <= box.x0 and box.x1 <= whole.x1 and box.y1 <= whole.y1
    assert box.y0 >= figure.axes[0].get_window_extent().y1
    assert len({tuple(look(i).values()) for i in range(36)}) == 36


def test_layers_are_bars_from_top_to_bottom():
    bars = {"first": {"a": 1.0, "b": 2.0}, "second": {"a": 3.0}}
    (axes,) = plot.layers(bars, "Size").axes
    widths = [[bar.get_width() for bar in group] for group in axes.containers]
    assert widths[0] == [1, 3] and widths[1][0] == 2 and np.isnan(widths[1][1])
    places = [bar.get_y() for bar in axes.containers[0]]
    top, bottom = sorted(axes.get_ylim(), reverse=True)
    assert places[0] < places[1] and axes.get_ylim() == (top, bottom)  # downwards
    assert [t.get_text() for t in axes.get_yticklabels()] == ["first", "second"]
    hatches = {bar.get_hatch() for group in axes.containers for bar in group}
    assert len(hatches) == 2


def test_bars_are_told_apart_by_lines_which_are_small_as_svg():
    figure = plot.layers({"layer": dict.fromkeys("abcd", 1.0)}, "Size")
    (axes,) = figure.axes
    assert len({group[0].get_hatch() for group in axes.containers}) == 4
    assert len(plot.svg(figure)) < 50_000


def test_errors_are_in_per_cent():
    found = SimpleNamespace(errors=lambda: {"layer": {"clipping": 0.25}})
    (axes,) = plot.errors(found).axes
    assert axes.containers[0][0].get_width() == 25


def test_decoded_units_lie_where_they_are():
    x, y = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[0.0, 1.5], [1.5, 2.5]])
    (axes,) = plot.decoded(x, y, "layer", largest=2.5).axes
    dots = next(line for line in axes.lines if line.get_marker() == ".")
    assert np.column_stack(dots.get_data()).tolist() == [
        *([0, 0], [1, 1.5], [2, 1.5], [3, 2.5])
    ]
    assert [2.5, 2.5] in [list(line.get_ydata()) for line in axes.lines]
    (axes,) = plot.decoded(x, y, "layer", largest=np.inf).axes
    assert len(axes.lines) == 2
    many = np.arange(5000.0)
    (axes,) = plot.decoded(many, 2 * many, "layer").axes
    dots = next(line for line in axes.lines if line.get_marker() == ".")
    assert len(set(dots.get_xdata())) == 1000
    assert np.array_equal(dots.get_ydata(), 2 * dots.get_xdata())


def test_a_raster_has_a_pixel_for_each_neuron_and_step():
    spikes = np.array([[0, 1, 0], [-1, 4, 0]], np.float32)  # (T, units)
    figure = plot.raster({"a": spikes, "b": np.zeros((2, 2, 2))})
    image = figure.axes[0].images[0]
    shown = np.asarray(image.get_array())
    assert shown.shape == (3, 2, 4)  # neurons, steps
    assert np.array_equal(shown[..., 3] > 0, spikes.T != 0)
    assert shown[0, 1, :3] == pytest.approx(to_rgb(COLOURS[1]))
    assert shown[1, 1, :3] == pytest.approx(to_rgb(COLOURS[0]))
    assert shown[1, 1, 3] == 1 > shown[1, 0, 3]
    assert list(image.get_extent()) == [0.5, 2.5, -0.5, 2.5] and image.origin == "lower"
    assert figure.axes[1].get_title("left") == "b: 4 neurons"


def test_neurons_drawn_are_those_that_spike():
    spikes = np.zeros((3, 10, 10))
    spikes[1, :, ::2] = 1
    rows, total = drawn_neurons(spikes)
    assert total == 100 and rows.shape == (3, 40) and (rows[1] == 1).all()
    assert drawn_neurons(np.zeros((3, 100)))[0].shape == (3, 40)
    few = np.arange(12).reshape(3, 2, 2)
    assert np.array_equal(drawn_neurons(few)[0], few.reshape(3, 4))
    assert pixels(np.zeros((0, 3))).shape == (0, 3, 4)


def test_potentials_are_of_the_neurons_that_spike_most():
    spikes = np.array([[0, 1, 0, 1], [1, 1, 0, 0], [0, -1, 0, 1]])
    volts = np.arange(12.0).reshape(3, 4)
    (axes,) = plot.potentials({"a": spikes}, {"a": volts}).axes
    lines = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert [list(line.get_ydata()) for line in lines] == [
        *([1, 5, 9], [3, 7, 11], [0, 4, 8])
    ]
    assert [line.get_markevery() for line in lines] == [[0, 1, 2], [0, 2], [1]]


def compared(method, energy, accuracy, agreement=0.5):
    return ComparedRow(
        *(method, {}, "binary", 4, 4, accuracy, agreement, 0.25), energy_ratio=energy
    )


def test_the_frontier_is_a_line_and_each_method_has_its_marker():
    a, b, c = (
        compared("a", 0.1, 0.8),
        compared("a", 0.2, 0.9),
        compared("b", 0.3, 0.7),
    )
    (axes,) = plot.frontier([a, b, c], [a, b], 0.95).axes
    assert [list(each) for each in curve(axes, "frontier")] == [[0.1, 0.2], [80, 90]]
    assert [list(each) for each in curve(axes, "b")] == [[0.3], [70]]
    assert set(curve(axes, "ANN")[1]) == {95.0}
    markers = {
        line.get_marker() for line in axes.lines if line.get_label() in ("a", "b")
    }
    assert len(markers) == 2
    for energy in (0.0, 0.02):
        (axes,) = plot.frontier([a, compared("b", energy, 0.7)], [a]).axes
        assert curve(axes, "b")[0].tolist() == [energy]
        assert axes.get_xscale() == "log" and axes.get_xlim()[1] > 0.1
    (axes,) = plot.frontier([compared("a", 0.1, None, 0.6)], [], 0.95).axes
    assert curve(axes, "a")[1].tolist() == [60]
    assert "Agreement" in axes.get_ylabel()
    number = compared("a", 0.1, None, None)
    (axes,) = plot.frontier([number], [number], task="regression").axes
    assert curve(axes, "a")[1].tolist() == [25]
    assert axes.get_ylabel() == "Output error (% of the deviation)"
    number = compared("a", 0.1, 24.5, None)
    (axes,) = plot.frontier([number], [number], 30.0, task="image").axes
    assert curve(axes, "a")[1].tolist() == [24.5] and axes.get_ylabel() == "PSNR (dB)"
    assert set(curve(axes, "ANN")[1]) == {30.0}


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot.over_time({}, "x"),
        lambda: plot.over_time({"a": [(0, Interval(1, 1, 1))]}, "x"),
        lambda: plot.layers({}, "x"),
        lambda: plot.decoded([1.0], [1.0, 2.0], "x"),
        lambda: plot.decoded([], [], "x"),
        lambda: plot.raster({}),
        lambda: plot.potentials({}, {}),
        lambda: plot.potentials({"a": np.ones((2, 1))}, {"a": np.ones((3, 1))}),
        lambda: plot.frontier([], []),
        lambda: plot.comparison({}),
        lambda: plot.comparison({"a": []}, 0.5, "net"),
    ],
)
def test_refuses_what_cannot_be_drawn(draw):
    with pytest.raises(OptionError, match=r"(can|cannot) be drawn"):
        draw()


def test_figures_leave_no_trace_and_are_texts():
    before = dict(matplotlib.rcParams)
    figure = plot.layers({"<a>": {"b": 1.0}}, "Size")
    text = plot.svg(figure)
    assert isinstance(figure, Figure) and dict(matplotlib.rcParams) == before
    words = [
        e.text for e in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {"<a>", "Size"} <= set(words)
    assert plot.svg(plot.layers({"<a>": {"b": 1.0}}, "Size")) == text


def test_the_same_figure_is_the_same_file_whatever_its_format(tmp_path):
    for suffix in (".svg", ".png", ".pdf"):
        written = []
        for name in "ab":
            path = tmp_path / f"{name}{suffix}"
            plot.save(plot.layers({"<a>": {"b": 1.0}}, "Size"), path)
            written.append(path.read_bytes())
        assert written[0] == written[1], suffix
    shown = images.imread(tmp_path / "a.png")
    assert shown[0, 0].tolist() == [1, 1, 1, 1]  # white, and opaque


def test_a_file_of_another_format_is_refused(tmp_path):
    with pytest.raises(OptionError, match=r"figure\.gif.*\.svg, \.png, \.pdf"):
        plot.save(plot.layers({"a": {"b": 1.0}}, "x"), tmp_path / "figure.gif")
    assert not list(tmp_path.iterdir())


def test_no_module_imports_matplotlib_or_jinja2_at_its_top():
    """They are imported with the first figure, or the first page."""
    root = Path(tfsnn.__file__).parent
    for path in (*root.rglob("*.py"), *(root.parent / "cli").rglob("*.py")):
        for statement in ast.parse(path.read_text()).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                text = ast.unparse(statement)
                assert "matplotlib" not in text and "jinja2" not in text, path
