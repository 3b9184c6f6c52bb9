"""The first look at a conversion, and the advice that it gives."""

import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.analysis.check import check, held_back


@pytest.fixture(scope="module")
def network():
    model = models.randomise(models.mlp())
    return model, models.samples(model, 300)


def test_a_tenth_is_held_back_and_not_calibrated_with(network):
    model, x = network
    known = tfsnn.calibration(model, x, seed=3)
    rest, held = held_back(known, 20)
    ((kept, _),) = held.batches(1000)
    others = np.concatenate([batch for batch, _ in rest.data.batches(64)])
    assert len(kept) == 20 and len(others) == 280 and rest.seed == 3
    together = np.concatenate([kept, others])
    order = np.lexsort(together.T), np.lexsort(x.T)
    np.testing.assert_array_equal(together[order[0]], x[order[1]])
    assert tfsnn.convert(model, rest, timesteps=4).report.samples == 280


@pytest.mark.parametrize(("count", "most"), [(99, 50), (300, 9), (300, 0)])
def test_too_few_are_not_held_back(network, count, most):
    known = tfsnn.calibration(network[0], network[1][:count])
    assert held_back(known, most) == (known, None)


def test_figures_are_those_of_evaluate(network):
    model, x = network
    snn = tfsnn.convert(model, x[:200], timesteps=32)
    y = np.asarray(model(x[200:])).argmax(-1)
    found = check(model, snn, (x[200:], y))
    expected = tfsnn.evaluate(snn, (x[200:], y), ann=model, timesteps=[32])
    assert found.samples == 100
    assert found.outputs[0].figures[0].scores == expected.outputs[0].figures[0].scores
    assert found.energy_ratio == expected.rows[0].energy_ratio
    both = f" by 45nm-float32, {found.energies['bit-matched']:.2f} by bit-matched"
    assert f"energy {found.energy_ratio:.2f} times the model's{both}" in str(found)
    text = str(found)
    assert text.startswith("On 100 samples held back from calibration:")
    agreement = expected.rows[0].agreement
    assert f"the model's decision in {100 * agreement:.2f} %" in text
    assert "(the model 100.00 %)" in text


def test_a_network_that_is_far_gets_the_advice_of_its_diagnosis(network):
    model, x = network
    snn = tfsnn.convert(model, x[:200], "data_norm", timesteps=2)
    found = check(model, snn, x[200:])
    # It decides as the model does, by outputs that are as near as a constant.
    figures = found.outputs[0].figures[0]
    assert figures.agreement == 1 and figures.output_error > 1
    assert found.advice == tfsnn.diagnose(model, snn, x[200:]).advice
    few = tfsnn.convert(model, x[:20], "data_norm", timesteps=2)
    assert check(model, few, x[200:]).advice.startswith("more calibration samples (20")


def test_numbers_are_far_by_their_error():
    model = models.randomise(
        keras.Sequential([keras.Input((6,)), layers.Dense(8, "relu"), layers.Dense(2)])
    )
    x = models.samples(model, 300)
    y = np.asarray(model(x))
    fine = tfsnn.convert(model, (x, y), timesteps=64, levels=15)
    assert fine.report.tasks == {fine.outputs_known[0].name: "regression"}
    assert check(model, fine, x).outputs[0].figures[0].output_error < 0.01
    coarse = tfsnn.convert(model, (x, y), "data_norm", timesteps=1)
    found = check(model, coarse, x)
    assert found.outputs[0].figures[0].agreement is None
    assert found.outputs[0].figures[0].output_error > 0.05 and found.advice


def test_a_dear_network_is_told_at_which_step_it_would_be_cheap(network):
    model, x = network
    snn = tfsnn.convert(model, x[:200], timesteps=64, levels=15)
    found = check(model, snn, x[200:])
    assert found.energy_ratio > 1 and found.advice.startswith("fewer steps: after ")
    steps = int(found.advice.rpartition("--timesteps ")[2].rstrip(")"))
    rows = tfsnn.evaluate(snn, x[200:], ann=model).rows
    cheap = [row.timesteps for row in rows if row.energy_ratio < 1]
    assert steps == cheap[-1]


def test_a_network_in_which_nothing_spikes_is_said_to_be_one():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    x = models.samples(models.randomise(model), 120)
    found = check(model, tfsnn.convert(model, x, timesteps=2), x)
    assert "nothing spikes" in found.advice


def test_a_network_of_smooth_activations_is_told_of_neurons_that_compute_them():
    elu, selu = (layers.Dense(6, activation=name) for name in ("elu", "selu"))
    model = keras.Sequential([keras.Input((4,)), elu, selu, layers.Dense(3)])
    x = models.samples(models.randomise(model), 120)
    found = check(model, tfsnn.convert(model, x, timesteps=2), x)
    assert found.advice.startswith(
        "--method few_spikes, whose neurons compute elu, selu"
    )
    followed = check(model, tfsnn.convert(model, x, "few_spikes"), x)
    assert "nothing spikes" not in (followed.advice or "")
    assert followed.outputs[0].figures[0].output_error < 0.05
