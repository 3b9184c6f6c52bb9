"""What is spiking, linear or a running sum; strict refuses the last."""

import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.errors import UnsupportedError
from tfsnn.network.operations import shares
from tfsnn.network.passes import simplify
from tfsnn.network.roles import LINEAR, RUNNING_SUM, SPIKING, roles, spiking_nodes
from tfsnn.sources import import_model


def squeezed():
    """Squeeze and excite: a gate of the channels, and a max pooling of spikes."""
    x = keras.Input((6, 6, 2))
    a = layers.Conv2D(4, 3, activation="relu", name="spikes")(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="mean")(a)
    gate = layers.Conv2D(4, 1, activation="sigmoid", name="gate")(gate)
    b = layers.Multiply(name="product")([a, gate])
    b = layers.Conv2D(3, 3, activation="relu", name="behind")(b)
    c = layers.MaxPooling2D(2, name="pool")(a)
    b = layers.Flatten()(b)
    c = layers.Flatten()(c)
    y = layers.Dense(2, activation="softmax", name="out")(layers.Concatenate()([b, c]))
    return models.randomise(keras.Model(x, y))


def test_the_role_of_each_node():
    found = roles(simplify(import_model(squeezed())))
    assert [name for name, role in found.items() if role == SPIKING] == [
        "spikes_relu",
        "behind_relu",
        "pool",
    ]
    sums = [name for name, role in found.items() if role == RUNNING_SUM]
    assert sums == ["gate_sigmoid", "product"]
    assert found["out"] == found["mean"] == found["spikes"] == LINEAR


def test_max_pooling_of_currents_is_a_running_sum_of_spikes_it_is_not():
    graph = import_model(models.randomise(models.cnn()))
    (pool,) = [n for n in simplify(graph) if type(n).__name__ == "Max"]
    assert roles(simplify(graph))[pool.name] == RUNNING_SUM
    strict = simplify(graph, strict=True)
    assert roles(strict)[pool.name] == SPIKING and pool.name in spiking_nodes(strict)
    assert set(roles(strict).values()) == {SPIKING, LINEAR}


def test_the_shares_add_up_and_are_in_the_report():
    model = squeezed()
    snn = tfsnn.convert(model, models.samples(model, 20))
    expected = shares(simplify(import_model(model)))
    assert snn.report.shares == expected and not snn.report.strict
    assert sum(expected.values()) == pytest.approx(1)
    assert all(part > 0 for part in expected.values())
    told = {node.node: (node.kind, node.role) for node in snn.report.nodes}
    assert told["product"] == ("multiply", RUNNING_SUM)
    assert "running sums are gate_sigmoid (sigmoid), product (multiply)" in str(
        snn.report
    )


def test_strict_names_every_layer_that_needs_a_running_sum():
    model = squeezed()
    with pytest.raises(UnsupportedError) as error:
        tfsnn.convert(model, models.samples(model, 20), strict=True)
    assert [name for name, *_ in error.value.problems] == ["gate", "product"]


def test_a_strict_network_sends_integers_only_and_is_as_good():
    model = models.randomise(models.cnn())
    x = models.samples(model, 40)
    snn = tfsnn.convert(model, x, levels=255, timesteps=4, strict=True)
    assert snn.report.strict and snn.report.shares[RUNNING_SUM] == 0
    # The max pooling stands behind the neurons, and its units are those of the spikes.
    order = [type(node).__name__ for node in snn.graph]
    assert order.index("Spiking") < order.index("Max")
    assert not any("gain" in node.name for node in snn.graph)
    error = np.abs(snn.predict(x, verbose=0) - model.predict(x, verbose=0)).max()
    assert error < 2e-3
    assert tfsnn.verify(model, snn, x).agreement > 0.9


def test_nothing_spikes_and_the_report_says_so():
    model = models.randomise(
        keras.Sequential([keras.Input((4,)), layers.Dense(4, "gelu"), layers.Dense(2)])
    )
    x = models.samples(model, 8)
    snn = tfsnn.convert(model, x)
    assert "nothing of this network spikes" in snn.report.warnings[0]
    assert "nothing to calibrate" in str(snn.report)
    np.testing.assert_allclose(snn.predict(x, verbose=0), model(x), atol=1e-6)
