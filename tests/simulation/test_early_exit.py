"""Samples leave when they are decided, with the answer of that step."""

import dataclasses

import keras
import models
import numpy as np
import pytest
import tensorflow as tf

import tfsnn
from tfsnn.analysis.early_exit import calibrate_exit
from tfsnn.errors import CalibrationError, OptionError
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.simulate import simulate

T = 12
RULES = [
    ExitRule("margin", 0.3),
    ExitRule("entropy", 0.8),
    ExitRule("stable", 3),
    ExitRule("evidence", 4.0),
    ExitRule("evidence", 4.0, first_step=5),
]


@pytest.fixture(scope="module")
def spiking(trained):
    model, x = trained
    snn = tfsnn.convert(model, x[:100], "termapping", timesteps=T, correct="none")
    return snn, x


@pytest.fixture(scope="module")
def over_time(spiking):
    """The mean currents after each step, ``(T, N, classes)``."""
    snn, x = spiking
    (found,) = snn.run(x, observe=("outputs",)).observed.values()
    return found.numpy().astype(np.float64)


def expected_steps(rule, logits):
    """The same in NumPy, sample by sample, as the documentation has it."""
    steps = []
    for sample in range(logits.shape[1]):
        streak = 0
        for t in range(1, T + 1):
            z = logits[t - 1, sample]
            same = t > 1 and z.argmax() == logits[t - 2, sample].argmax()
            streak = streak + 1 if same else 1
            p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
            second, first = np.sort(p)[-2:]
            second_current, first_current = np.sort(z)[-2:]
            decided = {
                "margin": first - second >= rule.threshold,
                "entropy": -(p * np.log(p)).sum() / np.log(len(p)) <= rule.threshold,
                "stable": streak >= rule.threshold,
                "evidence": t * (first_current - second_current) >= rule.threshold,
            }[rule.kind]
            if decided and t >= rule.first_step:
                break
        steps.append(t)
    return np.array(steps)


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule", RULES, ids=lambda rule: f"{rule.kind}{rule.first_step}"
)
def test_each_sample_leaves_at_its_step_with_the_answer_of_that_step(
    rule, spiking, over_time
):
    snn, x = spiking
    found = snn.run(x, early_exit=rule)
    steps = found.steps.numpy()
    wanted = expected_steps(rule, over_time)
    assert (steps == wanted).all() and len(np.unique(steps)) > 2
    answers = over_time[steps - 1, np.arange(len(x))]
    np.testing.assert_allclose(found.outputs[0], answers, rtol=1e-4, atol=1e-5)


def test_spikes_are_counted_until_a_sample_leaves(spiking):
    snn, x = spiking
    rule = ExitRule("evidence", 4.0)
    found = snn.run(x, observe=("counts",), early_exit=rule)
    over_time = snn.run(x, observe=("counts",)).observed
    assert found.observed.keys() == over_time.keys()
    steps = found.steps.numpy()
    for key, values in over_time.items():
        sums = np.cumsum(values, 0)[steps - 1, np.arange(len(x))]
        assert (found.observed[key].numpy() == sums[None]).all()
    with pytest.raises(OptionError, match="over time"):
        snn.run(x, observe=("outputs",), early_exit=rule)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_without_compaction_and_under_xla_it_is_the_same(jit_compile, spiking):
    snn, x = spiking
    rule = ExitRule("evidence", 4.0)
    masked = tf.function(
        lambda x: simulate(snn.graph, x, T, early_exit=rule, static=True),
        autograph=False,
        jit_compile=jit_compile,
    )(tf.constant(x))
    found = snn.run(x, early_exit=rule)
    assert (masked.steps.numpy() == found.steps.numpy()).all()
    np.testing.assert_allclose(masked.outputs[0], found.outputs[0], 1e-4, 1e-5)


