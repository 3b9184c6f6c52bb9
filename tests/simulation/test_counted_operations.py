"""Operations of binary spikes are whole numbers of events, in every network there is.

Each is an event times the connections behind it, counted by hand from recorded spikes.
"""

import counted_by_hand
import keras
import models
import numpy as np
import pytest
from handler_cases import CASES
from keras import layers
from spiking_examples import behind_neurons

import tfsnn
from examples import floats
from tfsnn.conversion.normalize import normalize
from tfsnn.errors import UnsupportedError
from tfsnn.network.nodes import Max
from tfsnn.network.operations import count_operations
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate

T, BATCH = 3, 2
# The first example of each layer, and of the others every third: operations are those
# of nodes, of which all layers together have a few kinds.
SLOW = [case for case in CASES if case.marks]
SOME = [case for case in CASES if not case.marks] + SLOW[::3]
EVENTS, COEFFICIENTS, OF_EVENTS, SYNOPS = range(4)


def check(graph, observed, spikes):
    """Counts of the simulation, (T, B, 4), against those by hand; the names counted."""
    sent = counted_by_hand.events(graph, spikes)
    expected = counted_by_hand.synops(graph, sent)
    assert {f"counts/{name}" for name in expected} == {
        key for key in observed if key.startswith("counts/")
    }
    for name, operations in expected.items():
        counts = np.asarray(observed[f"counts/{name}"])
        assert (counts == counts.round()).all()
        number = (sent[name] != 0).reshape(*sent[name].shape[:2], -1).sum(-1)
        assert (counts[..., EVENTS] == number).all()
        assert (counts[..., COEFFICIENTS] == number).all()
        assert (counts[..., OF_EVENTS] == operations).all()
        assert (counts[..., SYNOPS] == operations).all()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "example"), SOME)
def test_operations_of_every_layer_are_events(kind, example):
    """With a scale of its own for each channel; poolings before and behind neurons."""
    tensors = example.tensors.items()
    kept = [name for name, tensor in tensors if "float" not in tensor.dtype]
    ann = behind_neurons(example.graph, kept)
    forms = [simplify(ann)]
    if forms[0].of_kind(Max):
        forms.append(simplify(ann, strict=True))
    for form in forms:
        graph = normalize(form, models.plan_for(form, low=-2, high=3))
        result = simulate(
            graph,
            floats(example.inputs(BATCH)),
            T,
            observe=("counts", "spikes"),
            fan_outs=count_operations(graph).fan_outs,
        )
        check(graph, result.observed, recorded(result))


def recorded(result):
    return {
        key.removeprefix("spikes/"): np.asarray(values)
        for key, values in result.observed.items()
        if key.startswith("spikes/")
    }


def synops(snn, x):
    """Accumulates for a sample, as evaluated, after checking them by hand."""
    (row,) = tfsnn.evaluate(snn, x).rows[-1:]
    trace = snn.simulate(x, snn.timesteps)
    sent = counted_by_hand.events(snn.graph, trace.spikes)
    by_hand = counted_by_hand.synops(snn.graph, sent)
    total = sum(of_node.sum() for of_node in by_hand.values())
    assert row.synops * len(x) == row.synops_events * len(x) == total
    assert row.synops == row.synops_events
    return total


@pytest.mark.parametrize("name", models.MODELS)
def test_operations_of_a_converted_network_are_events(name):
    model = models.randomise(models.MODELS[name]())
    x = models.samples(model, 6)
    snn = tfsnn.convert(model, x, "data_norm", timesteps=4)
    assert synops(snn, x) > 0


def pooled(form, gamma=1.0, signs=1):
    """The networks whose gains were once counted as spikes."""
    x = keras.Input((8, 8, 2))
    y = layers.Conv2D(6, 3, padding="same", name="conv")(x)
    y = (layers.LeakyReLU if form == "leaky" else layers.ReLU)(name="relu")(y)
    if form != "leaky":
        y = layers.BatchNormalization(name="norm")(y)
    if form == "global":
        y = layers.GlobalMaxPooling2D(name="pool")(y)
    else:
        y = layers.MaxPooling2D(2, name="pool")(y)
        y = layers.Conv2D(4, 3, padding="same", activation="relu", name="behind")(y)
    model = keras.Model(x, layers.Dense(3, name="out")(layers.Flatten()(y)))
    models.dyadic(model)
    if form != "leaky":
        norm = model.get_layer("norm")
        norm.gamma.assign(norm.gamma * gamma * signs)
        norm.beta.assign(norm.beta * gamma)
    if form == "windows":
        behind = model.get_layer("behind")
        behind.bias.assign(behind.bias * gamma)  # all currents are gamma times as large
    return model


