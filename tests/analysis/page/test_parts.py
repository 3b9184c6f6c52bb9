"""Parts of the page: pictures, inlined figures, and the frontier of methods."""

import base64
import json
import re

import numpy as np
import pytest
import tensorflow as tf

from tfsnn.analysis import plot
from tfsnn.analysis.comparison import ComparedOutput, ComparedRow, Comparison
from tfsnn.analysis.page.inline import inline_svg, mask_picture, picture
from tfsnn.analysis.page.methods import frontier_of, measured_rows, read_comparison
from tfsnn.errors import DataError
from tfsnn.hardware.energy import DEFAULT, EnergyProfile


def pixels_of(address):
    head, data = address.split(",")
    assert head == "data:image/png;base64"
    return tf.io.decode_png(base64.b64decode(data), channels=3).numpy()


def test_classes_of_places_have_a_colour_each():
    png = pixels_of(mask_picture(np.arange(-1, 15).reshape(4, 4)))
    colours = [tuple(colour) for colour in png.reshape(-1, 3).tolist()]
    assert colours[0] == (255, 255, 255) and colours[1] == (0, 0, 0)
    assert colours[2] == (0x00, 0x72, 0xB2)
    assert len(set(colours)) == 16
    assert pixels_of(mask_picture(np.ones((2, 3), int))).shape == (2, 3, 3)


def test_pictures_are_png_that_hold_the_pixels():
    def read(x, span=None):
        address, stretched = picture(x, span)
        return pixels_of(address), stretched

    colours = np.arange(48).reshape(4, 4, 3) / 51
    png, stretched = read(colours)
    assert np.array_equal(png, (255 * colours).round()) and not stretched
    png, stretched = read(np.array([[[0.0], [200.0]], [[255.0], [3.0]]]))
    assert png[..., 0].tolist() == [[0, 200], [255, 3]] and not stretched
    png, stretched = read(np.array([[-1.0, 0.0], [1.0, 1.0]]))
    assert png[..., 2].tolist() == [[0, 128], [255, 255]] and stretched
    assert read(np.zeros((2, 2)))[0].max() == 0
    png, stretched = read(np.array([[-1.0, 0.0], [1.0, 1.0]]), (0.0, 0.5))
    assert png[..., 0].tolist() == [[0, 0], [255, 255]] and not stretched
    png, stretched = read(np.array([[-1.0, 0.0], [1.0, 3.0]]), (-1.0, 3.0))
    assert png[..., 0].tolist() == [[0, 64], [128, 255]] and stretched
    assert picture(np.zeros(6)) is None and picture(np.zeros((2, 2, 4))) is None


def test_an_inlined_figure_takes_the_colours_of_the_page():
    text = inline_svg(plot.layers({"a": {"b": 1.0}}, "x"), "name", 'a "b" & <c>')
    assert text.startswith('<svg role="img" aria-label="a &quot;b&quot; &amp; &lt;c>" ')
    assert "var(--blue)" in text and "currentColor" in text
    assert not re.search("#0072b2|#222222|<!DOCTYPE|<metadata|<[?]xml", text, re.I)
    identifiers = re.findall(r'\bid="([^"]*)"', text)
    assert all(each.startswith("name-") for each in identifiers)
    referred = re.findall(r'(?:url\(|href=")#([^)"]*)', text)
    assert referred and set(referred) <= set(identifiers)


def row(name, energy, score, **more):
    more = {"score": score, "agreement": 0.5, "energy_ratio": energy, **more}
    return ComparedRow(name, {}, "binary", 4, **more)


def test_nothing_beats_the_frontier_and_it_beats_all_else(rng):
    rows = [
        row(str(i), *rng.integers(1, 8, 2).tolist()) for i in range(30)
    ]  # with equals

    def beats(a, b):
        at_least = a.energy_ratio <= b.energy_ratio and a.score >= b.score
        return at_least and (a.energy_ratio, a.score) != (
            b.energy_ratio,
            b.score,
        )

    best = frontier_of(rows)
    assert not any(beats(a, b) for a in rows for b in best)
    places = {(a.energy_ratio, a.score) for a in best}
    assert len(places) == len(best)
    for b in rows:
        beaten = any(beats(a, b) for a in best)
        assert beaten or (b.energy_ratio, b.score) in places
    assert [a.energy_ratio for a in best] == sorted(a.energy_ratio for a in best)


def test_a_comparison_is_read_back(tmp_path):
    failed = row("b", None, None, agreement=None, error="no")
    rows = (row("a", 0.5, 0.75), failed, row("c", None, 0.75))
    energy = EnergyProfile("mine", 2.0, 0.5, "a data sheet")
    output = ComparedOutput("y", "classification", "accuracy", 0.8)
    written = Comparison(20, rows, (output,), energy)
    file = tmp_path / "compare.json"
    file.write_text(json.dumps(written.to_dict()))
    for path in (file, str(tmp_path)):
        found = read_comparison(path)
        assert found.to_dict() == written.to_dict()
        assert measured_rows(found) == [found.rows[0]]
    older = {key: v for key, v in written.to_dict().items() if key != "energy"}
    file.write_text(json.dumps(older))
    assert read_comparison(file).energy is DEFAULT
    file.write_text('{"rows": [{"method": 1}]}')
    for path in (file, tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError, match="holds no comparison"):
            read_comparison(path)
