"""Errors split by their causes, against NumPy."""

import json
import math

import keras
import models
import numpy as np
import pytest
from known_errors import rates, spiking, stack

import tfsnn
from tfsnn.analysis.diagnose.measures import Part
from tfsnn.analysis.diagnose.parts import CAUSES, Code, mean_currents, split
from tfsnn.conversion.methods import NeuronPlan
from tfsnn.errors import ModelError, OptionError
from tfsnn.network.clock import Clock


def relu(x):
    return np.maximum(x, 0)


@pytest.mark.parametrize("most", [1.0, 3.0, np.inf])
def test_the_parts_add_up_pointwise_whatever_the_values_are(most, rng):
    code = Code(
        relu,
        scale=2.0 ** rng.integers(-2, 2, 5),
        most=most,
        start=rng.integers(-8, 24, (6, 5)) / 16,
        weight=8.0,
    )
    decoded, current, activation = rng.integers(-64, 64, (3, 30, 6, 5)) / 8
    parts = split(code, decoded, current, activation)
    assert (np.sum(parts, 0) == decoded * code.scale - activation).all()
    for cause, part in zip(CAUSES, parts, strict=True):
        assert part.shape == (30, 6, 5)
        assert (part != 0).any() == (cause != "clipping" or most < np.inf)


def test_each_part_is_what_it_says():
    code = Code(relu, scale=2.0, most=1.0, start=0.5, weight=4.0)

    # One spike per step stands for 2; four steps code 0, 0.5, 1, 1.5 and 2.
    def parts(decoded=0.25, current=0.25, activation=0.5):
        return tuple(float(part) for part in split(code, decoded, current, activation))

    assert parts() == (0, 0, 0, 0)
    assert parts(decoded=1, current=1, activation=5) == (-3, 0, 0, 0)
    assert parts(current=0.3125, activation=0.625) == (0, -0.125, 0, 0)
    assert parts(decoded=0.75) == (0, 0, 1, 0)
    assert parts(activation=0) == (0, 0, 0, 0.5)
    assert parts(decoded=0, current=-3, activation=0) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "negative_threshold"),
    [("cnn", 0.0), ("residual", None), ("maxpool_on_spikes", None), ("concat", 0.0)],
)
def test_mean_currents_are_what_potentials_keep(name, negative_threshold):
    """Conservation: the current is what was sent and what is left, or it would grow."""
    model = models.dyadic(models.MODELS[name]())
    snn = spiking(model, 8, negative_threshold=negative_threshold)
    x = models.samples(model, 6)
    trace = snn.simulate(x, 8, ("values", "potentials"))
    decoded = {name: values.mean(0) for name, values in trace.values.items()}
    currents = mean_currents(snn.graph, x, decoded)
    assert list(currents) == list(snn.populations)
    for name, current in currents.items():
        left = (trace.potentials[name][-1] - 0.5) / 8
        assert (current == decoded[name] + left).all()