SIGNS = np.array([1, -1, 1, 1, -1, -1], np.float32)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("signs", [1, SIGNS], ids=["rising", "some falling"])
@pytest.mark.parametrize("form", ["windows", "global"])
def test_a_gain_before_max_pooling_changes_no_count(form, signs, strict):
    """Gains of all sizes: the same spikes, and the same operations."""
    counts = []
    for gamma in (1.0, 2.0**10, 2.0**-10):
        model = pooled(form, gamma, signs)
        x = models.samples(model, 12)
        snn = tfsnn.convert(model, x, "data_norm", timesteps=4, strict=strict)
        counts.append(synops(snn, x))
        order = [type(node).__name__ for node in snn.graph]
        assert (order.index("Spiking") < order.index("Max")) is strict
        if strict:
            assert snn.report.shares["running sum"] == 0
        assert snn.operations_per_sample().analog_macs == 0
    assert counts[0] == counts[1] == counts[2] > 0


def test_a_pooling_of_falling_gains_is_the_anns():
    """At many steps the minima are as near as maxima."""
    model = pooled("windows", 1.0, SIGNS)
    x = models.samples(model, 12)
    snn = tfsnn.convert(model, x, levels=255, timesteps=8, strict=True)
    (pool,) = snn.graph.of_kind(Max)
    assert pool.minima == (1, 4, 5)
    y = model.predict(x, verbose=0)
    np.testing.assert_allclose(snn.predict(x, verbose=0), y, atol=5e-3 * np.std(y))


def sum_of_two(x):
    a, b = (layers.Conv2D(3, 3, activation="relu")(x) for _ in range(2))
    return layers.Add()([a, b])


def mixed(x):
    """Each value has the scale of another channel of the dense layer."""
    y = layers.Dense(18, activation="relu")(layers.Flatten()(x))
    return layers.Reshape((3, 3, 2))(y)


def averaged(x):
    return layers.AveragePooling2D(2, 1)(layers.Conv2D(3, 3, activation="relu")(x))


def per_place(x):
    y = layers.Conv2D(3, 3, activation="relu")(x)
    gains = np.linspace(0.5, 1, 36 * 3, dtype=np.float32).reshape(1, 6, 6, 3)
    return keras.ops.multiply(y, gains)


def leaky(x):
    return layers.LeakyReLU(0.25)(layers.Conv2D(3, 3)(x))


def over(before):
    x = keras.Input((8, 8, 2))
    y = layers.MaxPooling2D(2, 1, name="pool")(before(x))
    y = layers.Dense(4, activation="relu")(layers.Flatten()(y))
    return models.randomise(keras.Model(x, layers.Dense(3)(y)))


@pytest.mark.parametrize("before", [leaky, sum_of_two, averaged, per_place, mixed])
def test_a_pooling_of_other_values_is_told_as_a_running_sum(before):
    """The weights behind it cost their MACs in each step, spikes one operation each."""
    model = over(before)
    x = models.samples(model, 10)
    options = {"timesteps": 3, "per": "channel"}
    with pytest.raises(UnsupportedError, match=r"pool \(MaxPooling2D\).*not single"):
        tfsnn.convert(model, x, "data_norm", strict=True, **options)
    snn = tfsnn.convert(model, x, "data_norm", **options)
    assert synops(snn, x) > 0
    role = {node.node: node.role for node in snn.report.nodes}
    assert role["pool"] == "running sum"
    assert "running sums are pool (Max)" in str(snn.report)
    values = int(np.prod(snn.graph["pool"].shape))
    assert snn.operations_per_sample().analog_macs == 4 * values
    if before is not mixed:  # which depends on the scales of the plan
        rows = {row.layer: row.becomes for row in tfsnn.inspect_model(model).layers}
        assert rows["pool"] == "max pooling as a running sum"


def test_mixed_channels_of_one_scale_are_spikes():
    model = over(mixed)
    x = models.samples(model, 10)
    options = {"timesteps": 3, "per": "layer", "strict": True}
    snn = tfsnn.convert(model, x, "data_norm", **options)
    assert synops(snn, x) > 0 and snn.report.shares["running sum"] == 0


def test_a_pooling_of_digits_is_told_as_a_running_sum():
    """Radix neurons send digits; what their values have come to is known at the end."""
    model = over(lambda x: layers.Conv2D(3, 3, activation="relu")(x))
    x = models.samples(model, 10)
    with pytest.raises(UnsupportedError, match=r"pool \(MaxPooling2D\).*digits"):
        tfsnn.convert(model, x, "radix", timesteps=4, strict=True)
