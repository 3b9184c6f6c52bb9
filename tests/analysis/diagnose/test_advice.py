"""What is advised against errors of a known cause."""

import math

import keras
import numpy as np
import pytest
from keras import layers
from known_errors import rates, report, spiking, stack

import tfsnn
from tfsnn.analysis.diagnose.advice import advise
from tfsnn.analysis.diagnose.measures import LayerDiagnosis, Part
from tfsnn.analysis.diagnose.parts import CAUSES
from tfsnn.conversion.methods import NeuronPlan
from tfsnn.simulation.report import ConversionReport


def test_thresholds_too_low_are_clipping():
    model, x = stack(np.eye(4), np.eye(4)), rates()
    snn = tfsnn.convert(
        model,
        x,
        "paced",
        scale="max",
        threshold_scale=0.5,
        timesteps=32,
        correct="none",
    )
    found = tfsnn.diagnose(model, snn, x)
    first, second = found.layers
    assert first.clipping.share > 0.95 and first.clipping.mean < 0
    assert first.clipping.rms > 10 * max(first.quantisation.rms, first.unevenness.rms)
    # What is above half of the range is lost to the ANN's clipped ReLU in both.
    assert second.clipping.rms == first.clipping.rms
    assert first.saturated == 1
    assert "clipping is" in found.advice and "layer1" in found.advice
    assert "threshold_scale, now 0.5" in found.advice


def test_few_steps_of_a_constant_input_are_quantisation_alone():
    model, x = stack(np.eye(4)), rates()
    snn = tfsnn.convert(
        model, x, "paced", lookahead=0, scale="max", timesteps=2, correct="none"
    )
    found = tfsnn.diagnose(model, snn, x)
    (layer,) = found.layers
    assert layer.unevenness == Part(0, 0, 0) and layer.inherited == Part(0, 0, 0)
    assert layer.clipping == Part(0, 0, 0)
    assert layer.quantisation.rms == layer.error == layer.added > 0.1
    assert layer.quantisation.share == 1
    assert "quantisation is 100% of what the layers add" in found.advice
    assert "layer1" in found.advice and "timesteps=4" in found.advice
    assert "lower the thresholds" in found.advice  # nothing is clipped


def test_one_spike_is_given_a_finer_clock():
    model, x = stack(np.eye(4)), rates()
    snn = tfsnn.convert(model, x, ticks=2, method="ttfs", scale="max", correct="none")
    found = tfsnn.diagnose(model, snn, x)
    assert found.layers[0].quantisation.share == 1
    assert "take a finer clock (ticks=4)" in found.advice


def test_starting_empty_is_a_bias():
    model, x = stack(np.eye(4), np.eye(4)), rates()

    def diagnosed(start):
        snn = tfsnn.convert(
            *(model, x, "data_norm"), scale="max", timesteps=4, initial_potential=start
        )
        return tfsnn.diagnose(model, snn, x)

    found = diagnosed(0.0)
    first = found.layers[0]
    assert first.quantisation.share == 1 and first.bias > 0.5
    assert first.quantisation.mean < -0.1
    assert "too low on average" in found.advice
    assert "initial_potential=0.5, now 0" in found.advice
    assert "on average" not in diagnosed(0.5).advice


@pytest.mark.slow
def test_spikes_that_cannot_be_taken_back_are_unevenness():
    """Two neurons of one rate cancel; but one starts earlier, and the next fires."""
    model = stack(np.eye(2), np.array([[1.0], [-1.0]]))
    x = np.array([[0.25, 0.25], *[[0.25, 0]] * 7], np.float32)

    def diagnosed(steps, **neuron):
        plans = {
            "layer1_relu": NeuronPlan(np.ones(2), np.array([0.75, 0.0])),
            "layer2_relu": NeuronPlan(np.ones(1), 0.0, **neuron),
        }
        return tfsnn.diagnose(model, spiking(model, steps, plans=plans), x)

    found = diagnosed(16)
    first, second = found.layers
    assert first.error == 0 and second.inherited == Part(0, 0, 0)
    # Spikes come in the steps 1, 5, 9, 13 and inhibition in 4, 8, 12, 16: too late.
    size = 0.25 * (7 / 8) ** 0.5  # the activation
    assert second.unevenness.rms * size == pytest.approx((1 / 8) ** 0.5 / 16)
    assert second.unevenness.mean * size == pytest.approx(1 / 8 / 16)
    assert second.unevenness.share == 1 and second.bias == pytest.approx(1 / 8)
    assert "unevenness is 100% of what the layers add" in found.advice
    assert "in layer2_relu: let each layer look ahead (method paced" in found.advice
    assert "send signed spikes" in found.advice
    for neuron in (
        {"negative_threshold": 0.0},
        {"neuron": "paced", "settings": {"lookahead": 3}},
    ):
        assert diagnosed(16, **neuron).layers[1].error == 0


