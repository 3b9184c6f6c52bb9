"""Backpropagation with packed spikes: the gradients of plain backpropagation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfsnn
from tfsnn.network.nodes import Spiking
from tfsnn.training import tunable
from tfsnn.training.packing import Packing, packings
from tfsnn.training.segments import segments

RNG = np.random.default_rng(5)
X = RNG.normal(size=(5, 6, 6, 2)).astype(np.float32)
Y = RNG.integers(0, 3, 5)


@pytest.mark.parametrize("count", [1, 7, 8, 15, 1001])
@pytest.mark.parametrize(
    ("least", "most", "bits"),
    [(0, 1, 1), (-1, 1, 2), (0, 3, 2), (-3, 3, 4), (0, 15, 4), (-127, 127, 8)],
)
def test_packed_integers_come_back_from_few_bytes(count, least, most, bits):
    packing = Packing(least, most)
    values = RNG.integers(least, most + 1, (count, 3)).astype(np.float32)
    packed = packing.pack(tf.constant(values))
    assert packing.bits == bits
    assert packed.dtype == tf.uint8
    assert packed.shape == (-(-3 * count * bits // 8),)
    found = packing.unpack(packed, values.shape)
    np.testing.assert_array_equal(found, values)


@pytest.fixture(scope="module")
def ann():
    """A shortcut, max pooling, and a node that two segments read."""
    keras.utils.set_random_seed(4)
    layers = keras.layers
    inputs = keras.Input(X.shape[1:])
    first = layers.Conv2D(6, 3, padding="same", activation="relu")(inputs)
    pooled = layers.MaxPooling2D()(first)
    x = layers.Conv2D(6, 3, padding="same", activation="relu")(pooled)
    x = layers.Conv2D(6, 3, padding="same")(x)
    x = layers.ReLU()(layers.add([x, layers.Conv2D(6, 1)(pooled)]))
    linear = layers.Conv2D(4, 1)(x)
    x = layers.concatenate([linear, layers.ReLU()(linear)])
    x = layers.Conv2D(4, 2, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))


METHODS = {
    "binary": {"method": "opi"},
    "signed": {"method": "termapping"},
    "graded": {"method": "augmapping"},
    "paced": {"method": "paced"},
    "silenced": {"method": "srp"},
    "pre-run": {"method": "cos"},
    "coded": {"method": "ic_snn"},
}


@pytest.fixture(scope="module", params=METHODS)
def snn(request, ann):
    return tfsnn.convert(ann, X, timesteps=4, correct="none", **METHODS[request.param])


def gradients(net):
    """Return outputs and gradients, among them that of the input."""
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = net(x, training=True)
        loss = keras.losses.sparse_categorical_crossentropy(Y, outputs, True)
        loss = tf.reduce_sum(loss)
        loss += sum(net.losses)
        if net.each_step:
            loss += tf.norm(net._last.each_step[0])
    return outputs, tape.gradient(loss, [x, *net.trainable_variables])


@pytest.mark.parametrize("extra", ["", "means", "each step"])
def test_gradients_are_those_of_plain_backpropagation_bit_for_bit(snn, extra):
    each = extra == "each step"
    nets = [tunable(snn, way, each_step=each) for way in ("time", "time_packed")]
    for net in nets if extra == "means" else ():
        net.penalties.append(lambda means: sum(map(tf.norm, means.values())))
    (outputs, plain), (same, packed) = map(gradients, nets)
    np.testing.assert_array_equal(same, outputs)
    assert any(np.any(g) for g in plain[1:])
    # Of neurons with pre-steps several sums meet in a gradient, in no fixed order.
    most = 1e-6 if snn.clock.pre_steps else 0.0
    for mine, expected in zip(packed, plain, strict=True):
        assert (mine is None) == (expected is None)
        if mine is not None:
            apart = np.abs(mine - expected).max()
            assert apart <= most * np.abs(expected).max()


def test_a_compiled_step_has_these_gradients_too(ann):
    """TensorFlow's optimiser orders sums anew, so that a potential may round apart."""
    snn = tfsnn.convert(ann, X, "opi", timesteps=3, correct="none")
    net = tunable(snn, "time_packed")
    _, expected = gradients(net)
    _, found = tf.function(gradients)(net)
    for mine, theirs in zip(found, expected, strict=True):
        apart = np.linalg.norm(np.ravel(mine - theirs))
        assert apart < 0.02 * np.linalg.norm(np.ravel(theirs))


def test_mostly_packed_spikes_go_from_one_segment_to_another(ann):
    snn = tfsnn.convert(ann, X, "termapping", timesteps=3, correct="none")
    graph = snn._structure
    packed, sent = packings(graph), []
    done: set[str] = set()
    for part in segments(graph, graph.inputs):
        assert set(part.reads) <= done | set(graph.inputs)
        done |= set(part.nodes)
        sent += part.sends
    assert done == {node.name for node in graph} - set(graph.inputs)
    populations = [node.name for node in graph.of_kind(Spiking)]
    assert set(populations) <= set(sent)
    assert all(packed[name] == Packing(-1, 1) for name in populations)
    assert len([name for name in sent if name not in packed]) == 1  # of the two readers