@pytest.mark.parametrize("start", [0.0, 0.5])
@pytest.mark.parametrize(("most", "signed"), [(1, False), (1, True), (2, True)])
def test_the_numbers_are_those_of_numpy(start, most, signed, rng):
    """An independent simulation and split of two layers, with `V` in activations."""
    kernels = rng.integers(-8, 9, (2, 4, 4)) / 8
    model = stack(*kernels)
    scales = 2.0 ** rng.integers(-2, 1, (2, 4))
    plans = {
        f"layer{i + 1}_relu": NeuronPlan(
            scales[i], start, 0.0 if signed else None, most
        )
        for i in range(2)
    }
    x, steps = rates(20), 8
    found = tfsnn.diagnose(model, spiking(model, steps, plans=plans), x)
    assert (found.timesteps, found.samples) == (steps, 20)

    sent, reference = [x.astype(float)] * steps, x.astype(float)
    for kernel, scale, layer in zip(kernels, scales, found.layers, strict=True):
        currents = [s @ kernel for s in sent]
        z, x_ann = np.mean(currents, 0), reference @ kernel
        potential, total, spikes = start * scale, 0 * z, []
        for current in currents:
            u = (potential + current) / scale
            c = np.minimum(np.floor(u), most)
            c = np.maximum(c, np.maximum(-total, -most) if signed else 0)
            c = np.where((u < 0) & (not signed), 0, c)
            potential, total = (u - c) * scale, total + c
            spikes.append(c)
        sent = [c * scale for c in spikes]
        reference, y = np.maximum(x_ann, 0), np.mean(sent, 0)
        even = np.clip(np.floor(z * steps / scale + start), 0, most * steps)
        even *= scale / steps
        f, f_ann = np.clip(z, 0, most * scale), np.clip(x_ann, 0, most * scale)
        parts = [f_ann - reference, even - f, y - even, f - f_ann]
        error, size = y - reference, np.sqrt(np.mean(reference**2))
        for cause, part in zip(CAUSES, parts, strict=True):
            measured = getattr(layer, cause)
            assert measured.rms == pytest.approx(np.sqrt(np.mean(part**2)) / size)
            assert measured.mean == pytest.approx(np.mean(part) / size)
            assert measured.share == pytest.approx(
                np.mean(part * error) / np.mean(error**2)
            )
        assert layer.error == pytest.approx(np.sqrt(np.mean(error**2)) / size)
        own = error - parts[3]
        assert layer.added == pytest.approx(np.sqrt(np.mean(own**2)) / size)
        by_channel = np.mean(error.mean(0) ** 2) / np.mean(error**2)
        assert layer.bias == pytest.approx(by_channel)
        share = np.clip(reference / (most * scale), 0, 1)
        omega = np.mean(share.sum(1) / ((share**2).sum(1) + 1e-5))
        assert layer.omega == pytest.approx(omega)
        fired, active = np.any(spikes, (0, 1)), (reference > 0).any(0)
        dead = active & ~fired
        assert layer.dead == dead.mean()
        assert layer.silent == (~active & ~fired).mean()
        assert layer.dead_error == pytest.approx(
            np.sqrt(np.sum(own[:, dead] ** 2) / own.size) / size
        )
        assert layer.saturated == (np.min(spikes, 0) >= most).any(0).mean()
        assert layer.full == (y.mean(0) / (most * scale) > 0.99).mean()
        assert layer.firing == np.count_nonzero(spikes) / np.size(spikes)


def test_a_digital_code_has_no_unevenness():
    model = models.dyadic(models.residual())
    snn = spiking(
        model,
        4,
        Clock(base=2, layer_by_layer=True),
        neuron="radix",
        settings={"base": 2},
        low=0,
    )
    found = tfsnn.diagnose(model, snn, models.samples(model, 8))
    for layer in found.layers:
        assert layer.unevenness == Part(0, 0, 0)
        assert layer.quantisation.rms > 0


def test_neurons_without_a_closed_form_are_given_the_current_itself():
    """Differential coding of a constant: all of its error is in the code."""
    x, model = rates(units=2), stack(np.eye(2), np.eye(2))
    snn = tfsnn.convert(model, x, "differential", thresholds=3)
    first, second = tfsnn.diagnose(model, snn, x).layers
    assert first.unevenness == first.clipping == Part(0, 0, 0)
    assert first.quantisation.rms == pytest.approx(first.error, rel=1e-4)
    assert first.error > 0.01
    assert first.omega is None and first.saturated == 0
    assert second.unevenness.rms > 0