def test_channels_below_half_a_spike_are_dead():
    model, x = stack(np.diag([1.0, 0.125, 0.125, -1.0])), rates()
    x[:, 0], x[:, 3] = 1, x[:, 3] + 1
    snn = tfsnn.convert(
        model, x, "data_norm", scale="max", timesteps=2, initial_potential=0.5
    )
    found = tfsnn.diagnose(model, snn, x)
    (layer,) = found.layers
    assert (layer.dead, layer.silent) == (0.5, 0.25)
    assert layer.saturated == layer.full == 0.25
    assert layer.dead_error == layer.added == layer.error
    assert "never spike though the ANN is active there" in found.advice
    assert "layer1_relu" in found.advice and "per=channel" in found.advice


def test_what_a_fine_layer_gets_wrong_it_has_inherited():
    model, x = stack(np.eye(4), np.eye(4)), rates()
    plans = {
        "layer1_relu": NeuronPlan(np.ones(4), 0.5),
        "layer2_relu": NeuronPlan(np.full(4, 2.0**-16), 0.5, None, None),
    }
    found = tfsnn.diagnose(model, spiking(model, 2, plans=plans), x)
    first, second = found.layers
    assert first.inherited.rms == 0 and second.inherited.share > 0.9999
    assert second.inherited.rms == pytest.approx(first.error, rel=1e-4)
    assert second.added < 1e-4 and second.omega is None
    assert "layer1_relu: take" in found.advice


def test_nothing_that_spikes_has_nothing_to_change():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, "gelu")])
    snn = tfsnn.convert(model, rates())
    found = tfsnn.diagnose(model, snn, rates())
    assert found.layers == () and found.output_error < 1e-5
    assert "nothing of this network spikes" in str(found)


def layer(node, error=0.5, bias=0.0, dead_error=0.0, **rms):
    parts = {cause: Part(rms.get(cause, 0.0), 0.0, 0.0) for cause in CAUSES}
    shares = dict.fromkeys(("dead", "silent", "saturated", "full", "firing"), 0.0)
    own = math.hypot(*(rms.get(cause, 0.0) for cause in CAUSES[:3]))
    return LayerDiagnosis(
        node, error, own, **parts, bias=bias, omega=1.0, dead_error=dead_error, **shares
    )


@pytest.mark.parametrize(
    ("options", "cause", "expected"),
    [
        ({"lookahead": 1}, "unevenness", "timesteps=16) or look further ahead"),
        ({"thresholds": 4}, "unevenness", "more thresholds (thresholds, now 4)"),
        ({"negative_threshold": 0.0}, "unevenness", "lookahead=1) or take more steps"),
        ({}, "unevenness", "signed spikes"),
        (
            {"levels": 7},
            "quantisation",
            "timesteps=16) or take more levels (levels, now 7)",
        ),
        ({"per": "layer"}, "quantisation", "per=channel) or take more steps"),
        ({"threshold_scale": 0.5}, "clipping", "threshold_scale, now 0.5"),
    ],
)
def test_advice_knows_the_options(options, cause, expected):
    found = advise([layer("a", **{cause: 0.5})], report(**options), 8)
    assert f"{cause} is 100% of what the layers add, most of it in a: " in found
    assert expected in found


def test_advice_against_a_bias_that_is_corrected_already():
    biased = [layer("a", bias=0.9, quantisation=0.5)]
    assert "correct=weights+bias" in advise(biased, report(correct="none"), 8)
    assert "quantisation" in advise(biased, report(correct="weights+bias"), 8)
    clipped = [layer("a", bias=0.9, clipping=0.5)]
    assert "raise the thresholds" in advise(clipped, report(), 8)


def test_advice_does_not_ask_for_steps_that_a_method_cannot_have():
    radix = ConversionReport("radix", {}, 1, 0, (), (), (), {})
    coarse = [layer("a", quantisation=0.5, clipping=0.2)]
    assert "timesteps=10" in advise(coarse, radix, 5)
    assert "timesteps" not in advise(coarse, radix, 8)
    assert "a finer code" in advise(coarse, radix, 8)


def test_advice_names_the_layers_that_matter():
    sizes = {"a": 0.1, "b": 0.5, "c": 0.4, "d": 0.05}
    few = [layer(node, quantisation=rms) for node, rms in sizes.items()]
    assert "most of it in b, c: " in advise(few, report(), 8)
    many = [layer(f"l{i}", quantisation=0.5) for i in range(10)]
    assert "most of it in l0, l1, l2 and 5 more: " in advise(many, report(), 8)
    clipped = layer("a", quantisation=0.5, clipping=0.2)
    assert "lower the thresholds" not in advise([clipped], report(), 8)
