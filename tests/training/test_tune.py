"""Tuning a converted network: what improves, what is kept, what is refused."""

import json
from types import SimpleNamespace

import keras
import models
import numpy as np
import pytest

import tfsnn
from tfsnn.analysis.page.content import _options
from tfsnn.errors import DataError, ModelError, OptionError
from tfsnn.simulation.report import ConversionReport
from tfsnn.training import OperationBudget, SpikeBudget, TuningSettings, tunable, tune
from tfsnn.training.gradients import usual_gradient

DRAWN = np.random.default_rng(4)
CENTRES = DRAWN.normal(size=(4, 8)).astype(np.float32)
Y = DRAWN.integers(0, 4, 400)
X = (CENTRES[Y] + 0.6 * DRAWN.normal(size=(400, 8))).astype(np.float32)
QUICK = TuningSettings(epochs=6, batch_size=20, learning_rate=0.01)


@pytest.fixture(scope="module")
def ann():
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense
    layers = [keras.Input((8,)), dense(24, "relu"), dense(24, "relu")]
    model = keras.Sequential([*layers, dense(4, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, epochs=15, batch_size=20, verbose=0)
    return model


@pytest.fixture(scope="module")
def snn(ann):
    return tfsnn.convert(ann, X, method="data_norm", timesteps=2)


@pytest.fixture(scope="module")
def tuning(ann, snn):
    return tune(snn, (X, Y), QUICK, ann=ann)


def accuracy(network):
    return float((network.predict(X, verbose=0).argmax(1) == Y).mean())


def test_tuning_raises_the_accuracy(snn, tuning):
    assert tuning.improved and accuracy(tuning.snn) > accuracy(snn) + 0.1
    assert tuning.after.value == max(tuning.fitted.scores) > tuning.before.value
    assert (tuning.samples, tuning.held_out) == (360, 40)
    assert tuning.fitted.steps == 6 * 18


def test_the_report_says_so_and_is_saved(snn, tuning, tmp_path):
    entry = tuning.snn.report.tuned
    assert snn.report.tuned is None
    assert (entry.loss, entry.gradient) == ("labels and teacher", "time")
    assert (entry.metric, entry.samples) == ("accuracy", 360)
    assert (entry.before, entry.after) == (tuning.before.value, tuning.after.value)
    assert str(entry) in str(tuning.snn.report)
    tuning.snn.save(tmp_path / "tuned.keras")
    loaded = tfsnn.load_model(tmp_path / "tuned.keras")
    assert loaded.report == tuning.snn.report
    assert np.array_equal(
        loaded.predict(X, verbose=0), tuning.snn.predict(X, verbose=0)
    )


def test_the_page_says_so(snn, tuning):
    shown = dict(_options(SimpleNamespace(report=tuning.snn.report)))
    assert shown["tuning"] == str(tuning.snn.report.tuned)
    assert "tuning" not in dict(_options(SimpleNamespace(report=snn.report)))


def test_reports_of_before_are_read(snn):
    config = snn.report.to_dict()
    del config["tuned"]
    assert ConversionReport.from_dict(config) == snn.report


def test_the_result_as_text_and_json(tuning):
    found = json.loads(json.dumps(tuning.to_dict()))
    assert [row["timesteps"] for row in found["rows"]] == [1, 2]
    last = found["rows"][-1]
    assert (last["before"], last["after"]) == (
        tuning.before.value,
        tuning.after.value,
    )
    lines = str(tuning).splitlines()
    assert lines[1].split() == ["T", "before", "after"]
    assert lines[-1].split()[1:] == [f"{last['before']:.4f}", f"{last['after']:.4f}"]


def test_it_distils_without_labels(ann, snn):
    found = tune(snn, X, QUICK, ann=ann)
    assert found.loss == "teacher"
    assert found.before.measures == "agreement with the ANN"
    assert found.after.value > found.before.value + 0.05


def test_it_is_never_worse_than_before(ann, tuning):
    found = tune(tuning.snn, (X, (Y + 1) % 4), QUICK, validation=(X, Y))
    assert not found.improved and found.snn is tuning.snn
    assert found.after == found.before
    assert "No better weights were found" in str(found)


def test_the_same_seed_gives_the_same_weights(ann, snn, tuning):
    again = tune(snn, (X, Y), QUICK, ann=ann)
    for ours, theirs in zip(
        again.snn.get_weights(), tuning.snn.get_weights(), strict=True
    ):
        assert np.array_equal(ours, theirs)


def test_a_budget_lowers_the_operations(snn):
    def operations(network):
        found = tfsnn.evaluate(network, (X, Y), timesteps=[2])
        return found.rows[-1].synops

    net = tunable(snn)
    budget = OperationBudget(net, X, target=0.5, weight=10.0)
    assert budget.cost * 2 == pytest.approx(operations(snn), rel=1e-5)
    net.penalties.append(budget)
    net.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    net.fit(X, Y, epochs=6, batch_size=20, verbose=0)
    assert operations(net.spiking_model()) < 0.7 * operations(snn)


def test_a_budget_of_spikes_counts_them(snn):
    budget = SpikeBudget(snn, X, target=0.5)
    trace = snn.simulate(X)
    names = list(snn.populations)
    spikes = sum(np.sum(trace.spikes[name]) for name in names) / 400
    assert budget.cost * 2 == pytest.approx(float(spikes), rel=1e-5)


def wrong(changes):
    y = Y.copy()
    y[17] = changes
    return y


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        ((X, wrong(4)), DataError, "label 4, which is out of range"),
        ((np.where(X > 3, np.nan, X), Y), DataError, "NaN or Inf"),
        ((100 * X, Y), DataError, r"lie between .* in the calibration.*scaled alike"),
        (X, OptionError, "no labels, and there is no ANN to learn from"),
        ((X[:8], Y[:8]), DataError, "too few to hold some of them out"),
    ],
)
def test_data_that_does_not_fit_is_one_error(snn, data, kind, message):
    with pytest.raises(kind, match=message):
        tune(snn, data, QUICK)


def test_a_silent_layer_is_named(snn):
    weights = snn.get_weights()
    dead = tfsnn.SpikingModel.from_config(snn.get_config())
    dead.set_weights([-abs(w) if w.shape == (24, 24) else w for w in weights])
    second = [*dead.populations][1]
    with pytest.raises(ModelError, match=f"^{second} sends no spikes"):
        tune(dead, (X, Y), QUICK)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"augment": ("turn",)}, "unknown augmentation: 'turn'"),
        ({"augment": ("flip",)}, r"changes pictures.*\(8,\)"),
        ({"gradient": "luck"}, "rates"),
        ({"budget": 0.0}, "target"),
    ],
)
def test_impossible_settings_are_refused(snn, given, message):
    with pytest.raises(OptionError, match=message):
        tune(snn, (X, Y), TuningSettings(**given))


def test_an_ann_is_refused(ann):
    with pytest.raises(ModelError, match="is no spiking network: convert it"):
        tune(ann, (X, Y))


@pytest.mark.parametrize(
    ("method", "steps", "gradient"),
    [("paced", 8, "time"), ("paced", 9, "rates"), ("ttfs", 1, "rates")],
)
def test_the_gradient_is_through_time_for_few_steps_of_neurons_with_slopes(
    method, steps, gradient
):
    model = models.randomise(models.mlp())
    made = tfsnn.convert(model, models.samples(model, 8), method, timesteps=steps)
    assert usual_gradient(made.graph, made.timesteps) == gradient
