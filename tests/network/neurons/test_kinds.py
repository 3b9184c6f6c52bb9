"""Every kind of neurons: its law, and the same however it is run."""

import dataclasses

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from neuron_examples import SIGNED, example, spiking, steps_of
from simulations import EVERYTHING, assert_equal, run

import tfsnn
from tfsnn.conversion.normalize import normalize, unscaled
from tfsnn.network.neurons import KINDS, populate
from tfsnn.network.passes import simplify
from tfsnn.network.roles import needs_all_steps
from tfsnn.simulation.report import ConversionReport
from tfsnn.sources import import_model


def population(kind, threshold=1.0):
    """Neurons of a kind; all that is in thresholds made activation."""
    fields, settings, _ = example(kind)
    for field in ("initial_potential", "negative_threshold"):
        if fields.get(field) is not None:
            fields[field] = fields[field] * threshold
    return populate(kind, {"threshold": threshold, **fields}, settings)


def currents(steps=8, units=(3, 8), seed=0, low=-16, high=32):
    """Multiples of 1/16: exact whatever is added up."""
    drawn = np.random.default_rng(seed).integers(low, high, (steps, *units)) / 16
    return list(drawn.astype(np.float32))


def advance(neurons, inputs):
    state = neurons.initial_state(inputs[0].shape)
    sent, _ = neurons.advance([tf.constant(x) for x in inputs], state)
    return [np.array(values) for values in sent]


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_of_the_size_of_the_threshold(kind):
    """Currents in units of the threshold give the same events whatever it is."""
    inputs = currents()
    plain = advance(population(kind), inputs)
    scaled = advance(population(kind, 0.25), [x / 4 for x in inputs])
    assert len(plain[0]) == len(plain[1]) == len(plain[2]) == len(inputs)
    assert (plain[1] == np.rint(plain[1])).all() and plain[1].any()
    assert (scaled[0] == plain[0] / 4).all()
    assert (scaled[1] == plain[1]).all()
    assert (scaled[2] == plain[2] / 4).all()


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_per_unit_equal_neurons_of_their_own(kind):
    inputs = currents(units=(3, 3))
    thresholds = np.float32([0.25, 0.5, 2])
    together = advance(population(kind, thresholds), inputs)
    for i, threshold in enumerate(thresholds):
        alone = advance(population(kind, float(threshold)), [x[:, i] for x in inputs])
        for one, other in zip(alone, together, strict=True):
            assert (one == other[..., i]).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_eager_is_graph_is_xla(kind):
    neurons, inputs = population(kind), currents(5, (2, 4))
    eager = advance(neurons, inputs)
    for compiled in (False, True):
        function = tf.function(
            lambda inputs: neurons.advance(
                tf.unstack(inputs), neurons.initial_state(tf.shape(inputs)[1:])
            )[0],
            autograph=False,
            jit_compile=compiled,
        )
        for one, other in zip(function(np.array(inputs)), eager, strict=True):
            # XLA divides by a number of steps by multiplying.
            np.testing.assert_allclose(np.array(one), other, rtol=1e-6, atol=1e-6)


def test_what_came_in_is_what_was_sent_and_what_is_left():
    """At every step; of paced neurons, at the last one."""
    for kind in ("integrate_fire", "driven", "differential", "paced"):
        inputs = currents(8)
        values, _, potentials = advance(population(kind), inputs)
        fields, settings, _ = example(kind)
        received = np.cumsum(inputs, 0)
        received += settings.get("drive", 0) * np.arange(1, 9)[:, None, None]
        kept = values.cumsum(0) + potentials - fields["initial_potential"]
        steps = slice(-1, None) if kind == "paced" else slice(None)
        tolerance = 1e-5 if kind == "differential" else 0  # thirds are not exact
        np.testing.assert_allclose(
            kept[steps], received[steps], rtol=0, atol=tolerance, err_msg=kind
        )


def test_a_radix_neuron_sends_the_digits_of_the_rounded_sum():
    inputs = currents(5, low=-4, high=16)
    places = 3.0 ** np.arange(5)[::-1]
    total = np.tensordot(places, np.array(inputs, np.float64), 1)
    values, digits, _ = advance(population("radix"), inputs)
    assert (values == digits).all() and set(np.unique(digits)) == {0, 1, 2}
    expected = np.clip(np.floor(total + 0.5), 0, 3**5 - 1)
    assert (np.tensordot(places, digits, 1) == expected).all()
    assert (expected == 0).any() and (expected > 81).any()


