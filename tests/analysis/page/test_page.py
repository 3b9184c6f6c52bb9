"""The page: what is measured for it, and what is on it."""

import html
import re
import sys

import browser
import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.analysis.intervals import wilson
from tfsnn.analysis.page import report_page
from tfsnn.analysis.page.measure import measure
from tfsnn.analysis.page.recorded import decode, record
from tfsnn.data import open_data, open_for
from tfsnn.errors import DataError, ModelError, OptionError
from tfsnn.extras import MissingPackageError
from tfsnn.hardware.energy import DEFAULT, EnergyProfile
from tfsnn.simulation.engines import as_engine
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.sums import COEFFICIENTS, EVENT_SYNOPS, SPIKES, SYNOPS

needs_browser = pytest.mark.skipif(
    browser.BROWSER is None, reason=f"none of {', '.join(browser.NAMES)} is installed"
)


def pictures(channels=3):
    """A network that sees pictures."""
    return keras.Sequential(
        [
            keras.Input((8, 8, channels)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="first"),
            layers.AveragePooling2D(2),
            layers.Conv2D(3, 2, activation="relu", name="second"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def network():
    """A model, its SNN, which disagrees at times, pictures and labels."""
    model = models.randomise(pictures())
    x = np.random.default_rng(0).uniform(0, 1, (40, 8, 8, 3)).astype(np.float32)
    y = model.predict(x, verbose=0).argmax(-1)
    y[::5] = (y[::5] + 1) % 3
    snn = tfsnn.convert(model, x, "termapping", timesteps=4, correct="none")
    return model, snn, x, y


@pytest.fixture(scope="module")
def page(network):
    model, snn, x, y = network
    return report_page(
        *(model, snn, (x, y)),
        command="tfsnn report 'a b' & <c>",
        energy=EnergyProfile("<own>", 8.0, 2.0, "me & you"),
    )


def swept(network, batch_size, **options):
    model, snn, x, y = network
    return measured(model, snn, (x, y), [1, 2, 4], batch_size, **options)


def measured(model, snn, data, steps, batch_size=32, **options):
    engine = as_engine(snn)
    opened = open_for(engine, data)
    judging = Judging.of(engine.outputs, opened, None, engine.hints)
    return measure(model, snn, opened.batches(batch_size), steps, judging, **options)


def test_means_are_those_of_evaluate(network):
    model, snn, x, y = network
    found = swept(network, batch_size=15)
    expected = tfsnn.evaluate(snn, (x, y), ann=model, timesteps=[1, 2, 4])
    (output,) = found.outputs
    assert output.ann_score.value == expected.ann_score == 0.8
    for i, row in enumerate(expected.rows):
        assert output.score(i) == wilson(round(40 * row.accuracy), 40)
        assert output.agreement(i) == wilson(round(40 * row.agreement), 40)
        assert output.error(i).value == row.output_error
        means = [found.count(i, column).value for column in range(4)]
        assert means == pytest.approx(
            [row.spikes, row.coefficients, row.synops_events, row.synops]
        )
    assert found.work[-1].synops == pytest.approx(expected.rows[-1].synops)
    assert (SPIKES, COEFFICIENTS, EVENT_SYNOPS, SYNOPS) == (0, 1, 2, 3)
    assert expected.rows[-1].energy_ratio == pytest.approx(
        DEFAULT.snn(found.work[-1]) / DEFAULT.ann(found.work[-1])
    )


def test_samples_that_differ_are_kept_with_those_asked_for(network):
    model, snn, x, _ = network
    found = swept(network, wanted=(3, 17), batch_size=11)
    ann = model.predict(x, verbose=0).argmax(-1)
    differ = np.flatnonzero(snn.predict(x, verbose=0).argmax(-1) != ann).tolist()
    (output,) = found.outputs
    assert [sample.number for sample in output.differing] == differ
    assert output.different == len(differ) and 1 < len(differ) < 12
    assert sorted(found.chosen) == [3, 17]
    for sample in (*found.chosen.values(), *output.differing):
        number = sample.number
        assert np.array_equal(sample.x, x[number : number + 1])
        assert (sample.label, sample.ann) == (network[3][number], ann[number])
        assert sample.snn == sample.history[-1] and len(sample.history) == 3
        assert (sample.difference == 1) == (number in differ)


def test_bad_samples_and_labels_are_refused(network):
    model, snn, x, y = network
    with pytest.raises(OptionError, match="there is no sample 40, 99"):
        swept(network, batch_size=50, wanted=(1, 40, 99))
    with pytest.raises(DataError, match="label 3, which is out of range"):
        measured(model, snn, (x, y + 1), [1])
    with pytest.raises(ModelError, match="was not converted from"):
        report_page(models.randomise(models.mlp()), snn, x)
    with pytest.raises(OptionError, match="timesteps=0"):
        report_page(model, snn, x, timesteps=0)


@pytest.mark.slow
def test_pre_steps_count_in_operations_and_not_in_time():
    model = models.randomise(models.mlp())
    x = models.samples(model, 12)
    snn = tfsnn.convert(model, x, "srp", timesteps=2)
    pre_steps = snn.graph.clock.pre_steps
    assert pre_steps > 0
    found = measured(model, snn, x, [1, 2])
    expected = tfsnn.evaluate(snn, x, ann=model, timesteps=[1, 2])
    assert [found.count(i, SYNOPS).value for i in (0, 1)] == pytest.approx(
        [row.synops for row in expected.rows]
    )
    assert found.outputs[0].score(0) is None
    text = report_page(model, snn, x)
    assert f"The first {pre_steps} steps set up the neurons" in text
    assert "SNN accuracy" not in text


def test_what_spikes_stand_for_is_compared_with_the_activation(network):
    model, snn, x, _ = network
    found = decode(model, snn, open_data(x, snn.inputs_by_name), 4)
    trace = snn.simulate(x[:10], 4, ("spikes", "potentials"))
    activation = keras.Model(model.inputs, model.get_layer("second").output)(x[:10])
    name = list(snn.populations)[-1]
    np.testing.assert_allclose(found[name].activation, activation, atol=1e-5)
    scale = np.asarray(snn.graph[name].scale)
    np.testing.assert_allclose(
        found[name].decoded, trace.spikes[name].mean(0) * scale, rtol=1e-5
    )
    assert found[name].largest.max() == scale.max()
    alone = record(snn, x[2:3], 4)
    for kind in ("spikes", "potentials"):
        expected = getattr(trace, kind)[name][:, 2]
        np.testing.assert_allclose(getattr(alone, kind)[name], expected, atol=1e-5)


@pytest.mark.slow
def test_parts_are_all_operations(network, page):
    """As the table of the page has them."""
    model, snn, x, y = network
    rows = re.findall(
        r'<tr><th scope="row">(.*?)</th><td>(AC|MAC)</td>(.*?)</tr>', page
    )
    expected = tfsnn.evaluate(snn, (x, y), ann=model, timesteps=[4]).rows[0].synops
    first = snn.operations_per_sample().constant_macs
    shares = [float(re.findall(r"<td>([0-9.]+) %</td>", row[2])[0]) for row in rows]
    energies = [float(re.findall(r"<td>([0-9.]+) %</td>", row[2])[1]) for row in rows]
    assert [row[1] for row in rows] == ["MAC", "AC", "AC"]
    assert rows[0][0] == snn.connections().layers[0].name + ", once"
    assert sum(shares) == pytest.approx(100, abs=0.02)
    assert shares[0] == pytest.approx(100 * first / (first + expected), abs=0.01)
    assert energies[0] == pytest.approx(
        100 * 8 * first / (8 * first + 2 * expected), abs=0.01
    )
    assert "<strong>&lt;own&gt;</strong>. me &amp; you. 8 pJ" in page


def test_the_page_has_one_figure_of_all_energy_models(network, page):
    """Side by side, and in words by which of them the SNN loses."""
    model, snn, x, y = network
    found = tfsnn.evaluate(snn, (x, y), ann=model, timesteps=[4])
    assert page.count('<figure id="figure-models"') == 1
    lost = [each.name for each in found.energies if each.ratio >= 1]
    assert "bit-matched" in lost
    named = f"SNN takes more energy than the ANN by {', '.join(lost)}"
    assert f"<strong>The {named}" in page and f"every model: the {named}" in page


@pytest.mark.slow
def test_the_page_needs_nothing_else(page):
    assert "<script" not in page and "@import" not in page
    addresses = re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)', page)
    assert len(addresses) > 20
    assert all(re.match("#|data:", a or b) for a, b in addresses)
    assert "tfsnn report &#39;a b&#39; &amp; &lt;c&gt;" in page
    assert "<own>" not in page
    identifiers = re.findall(r'\bid="([^"]*)"', page)
    assert len(set(identifiers)) == len(identifiers)


def test_the_page_says_what_was_found(network, page):
    model, snn, x, y = network
    last = tfsnn.evaluate(snn, (x, y), ann=model, timesteps=[4]).rows[0]
    for share in (last.accuracy, last.agreement):
        assert f"<dd>{100 * share:.2f} %</dd>" in page
    operations = snn.operations_per_sample()
    ratio = 8 * operations.constant_macs + 2 * last.synops
    assert f"<dd>{ratio / (8 * operations.ann_macs):.3f}</dd>" in page
    assert "Wilson" in page and "me &amp; you" in page
    diagnosis = tfsnn.diagnose(model, snn, x)
    assert html.escape(diagnosis.advice) in page
    for name in ("tensorflow", "keras"):
        version = sys.modules[name].__version__
        assert f"<dt>{name}</dt><dd>{version}</dd>" in page


def test_a_network_without_spikes_has_a_page():
    smooth = [keras.Input((6,)), layers.Dense(4, "gelu"), layers.Dense(3)]
    model = models.randomise(keras.Sequential(smooth))
    x = models.samples(model, 4)
    text = report_page(model, tfsnn.convert(model, x, timesteps=2), x)
    assert "Nothing of this network spikes." in text
    assert 'id="rates"' not in text and 'id="samples"' not in text
    assert "On none of the 4 samples." in text
    assert re.search(
        r"dense\w*, once", text
    )  # what a constant input reaches is constant


def test_the_extra_is_named_where_it_is_not_there(network, monkeypatch):
    model, snn, x, _ = network
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(
        MissingPackageError, match=r"jinja2.*pip install 'tfsnn\[report\]'"
    ):
        report_page(model, snn, x)


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_every_figure_and_has_nothing_to_say(page, tmp_path, dark):
    found, console = browser.visit(page, tmp_path, dark)
    assert len(console) == 1 and "the console is heard" in console[0], console
    expected = {
        *("figure-judged-0-0", "figure-spikes", "figure-energy", "figure-errors"),
        *("figure-firing", "figure-clipping", "figure-operations"),
        *("figure-decoded-0", "figure-decoded-1"),
        *("figure-raster-0", "figure-potentials-0"),
    }
    for size, width in (("phone", 390), ("desktop", 1280)):
        seen = found[size]
        assert seen["width"] == width and seen["needed"] <= width  # no scrolling aside
        assert seen["background"] == (
            "rgb(20, 23, 26)" if dark else "rgb(255, 255, 255)"
        )
        figures = seen["figures"]
        assert expected < figures.keys()
        for name, figure in figures.items():
            left, top, right, bottom = figure["box"]
            assert left >= 0 and right <= width and bottom - top > 30, name
            assert figure["parts"] > 10 or figure["loaded"] == 8, name
            for text, x0, y0, x1, y1 in figure["texts"]:
                inside = left - 2 <= x0 and x1 <= right + 2
                assert inside and top - 2 <= y0 and y1 <= bottom + 2, (name, text)
                assert y1 - y0 > 7, (name, text)  # can be read
