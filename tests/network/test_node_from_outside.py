"""Node kinds and layers that the package does not know, registered from outside of it.

``SoftGain`` says nothing of itself but what it computes: it is a running sum. ``Turn``
says that spikes and units go through it. Of each a class, and a handler of its layer.
"""

from dataclasses import dataclass
from typing import Any

import keras
import models
import numpy as np
import pytest
import tensorflow as tf

import tfsnn
from tfsnn.errors import UnsupportedError
from tfsnn.export.nir.writing import export_nir
from tfsnn.export.saved_model.writing import export_saved_model
from tfsnn.network.node import Node, array
from tfsnn.network.nodes import Passing
from tfsnn.network.operations import count_operations, shares
from tfsnn.network.passes import simplify
from tfsnn.network.roles import roles
from tfsnn.sources import import_model
from tfsnn.sources.handlers import registry

T = 8


@dataclass(frozen=True, eq=False)
class SoftGain(Node):
    """gain * x / (1 + abs(x))."""

    gain: Any = array()

    def apply(self, x):
        return self.gain * x / (1.0 + tf.abs(x))


@dataclass(frozen=True, eq=False)
class Turn(Passing):
    """The channels from the last to the first."""

    def apply(self, x):
        return tf.reverse(x, [-1])


@keras.saving.register_keras_serializable(package="outside")
class SoftGainLayer(keras.layers.Layer):
    def build(self, shape):
        self.gain = self.add_weight(shape=(shape[-1],), name="gain")

    def call(self, x):
        return self.gain * x / (1.0 + keras.ops.abs(x))


@keras.saving.register_keras_serializable(package="outside")
class TurnLayer(keras.layers.Layer):
    def call(self, x):
        return keras.ops.flip(x, -1)


@keras.saving.register_keras_serializable(package="outside")
class Centred(keras.layers.Layer):
    """x less the mean of its channels, rectified."""

    def call(self, x):
        return keras.ops.relu(x - keras.ops.mean(x, -1, keepdims=True))