def test_asked_after_each_chunk_it_leaves_at_the_end_of_one(spiking, over_time):
    snn, x = spiking
    rule = ExitRule("evidence", 4.0)
    found = simulate(snn.graph, tf.constant(x), T, chunk=5, early_exit=rule)
    first = over_time.copy()
    left = np.full(len(x), T)
    for end in (10, 5):
        two = np.sort(first[end - 1], -1)
        left[end * (two[:, -1] - two[:, -2]) >= 4.0] = end
    assert (found.steps.numpy() == left).all() and set(left) == {5, 10, 12}


def test_the_extremes_are_one_step_and_all_steps(spiking):
    snn, x = spiking
    always = snn.run(x, early_exit=ExitRule("margin", 0.0))
    assert (always.steps.numpy() == 1).all()
    never = snn.run(x, early_exit=ExitRule("margin", 2.0))
    assert (never.steps.numpy() == T).all()
    plain = snn.run(x)
    assert (plain.steps.numpy() == T).all()
    np.testing.assert_allclose(never.outputs[0], plain.outputs[0], 1e-5, 1e-6)


def test_an_empty_batch_and_one_sample(spiking):
    snn, x = spiking
    rule = ExitRule("evidence", 4.0)
    empty = snn.run(x[:0], early_exit=rule)
    assert empty.outputs[0].shape == (0, 3) and empty.steps.shape == (0,)
    one, many = snn.run(x[:1], early_exit=rule), snn.run(x[:9], early_exit=rule)
    assert one.steps.numpy()[0] == many.steps.numpy()[0]


@pytest.mark.slow
def test_the_skip_of_a_residual_network_and_max_pooling_leave_too():
    for name in ("residual", "maxpool_on_spikes"):
        model = models.dyadic(models.MODELS[name]())
        x = models.samples(model, 40)
        snn = tfsnn.convert(model, x, "termapping", timesteps=8, correct="none")
        rule = ExitRule("stable", 2)
        found = snn.run(x, early_exit=rule)
        (over,) = snn.run(x, observe=("outputs",)).observed.values()
        steps = found.steps.numpy()
        assert len(np.unique(steps)) > 1
        answers = over.numpy()[steps - 1, np.arange(len(x))]
        np.testing.assert_allclose(found.outputs[0], answers, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_predict_gives_outputs_alone_and_the_rule_is_saved(spiking, tmp_path):
    snn, x = spiking
    config = snn.get_config()
    plain = snn.predict(x, verbose=0)
    snn = type(snn)(**config)
    snn.set_weights(spiking[0].get_weights())
    snn.early_exit = ExitRule("evidence", 4.0)
    found = snn.predict_early(x, batch_size=64, verbose=0)
    outputs = snn.predict(x, batch_size=64, verbose=0)
    assert type(outputs) is type(plain) and outputs.shape == plain.shape
    assert (outputs == found.outputs).all() and (outputs != plain).any()
    assert (found.steps == snn.run(x, early_exit=snn.early_exit).steps.numpy()).all()
    snn.save(tmp_path / "snn.keras")
    loaded = keras.saving.load_model(tmp_path / "snn.keras")
    assert loaded.early_exit == snn.early_exit
    assert (loaded.predict_early(x, verbose=0).steps == found.steps).all()
    np.testing.assert_allclose(loaded(x), found.outputs, rtol=1e-4, atol=1e-5)
    batches = tf.data.Dataset.from_tensor_slices(x).batch(4)
    by_keras = loaded.predict(batches, verbose=0)
    np.testing.assert_allclose(by_keras, found.outputs, rtol=1e-4, atol=1e-5)
    with pytest.raises(OptionError, match="no early exit: every sample takes"):
        spiking[0].predict_early(x)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["margin", "entropy", "stable", "evidence"])
