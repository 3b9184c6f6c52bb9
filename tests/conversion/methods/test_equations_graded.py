"""Methods with more than binary spikes, against references in NumPy."""

import dataclasses

import models
import numpy as np
import pytest
import tensorflow as tf
from neuron_reference import reference
from one_layer import (
    X,
    changing,
    layer,
    plan_of,
    record,
    sent_by,
    spiking,
    statistics,
    θ,
)

import tfsnn
from tfsnn.conversion import methods
from tfsnn.conversion.methods import Plan
from tfsnn.conversion.normalize import normalize
from tfsnn.conversion.statistics import calibrate
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Linear, Rate, Readout, Source
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model


@pytest.mark.parametrize("Γ", [1, 2, 5])
def test_a_burst_is_what_the_potential_holds_up_to_its_bound(Γ):
    inputs = changing(low=-20, high=16 * (Γ + 2))
    found = sent_by(spiking("burst", levels=Γ), inputs)
    v, held_back = np.zeros(X.shape), 0
    for current, spikes in zip(inputs, found, strict=True):
        v = v + current
        s = np.clip(np.floor(v), 0, Γ)
        v = v - s
        held_back += (v >= 1).sum()
        assert (spikes == s).all()
    assert found.max() == Γ and held_back > 10


def test_the_percentile_of_bursts_is_of_discounted_activations():
    model = models.randomise(models.mlp())
    graph, x = simplify(import_model(model)), models.samples(model, 400)
    statistics = calibrate(graph, [x])
    plan = methods.make("burst", {"levels": 3, "percentile": 99.0})
    plan = plan.plan(graph, statistics)
    for name, a in graph.forward(x).items():
        if name in plan:
            a = np.asarray(a).ravel()
            discounted = np.where(a > 1, a / 3, a)
            expected = np.percentile(discounted, 99, method="inverted_cdf")
            # A bin of the channel's, of the layer's, and of the percentile.
            tolerance = 3 * statistics[name].width.max()
            assert np.abs(plan[name].scale - expected).max() <= tolerance
            assert expected < 0.75 * a.max()


@pytest.mark.parametrize("levels", [3, 7])
def test_harmony_spikes_have_a_closed_form_whatever_the_order(levels):
    T = 6
    graph = spiking("hmt", levels=levels, timesteps=T)
    assert (graph["relu"].scale * levels == θ).all()
    inputs = changing(T, 0, 16 * levels + 1)  # in range: 0 to the levels in a step
    inputs[0] -= 0.5  # also below 0, as long as V(0) keeps V from falling below it
    total = inputs.sum(0)
    expected = np.clip(np.floor(total + 0.5), 0, levels * T)
    rng = np.random.default_rng(1)
    orders = [sent_by(graph, inputs)]
    for _ in range(3):
        order = np.concatenate([[0], 1 + rng.permutation(T - 1)])
        orders.append(sent_by(graph, inputs[order]))
    for spikes in orders:
        assert (spikes.sum(0) == expected).all()
    assert (orders[0] != orders[1]).any()
    record_spikes, _ = record(graph, T)
    z = X * levels / θ
    closed = np.clip(np.floor(z.astype(np.float32) * T + 0.5), 0, levels * T)
    exact = np.abs(z * T + 0.5 - np.rint(z * T + 0.5)) > 1e-3  # thirds may be rounded
    assert (record_spikes.sum(0) == closed)[exact].all() and exact.sum() > 40


def differential(currents, thresholds, steps):
    """Decoded mean and events after each step, by the book, of all units."""
    v = e = np.zeros(X.shape)
    means, events = [], []
    for t in range(1, steps + 1):
        u = v + currents - e
        s = np.zeros(X.shape)
        for k in range(thresholds):
            s = np.where(np.abs(u) >= 0.75 * 2**k, 2.0**k, s)
        s = np.sign(u) * s
        s = np.where(e + s / t < 0, 0, s)
        v, e = u - s, e + s / t
        means.append(e)
        events.append(s)
    return np.array(means), np.array(events)


@pytest.mark.parametrize("thresholds", [1, 2, 4])
def test_differential_spikes_change_the_decoded_mean(thresholds):
    graph = spiking("differential", thresholds=thresholds)
    unit = θ / 2 ** (thresholds - 1)
    assert (graph["relu"].scale == unit).all()
    spikes, outputs = record(graph, 4)
    means, events = differential(X / unit, thresholds, 4)
    assert (spikes[:2] == events[:2]).all()  # thirds come in with the third
    np.testing.assert_allclose(outputs, unit * means, rtol=1e-5, atol=1e-6)
    assert (outputs[:2] == unit * means[:2]).all()
    assert (outputs >= 0).all()


def test_a_differential_neuron_is_silent_once_it_has_decoded_its_input():
    graph = spiking("differential", thresholds=4)
    x = np.float32(np.arange(64) % 16 * θ / 8)  # multiples of the smallest threshold
    spikes, outputs = record(graph, 12, x)
    powers = np.isin(x * 8 / θ, [0, 1, 2, 4, 8])
    assert (outputs[0] == x)[powers].all()  # at once,
    assert not spikes[1:, powers].any()  # and that is all
    two = np.isin(x * 8 / θ, [3, 5])  # 4 - 2 / 2, 4 + 2 / 2
    assert (outputs[1:, two] == x[two]).all() and not spikes[2:, two].any()