@pytest.fixture(autouse=True)
def handlers(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTRY", registry.registered())

    @tfsnn.handles(SoftGainLayer)
    def soft_gain(layer, inputs, builder):
        shape = builder.shape(inputs[0])
        return builder.add(SoftGain, inputs, shape, gain=np.asarray(layer.gain))

    @tfsnn.handles(TurnLayer)
    def turn(layer, inputs, builder):
        return builder.add(Turn, inputs, builder.shape(inputs[0]))

    @tfsnn.handles(Centred)
    def centred(layer, inputs, builder):
        """Of nodes that are known alone."""
        (x,) = inputs
        mean = builder.reduce(x, "mean", (0,), keepdims=True)
        minus = builder.affine(mean, -1.0, suffix="_minus")
        return builder.rate(builder.total([x, minus], suffix="_sum"))


def network():
    return models.randomise(
        keras.Sequential(
            [
                keras.Input((6,)),
                keras.layers.Dense(8, activation="relu", name="first"),
                SoftGainLayer(name="gain"),
                TurnLayer(name="turned"),
                keras.layers.Dense(5, activation="relu", name="second"),
                TurnLayer(name="back"),
                keras.layers.Dense(3, name="out"),
            ]
        )
    )


@pytest.fixture(scope="module")
def made():
    return network()


@pytest.fixture
def converted(made):
    x = models.samples(made, 60)
    snn = tfsnn.convert(made, x, "augmapping", timesteps=T, correct="none")
    return made, snn, x


def sent_on_average(snn, x):
    """The mean of what each population sent, in the ANN's units."""
    spikes = snn.simulate(x).spikes
    return [s.mean(0) * np.asarray(snn.graph[name].scale) for name, s in spikes.items()]


def test_it_computes_what_the_layer_computes(made):
    graph, x = simplify(import_model(made)), models.samples(made, 9)
    values = graph.forward(x)[graph.outputs[0]]
    np.testing.assert_allclose(values, made(x), rtol=1e-5, atol=1e-6)


def test_over_time_it_sends_the_function_of_the_mean(converted):
    """Sum of the input = sum of the spikes + what the potential gained, exactly."""
    model, snn, x = converted
    first, second = sent_on_average(snn, x)
    gain, dense, out = (model.get_layer(n) for n in ("gain", "second", "out"))
    current = gain(first).numpy()[:, ::-1] @ dense.kernel + dense.bias
    name = list(snn.populations)[1]
    node = snn.graph[name]
    last = snn.simulate(x, record=("potentials",)).potentials[name][-1]
    kept = (last - np.asarray(node.initial_potential)) * np.asarray(node.scale) / T
    np.testing.assert_allclose(second + kept, current, atol=1e-4)
    outputs = second[:, ::-1] @ np.asarray(out.kernel) + np.asarray(out.bias)
    np.testing.assert_allclose(snn.predict(x, verbose=0), outputs, atol=1e-4)


def test_its_role_and_costs_follow_from_what_it_says(made):
    graph = simplify(import_model(made))
    found = roles(graph)
    assert found["gain"] == "running sum" and found["turned"] == "linear"
    counted = count_operations(graph)
    dense = 6 * 8 + 8 * 5 + 5 * 3
    assert counted.ann_macs == dense + 8  # one operation for each value
    # Behind the running sum the signal is analog, as it is before the first neuron.
    assert (counted.constant_macs, counted.analog_macs) == (6 * 8, 8 + 8 * 5)
    fan_outs = [f.tolist() for f in counted.fan_outs.values()]
    assert fan_outs == [[1] * 8, [3] * 5]
    assert shares(graph)["running sum"] == pytest.approx(8 / (dense + 8 + 8 + 5))
    with pytest.raises(UnsupportedError, match=r"gain.*needs a running-sum node"):
        tfsnn.convert(made, models.samples(made), strict=True)


def test_it_is_inspected_and_reported(converted):
    model, snn, _ = converted
    becomes = {row.layer: row.becomes for row in tfsnn.inspect_model(model).layers}
    assert becomes["gain"] == "running sum of SoftGain"
    assert becomes["turned"] == becomes["back"] == "Turn"
    kinds = {node.node: (node.kind, node.role) for node in snn.report.nodes}
    assert kinds["gain"] == ("SoftGain", "running sum")
    assert "gain (SoftGain)" in str(snn.report)


def test_it_is_evaluated_verified_and_diagnosed(converted):
    model, snn, x = converted
    labels = model.predict(x, verbose=0).argmax(1)
    own = snn.predict(x, verbose=0).argmax(1)
    (row,) = tfsnn.evaluate(snn, (x, labels), timesteps=[T]).rows
    assert row.accuracy == (own == labels).mean() > 0.8
    found = tfsnn.diagnose(model, snn, x)
    assert [layer.node for layer in found.layers] == list(snn.populations)
    means, ann = sent_on_average(snn, x), simplify(import_model(model)).forward(x)
    for layer, mean in zip(found.layers, means, strict=True):
        a = ann[layer.node].numpy()
        error = np.sqrt(((mean - a) ** 2).mean() / (a**2).mean())
        assert layer.error == pytest.approx(error, rel=1e-4)
        assert sum(part.share for part in layer.parts()) == pytest.approx(1, abs=1e-3)
    assert tfsnn.verify(model, snn, x).agreement == (own == labels).mean()


def test_corrections_go_around_it(made):
    x = models.samples(made, 60)
    wanted = made.predict(x, verbose=0)
    errors = [
        np.abs(
            tfsnn.convert(made, x, "opi", timesteps=4, correct=c).predict(x, verbose=0)
            - wanted
        ).mean()
        for c in ("none", "weights+bias+potential")
    ]
    assert errors[1] < errors[0]


def test_it_is_saved_loaded_and_exported(converted, tmp_path):
    _, snn, x = converted
    expected = snn.predict(x, verbose=0)
    snn.save(tmp_path / "snn.keras")
    loaded = tfsnn.load_model(tmp_path / "snn.keras")
    assert isinstance(loaded.graph["gain"], SoftGain)
    assert (loaded.predict(x, verbose=0) == expected).all()
    exported = export_saved_model(snn, tmp_path / "served", batch_sizes=(1,))
    signature = tf.saved_model.load(str(exported.path)).signatures["serving_default"]
    (key,) = signature.structured_input_signature[1]
    answers = [y.numpy() for y in signature(**{key: tf.constant(x)}).values()]
    given = [y for y in answers if y.shape == expected.shape]
    assert any(np.allclose(y, expected, atol=1e-5) for y in given)


def test_nir_refuses_both_with_their_names(converted, tmp_path):
    _, snn, _ = converted
    with pytest.raises(UnsupportedError) as error:
        export_nir(snn, tmp_path / "net.nir", lossy=True)
    reasons = {name: reason for name, _, reason in error.value.problems}
    assert reasons["gain"] == "is a SoftGain, which NIR has no node for: change the ANN"
    assert reasons["turned"] == "is a Turn, which NIR has no node for: change the ANN"
    assert reasons["back"] == reasons["turned"]
    assert not list(tmp_path.iterdir())


def test_a_layer_of_known_nodes_needs_its_handler_alone(tmp_path):
    model = models.randomise(
        keras.Sequential([keras.Input((8,)), Centred(name="c"), keras.layers.Dense(2)])
    )
    x = models.samples(model, 40)
    snn = tfsnn.convert(model, x, timesteps=T, levels=255, correct="none")
    assert list(snn.populations) == ["c_relu"]
    np.testing.assert_allclose(snn.predict(x, verbose=0), model(x), atol=0.02)
    assert roles(snn.graph)["c_relu"] == "spiking"
    snn.save(tmp_path / "snn.keras")
    loaded = tfsnn.load_model(tmp_path / "snn.keras")
    assert (loaded.predict(x, verbose=0) == snn.predict(x, verbose=0)).all()


def test_the_name_of_a_kind_is_taken_once():
    before = dict(Node.kinds)
    with pytest.raises(ValueError, match=r"Merge is a kind of node already, of tfsnn"):
        type("Merge", (Node,), {"__module__": "outside"})
    assert before == Node.kinds