def test_an_activation_trained_with_steps_has_no_error_at_these_steps():
    model = keras.Sequential([keras.Input((4,)), tfsnn.layers.QCFS(4, name="q")])
    x = rates()
    snn = tfsnn.convert(model, x, "qcfs", timesteps=4)
    (layer,) = tfsnn.diagnose(model, snn, x).layers
    assert layer.error == 0 and layer.parts() == [Part(0, 0, 0)] * 4
    (layer,) = tfsnn.diagnose(model, snn, x, timesteps=2).layers
    assert layer.quantisation.share == 1 and layer.error > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "method",
    ["paced", "radix", "differential", "srp", "cos", "snn_calibration", "ic_snn"],
)
def test_every_kind_of_neuron_can_be_diagnosed(method):
    model = models.randomise(models.cnn())
    x = models.samples(model, 12)
    snn = tfsnn.convert(model, x, method, timesteps=4)
    found = tfsnn.diagnose(model, snn, x)
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [layer["node"] for layer in content["layers"]] == list(snn.populations)
    for layer in found.layers:
        assert sum(part.share for part in layer.parts()) == pytest.approx(1)
        assert layer.error > 0 and math.isfinite(layer.error)
    # The constant input arrives evenly, and no layer is before the first.
    first = found.layers[0]
    assert method == "srp" or first.unevenness.rms < 1e-6
    assert method in ("paced", "snn_calibration") or first.inherited.rms < 1e-5


def test_the_error_is_that_of_verify():
    model = models.randomise(models.mlp())
    x = models.samples(model, 12)
    snn = tfsnn.convert(model, x, "paced", timesteps=4)
    found, checks = (f(model, snn, x) for f in (tfsnn.diagnose, tfsnn.verify))
    assert found.agreement == checks.agreement and found.corrected == "weights+bias"
    assert "differ from the ANN's on purpose" in str(found)
    for layer, check in zip(found.layers, checks.layers, strict=False):
        assert layer.error == pytest.approx(check.relative_error, rel=1e-4)


def test_small_batches_give_the_same(monkeypatch):
    model = models.dyadic(models.maxpool_on_spikes())
    snn, x = spiking(model, 4), models.samples(model, 11)
    whole = tfsnn.diagnose(model, snn, x)
    sizes = []
    simulate = tfsnn.SpikingModel.simulate
    monkeypatch.setattr(
        tfsnn.SpikingModel,
        "simulate",
        lambda self, x, *more: sizes.append(len(x)) or simulate(self, x, *more),
    )
    neurons = sum(math.prod(shape) for shape in snn.populations.values())
    monkeypatch.setattr("tfsnn.analysis.diagnose.RECORDED", 3 * 4 * neurons)
    parts = tfsnn.diagnose(model, snn, x)
    assert sizes == [3, 3, 3, 2]
    for one, other in zip(whole.layers, parts.layers, strict=True):
        assert one.error == pytest.approx(other.error, rel=1e-12)
        assert one.omega == pytest.approx(other.omega, rel=1e-12)
        for a, b in zip(one.parts(), other.parts(), strict=True):
            assert (a.rms, a.share) == pytest.approx((b.rms, b.share), rel=1e-9)
        for name in ("dead", "silent", "saturated", "full", "firing"):
            assert getattr(one, name) == getattr(other, name)


def test_at_most_a_hundred_samples_are_used():
    model = models.randomise(models.mlp())
    snn, x = spiking(model, 2), models.samples(model, 130)
    found = tfsnn.diagnose(model, snn, x)
    assert found.samples == 100
    assert found == tfsnn.diagnose(model, snn, x[:100])


def test_an_ann_without_activity_gives_numbers():
    model = stack(-np.eye(4))
    snn = spiking(model, 2)
    found = tfsnn.diagnose(model, snn, rates())
    (layer,) = found.layers
    assert layer.silent == 1 and layer.error == layer.omega == layer.bias == 0
    assert [part.share for part in layer.parts()] == [0, 0, 0, 0]
    assert "none is needed" in found.advice
    json.dumps(found.to_dict(), allow_nan=False)


def test_other_models_and_steps_are_refused():
    model = models.randomise(models.mlp())
    snn, x = spiking(model, 2), models.samples(model, 4)
    with pytest.raises(ModelError, match="handmade was not converted from"):
        tfsnn.diagnose(models.outputs(), snn, x)
    with pytest.raises(OptionError, match="timesteps=0"):
        tfsnn.diagnose(model, snn, x, timesteps=0)