def test_differential_spikes_keep_to_the_bound_of_the_relu():
    graph = layer(max_value=1.5)
    plan = methods.make("differential", {"scale": "max"}).plan(graph, statistics())
    _, outputs = record(normalize(graph, plan), 8, np.float32(4 * X))
    assert (outputs <= 1.5 * (1 + 1e-6)).all()
    np.testing.assert_allclose(outputs[-1, X > 0.75], 1.5, atol=1.5 / 8 / 8)
    unbounded = plan_of("differential")["relu"]
    assert unbounded.max_coefficient is None


def two_layers(rng):
    """Multiples of 1/4 and 1/8 as weights and biases; one layer reads the other."""
    sizes = {"a": (6, 5), "b": (5, 4), "c": (4, 3)}
    nodes, read = [Source("x", (), (6,))], "x"
    for name, (fan_in, units) in sizes.items():
        kernel = np.float32(rng.integers(-4, 6, (fan_in, units)) / 4)
        bias = np.float32(rng.integers(-2, 6, units) / 8)
        nodes.append(Linear(name, (read,), (units,), "dense", kernel=kernel, bias=bias))
        if name != "c":
            nodes.append(Rate(f"{name}_relu", (name,), (units,)))
        read = nodes[-1].name
    return Graph((*nodes, Readout("out", (read,), (3,))), ("out",))


@pytest.mark.parametrize(("base", "T"), [(2, 5), (3, 4), (4, 3), (2, 1)])
def test_radix_spikes_are_exactly_the_quantised_network(base, T, rng):
    graph = two_layers(rng)
    x = np.float32(rng.integers(-8, 9, (20, 6)) / 16)
    made = methods.make("radix", {"base": base, "timesteps": T})
    plan = made.plan(graph, calibrate(graph, [x]))
    # Powers of two, so that all is exact.
    scales = {k: 2.0 ** np.ceil(np.log2(p.scale)) for k, p in plan.items()}
    rounded = {k: dataclasses.replace(p, scale=scales[k]) for k, p in plan.items()}
    observed = simulate(
        normalize(graph, Plan(rounded, plan.clock)),
        tf.constant(x),
        T,
        observe=("spikes",),
    )
    levels = base**T - 1
    weight = levels // (base - 1)  # what all steps weigh together
    a = x.astype(np.float64)
    for name in ("a", "b"):
        node, step = graph[name], scales[f"{name}_relu"] / weight
        z = a @ node.kernel.astype(np.float64) + node.bias
        # In units of the range of a step: a fraction of `weight`, and exact.
        units = (z / scales[f"{name}_relu"]) * weight
        q = np.clip(np.floor(np.round(units, 9) + 0.5), 0, levels)
        places = base ** np.arange(T)[::-1]
        digits = observed.observed[f"spikes/{name}_relu"].numpy()
        assert (np.tensordot(places, digits, 1) == q).all()
        assert digits.max() == base - 1 and digits.min() == 0
        a = q * step
    expected = a @ graph["c"].kernel.astype(np.float64) + graph["c"].bias
    np.testing.assert_allclose(observed.outputs[0], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("base", "timesteps"), [(6, 10), (1 << 24, 2)])
def test_codes_that_float32_does_not_hold_are_refused(base, timesteps):
    with pytest.raises(tfsnn.OptionError, match="more than 2\\^24 levels"):
        plan_of("radix", base=base, timesteps=timesteps)


@pytest.mark.parametrize("d", [0, 1, 3, 7])
@pytest.mark.parametrize("negative", [None, 0.0, 1.0])
def test_paced_spikes_follow_the_mean_current_seen_so_far(d, negative):
    T, C = 6, 2
    options = {"levels": C, "lookahead": d, "negative_threshold": negative}
    graph = spiking("paced", timesteps=T, **options)
    inputs = changing(T, -24, 56).astype(np.float32)
    found = sent_by(graph, inputs)
    sums, sent = inputs.cumsum(0), np.zeros(X.shape, np.float32)
    for k in range(1, T + 1):
        known = min(T, k + d)
        left = sums[known - 1] * np.float32(k / known) + np.float32(0.5) - sent
        if negative is None:
            c = np.clip(np.floor(left), 0, C)
        else:
            down = np.maximum(np.minimum(np.floor(left + negative), 0), -C)
            c = np.where(left >= 0, np.minimum(np.floor(left), C), down)
            c = np.maximum(c, -sent)
        assert (found[k - 1] == c).all()
        sent += c
    if d >= T and negative is None:  # what is left at the end is quantisation
        steady = (sums[-1] >= 0) & (sums[-1] <= C * T)
        assert (sent == np.floor(sums[-1] + 0.5))[steady].all() and steady.any()


@pytest.mark.parametrize("d", [0, 1, 4, 8])
def test_paced_neurons_decode_a_constant_current_as_others_do(d):
    T = 8
    spikes, _ = record(spiking("paced", timesteps=T, lookahead=d), T)
    assert (spikes.sum(0) == np.clip(np.floor(T * X / θ + 0.5), 0, T)).all()
    plain, _ = record(spiking("opi"), T)
    assert (spikes.sum(0) == plain.sum(0)).all()


@pytest.mark.parametrize(
    ("name", "options", "n", "most"),
    [
        ("termapping", {}, 0.0, 1),
        ("termapping", {"negative_threshold": 1.0}, 1.0, 1),
        ("augmapping", {"levels": 3}, 0.0, 3),
        ("augmapping", {"levels": None}, 0.0, None),
    ],
)
def test_double_thresholds_are_those_of_the_reference(name, options, n, most):
    inputs = changing(low=-56, high=72)
    spikes, _ = reference(inputs, v0=0.5, n=n, most=most)
    assert (sent_by(spiking(name, **options), inputs) == spikes).all()