@pytest.mark.parametrize("labelled", [False, True])
def test_calibration_keeps_the_loss_and_is_the_smallest_such(
    kind, labelled, spiking, over_time
):
    snn, x = spiking
    final = over_time[-1].argmax(-1)
    y = np.where(np.arange(len(x)) % 10 == 0, (final + 1) % 3, final)
    data = (x, y) if labelled else x
    found = calibrate_exit(snn, data, kind, max_loss=1.0)
    right = y if labelled else final
    steps = expected_steps(found.rule, over_time)
    top = over_time[steps - 1, np.arange(len(x))].argmax(-1)
    loss = 100 * ((final == right).mean() - (top == right).mean())
    assert found.samples == len(x) and found.labelled == labelled
    assert found.loss == pytest.approx(loss, abs=100 / len(x) + 1e-6)
    assert found.loss <= 1.0 + 1e-6 and 1 <= found.mean_steps < T
    none = calibrate_exit(snn, data, kind, max_loss=0.0)
    assert none.mean_steps >= found.mean_steps


def test_evaluate_tells_what_the_exit_does(spiking, over_time):
    snn, x = spiking
    other = type(snn)(**snn.get_config())
    other.set_weights(snn.get_weights())
    rule = other.early_exit = ExitRule("evidence", 4.0)
    y = over_time[-1].argmax(-1)
    found = tfsnn.evaluate(other, (x, y), timesteps=[2, T])
    steps = expected_steps(rule, over_time)
    same = over_time[steps - 1, np.arange(len(x))].argmax(-1) == y
    assert found.rows[-1].accuracy == 1.0
    assert found.early_exit.score == found.early_exit.agreement == same.mean()
    assert found.early_exit.mean_steps == pytest.approx(steps.mean())
    assert found.early_exit.images_per_second > 0
    assert found.to_dict()["early_exit"]["rule"]["kind"] == "evidence"
    assert "4.0" not in str(found) and "early exit by evidence at 4" in str(found)
    assert tfsnn.evaluate(snn, (x, y), timesteps=[2]).early_exit is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"kind": "luck", "threshold": 1},
        {"kind": "margin", "threshold": -1},
        {"kind": "margin", "threshold": float("nan")},
        {"kind": "margin", "threshold": 1, "first_step": 0},
    ],
)
def test_rules_that_cannot_be_are_refused(arguments):
    with pytest.raises(OptionError):
        ExitRule(**arguments)


def test_networks_that_answer_late_are_refused(trained):
    model, x = trained
    snn = tfsnn.convert(model, x[:50], "paced", timesteps=4, correct="none")
    with pytest.raises(OptionError, match="after each step"):
        snn.run(x, early_exit=RULES[0])
    with pytest.raises(OptionError, match="after each step"):
        calibrate_exit(snn, x)


def test_no_classifier_is_refused(spiking):
    snn, x = spiking
    regression = models.randomise(
        keras.Sequential([keras.Input((6, 6, 2)), keras.layers.Flatten()])
    )
    regression.add(keras.layers.Dense(4, activation="relu"))
    regression.add(keras.layers.Dense(1))
    one = tfsnn.convert(regression, x[:20], timesteps=4, correct="none")
    with pytest.raises(OptionError, match="judged as regression, where no step dec"):
        calibrate_exit(one, x)
    places = keras.Sequential([keras.Input((6, 6, 2)), keras.layers.Conv2D(3, 1)])
    several = tfsnn.convert(models.randomise(places), x[:20], timesteps=4)
    with pytest.raises(OptionError, match="one vector of scores for a sample"):
        several.run(x, early_exit=RULES[0])
    with pytest.raises(CalibrationError, match="50 or more"):
        calibrate_exit(snn, x[:20])
    with pytest.raises(OptionError, match="max_loss"):
        calibrate_exit(snn, x, max_loss=-1)


def test_a_rule_is_json():
    rule = ExitRule("entropy", 0.25, 2)
    assert ExitRule.from_dict(rule.to_dict()) == rule
    assert dataclasses.asdict(rule) == rule.to_dict()