@pytest.mark.parametrize(("base", "steps"), [(2, 25), (256, 4)])
def test_more_digits_than_float32_holds_are_refused(base, steps):
    neurons = KINDS["radix"](base=base)
    with pytest.raises(tfsnn.OptionError, match=f"{steps} digits to the base {base}"):
        neurons.advance([tf.zeros((1, 1))] * steps, neurons.initial_state((1, 1)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["mlp", "maxpool_on_spikes"])
def test_chunks_of_any_size_give_the_same(kind, name):
    graph, plan, x = spiking(name, kind)
    graph, steps = normalize(graph, plan), steps_of(kind)
    clock = plan.clock
    assert graph.clock == clock
    assert needs_all_steps(graph) == (
        KINDS[kind].whole or clock.pre_steps > 0 or clock.base > 1
    )
    options = {"observe": (*EVERYTHING, "values")}
    one = run(graph, x, steps, chunk=1, **options)
    assert_equal(one, run(graph, x, steps, chunk=3, **options))
    assert_equal(one, run(graph, x, steps, chunk=99, **options))
    for key, values in one.observed.items():
        counted = steps if key.startswith("outputs") else clock.pre_steps + steps
        assert len(values) == counted
        assert key.startswith("potentials") or np.any(values)
    for node, output in zip(graph.outputs, one.outputs, strict=True):
        np.testing.assert_allclose(one.observed[f"outputs/{node}"][-1], output, 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["cnn", "residual", "depthwise"])
def test_the_normal_form_is_the_unscaled_form(kind, name):
    graph, plan, x = spiking(name, kind)
    normal, plain = (
        run(form(graph, plan), x, steps_of(kind), observe=("spikes", "values"))
        for form in (normalize, unscaled)
    )
    for key, values in normal.observed.items():
        of_kind, node = key.split("/")
        factor = np.float32(plan[node].scale) if of_kind == "values" else 1
        assert (values.numpy() * factor == plain.observed[key].numpy()).all(), key
    np.testing.assert_allclose(normal.outputs[0], plain.outputs[0], 1e-5, 1e-6)


@pytest.mark.parametrize("name", ["cnn", "residual", "reshaped"])
def test_a_threshold_for_each_neuron_is_written_into_gains(name):
    model = models.dyadic(models.MODELS[name]())
    graph = simplify(import_model(model))
    rng = np.random.default_rng(0)
    plan = {
        node: dataclasses.replace(
            neurons, scale=2.0 ** rng.integers(-2, 1, graph[node].shape)
        )
        for node, neurons in models.plan_for(graph, **SIGNED).items()
    }
    normal, plain = (
        run(form(graph, plan), models.samples(model), 4, observe=("spikes",))
        for form in (normalize, unscaled)
    )
    for key, spikes in normal.observed.items():
        assert (spikes.numpy() == plain.observed[key].numpy()).all() and np.any(spikes)
    np.testing.assert_allclose(normal.outputs[0], plain.outputs[0], 1e-5, 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_it_gives_equal_outputs_at_two_batch_sizes(kind, tmp_path):
    graph, plan, x = spiking("mlp", kind)
    report = ConversionReport(kind, {}, 3, 0, (), (), (), {})
    snn = tfsnn.SpikingModel(normalize(graph, plan), 3, report, name="snn")
    snn.save(tmp_path / "snn.keras")
    loaded = keras.saving.load_model(tmp_path / "snn.keras")
    assert loaded.graph.clock == plan.clock
    for one, other in zip(snn.graph, loaded.graph, strict=True):
        assert type(one) is type(other) and one.to_config() == other.to_config()
    outputs = loaded.run(x).outputs[0].numpy()  # compiled, with a free batch
    np.testing.assert_allclose(outputs, snn(x), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(loaded.run(x[:2]).outputs[0], outputs[:2], 1e-6, 1e-7)
    assert (loaded(x[:1]).numpy() == snn(x[:1]).numpy()).all()
    assert (loaded(x[:1]) != loaded(x[1:2])).numpy().any()
