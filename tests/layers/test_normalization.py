"""The normalisations of "Norm matters", against references in NumPy."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfsnn.errors import ModelError, OptionError
from tfsnn.layers import (
    BoundedWeightNormalization,
    L1BatchNormalization,
    LInfBatchNormalization,
    TopKBatchNormalization,
)
from tfsnn.network.nodes import Source
from tfsnn.sources.handlers import Builder
from tfsnn.sources.handlers.norm_matters import deviation_normalization

EPSILON = 1e-5
KINDS = {
    "l1": (L1BatchNormalization, None),
    "top 10": (TopKBatchNormalization, 10),
    "top 3": (lambda **kwargs: TopKBatchNormalization(3, **kwargs), 3),
    "l inf": (LInfBatchNormalization, 1),
}
SHAPES = [(16, 3), (8, 5, 3), (4, 3, 5, 3), (2, 2, 3, 2, 3)]
every_kind = pytest.mark.parametrize("kind", KINDS)


def statistics(x, k):
    """Mean and deviation per channel, the last axis, in float64; k=None for L1."""
    rows = x.astype(float).reshape(-1, x.shape[-1])
    mean = rows.mean(0)
    distances = np.abs(rows - mean)
    if k is None:
        return mean, math.sqrt(math.pi / 2) * distances.mean(0)
    n = len(rows)
    factor = 0.5 * (1 + math.sqrt(math.pi * math.log(4))) / math.sqrt(2 * math.log(n))
    return mean, factor * np.sort(distances, 0)[-min(k, n) :].mean(0)


def normalised(x, mean, deviation, layer):
    gamma, beta = np.array(layer.gamma, float), np.array(layer.beta, float)
    return gamma * (x - mean) / (deviation + EPSILON) + beta


def trained(kind, x, **arguments):
    """A layer whose weights are all drawn."""
    layer = KINDS[kind][0](**arguments)
    layer.build(x.shape)
    rng = np.random.default_rng(3)
    layer.set_weights([rng.uniform(0.5, 2, w.shape) for w in layer.weights])
    return layer


def values(*shape, seed=0):
    """Channels of other means and sizes."""
    drawn = np.random.default_rng(seed).normal(size=shape)
    return (drawn * [0.1, 1, 30][: shape[-1]] + [1, -2, 50]).astype(np.float32)


@every_kind
@pytest.mark.parametrize("shape", SHAPES)
def test_training_and_inference_are_the_reference(kind, shape):
    x = values(*shape)
    layer = trained(kind, x)
    mean, deviation = (np.array(w, float) for w in layer.non_trainable_weights)
    expected = normalised(x, mean, deviation, layer)
    for training in (False, None):
        np.testing.assert_allclose(layer(x, training=training), expected, rtol=1e-5)
    batch = statistics(x, KINDS[kind][1])
    y = layer(x, training=True)
    np.testing.assert_allclose(y, normalised(x, *batch, layer), rtol=1e-4, atol=1e-4)
    assert layer.compute_output_shape(shape) == y.shape == shape


@every_kind
def test_statistics_move_as_those_of_keras_do(kind):
    layer = KINDS[kind][0](momentum=0.75)
    mean, deviation = np.zeros(3), np.ones(3)
    for seed in range(5):
        x = values(8, 4, 3, seed=seed)
        new_mean, new_deviation = statistics(x, KINDS[kind][1])
        mean = 0.75 * mean + 0.25 * new_mean
        deviation = 0.75 * deviation + 0.25 * new_deviation
        layer(x, training=True)
        layer(100 * x, training=False)  # moves nothing
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_deviation, deviation, rtol=1e-5)
    names = [w.path.split("/")[-1] for w in layer.non_trainable_weights]
    assert names == ["moving_mean", "moving_deviation"]
    layer.trainable = False  # as in Keras: inference, whatever `training` says
    frozen = layer(x, training=True).numpy()
    assert (frozen == layer(x, training=False).numpy()).all()
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)


@every_kind
def test_gradients_flow_through_the_statistics(kind):
    x = values(4, 3, 3).astype(np.float64)
    layer = trained(kind, x, dtype="float64")
    weights = np.random.default_rng(1).normal(size=x.shape)

    def loss(x):
        return tf.reduce_sum(weights * tf.tanh(layer(tf.identity(x), training=True)))

    variables = [tf.Variable(x), layer.gamma.value, layer.beta.value]
    with tf.GradientTape() as tape:
        total = loss(variables[0])
    gradients = tape.gradient(total, variables)
    step = 1e-6
    for value, gradient in zip(variables, gradients, strict=True):
        start, differences = value.numpy(), np.zeros(value.shape)
        for index in np.ndindex(*value.shape):
            for sign in (1, -1):
                moved = start.copy()
                moved[index] += sign * step
                value.assign(moved)
                differences[index] += sign * loss(variables[0]).numpy() / (2 * step)
        value.assign(start)
        np.testing.assert_allclose(gradient, differences, rtol=1e-4, atol=1e-7)
    # Not the gradient that takes the statistics for constants: adding the same to all
    # elements of a channel changes nothing.
    np.testing.assert_allclose(gradients[0].numpy().sum((0, 1)), 0, atol=1e-9)


@every_kind
def test_the_size_and_the_place_of_inputs_do_not_matter(kind):
    x = values(8, 4, 3)
    layer = trained(kind, x)
    y = layer(x, training=True).numpy()
    for moved in (4 * x, x + np.float32(2)):
        np.testing.assert_allclose(layer(moved, training=True), y, atol=1e-3)
    odd = layer(-x, training=True).numpy() + y - 2 * layer.beta.numpy()
    np.testing.assert_allclose(odd, 0, atol=1e-4)


def test_l1_is_the_standard_deviation_of_gaussian_values():
    x = np.random.default_rng(0).normal(3, 5, (20_000, 4)).astype(np.float32)
    y = L1BatchNormalization()(x, training=True).numpy()
    np.testing.assert_allclose(y.std(0), 1, rtol=0.02)


@pytest.mark.parametrize("n", [1_000, 20_000])
def test_the_largest_are_near_the_standard_deviation_of_gaussian_values(n):
    # The factor is the mean of the two that would be exact if the largest of n values
    # had its upper bound, sqrt(2 ln n), or its lower, that / sqrt(pi ln 4). The true
    # value is near the upper, so what is wanted is 1 to 1.54. Top(10) is a little less.
    upper = 0.5 * (1 + math.sqrt(math.pi * math.log(4)))
    x = np.random.default_rng(0).normal(3, 5, (n, 50)).astype(np.float32)
    for layer in (LInfBatchNormalization(), TopKBatchNormalization()):
        sizes = 1 / layer(x, training=True).numpy().std(0)
        assert 1.1 < sizes.mean() < upper


@pytest.mark.parametrize("k", [1, 10])
def test_fewer_elements_than_k_use_all_of_them(k):
    layer = TopKBatchNormalization(k)
    x = values(4, 3)
    mean, deviation = statistics(x, 4 if k == 10 else 1)
    y = layer(x, training=True)
    np.testing.assert_allclose(y, normalised(x, mean, deviation, layer), rtol=1e-4)
    assert (layer(x[:1], training=True).numpy() == 0).all()  # beta: no deviation
    assert np.isfinite(layer.moving_deviation).all()


@every_kind
def test_channels_on_another_axis(kind):
    x = values(4, 5, 6, 3)
    last, first = trained(kind, x), trained(kind, np.moveaxis(x, -1, 1), axis=1)
    for training in (True, False):
        y = first(np.moveaxis(x, -1, 1), training=training).numpy()
        expected = last(x, training=training)
        np.testing.assert_allclose(np.moveaxis(y, 1, -1), expected, rtol=1e-5)


@every_kind
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_inference_is_a_gain_and_an_offset(kind, center, scale):
    x = values(8, 4, 3)
    layer = trained(kind, x, center=center, scale=scale)
    assert len(layer.weights) == 2 + center + scale
    gain, offset = layer.gain_and_offset()
    assert gain.dtype == offset.dtype == np.float64 and gain.shape == offset.shape
    expected = layer(x, training=False).numpy()
    np.testing.assert_allclose(x * gain + offset, expected, rtol=1e-6, atol=1e-4)
    builder = Builder()
    source = builder.add(Source, (), x.shape[1:])
    node = builder.nodes[deviation_normalization(layer, [source], builder)]
    assert (node.gain == gain.astype(np.float32)).all()
    assert (node.offset == offset.astype(np.float32)).all()


def test_without_statistics_there_is_no_gain():
    with pytest.raises(ModelError, match=r"l1.* has no statistics yet"):
        L1BatchNormalization().gain_and_offset()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@every_kind
def test_low_precision_keeps_statistics_in_float32(kind, policy):
    x = 100 * values(8, 4, 3)  # sums are above the greatest float16
    layer = KINDS[kind][0](dtype=policy, momentum=0.0)
    y = layer(x, training=True)
    assert y.dtype == policy.removeprefix("mixed_")
    rounded = tf.cast(tf.cast(x, y.dtype), tf.float32).numpy()
    mean, deviation = statistics(rounded, KINDS[kind][1])
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_deviation, deviation, rtol=1e-5)


WRAPPED = {
    "dense": (lambda **a: layers.Dense(4, **a), (6,), (0,)),
    "dense over rows": (lambda **a: layers.Dense(4, **a), (3, 6), (0,)),
    "conv1d": (lambda **a: layers.Conv1D(4, 3, **a), (5, 6), (0, 1)),
    "conv2d": (lambda **a: layers.Conv2D(4, 3, 2, "same", **a), (5, 4, 6), (0, 1, 2)),
    "grouped": (lambda **a: layers.Conv2D(4, 1, groups=2, **a), (5, 4, 6), (0, 1, 2)),
    "conv3d": (lambda **a: layers.Conv3D(4, 2, **a), (3, 3, 3, 2), (0, 1, 2, 3)),
    "depthwise1d": (lambda **a: layers.DepthwiseConv1D(3, **a), (5, 6), (0,)),
    "depthwise": (
        lambda **a: layers.DepthwiseConv2D(3, depth_multiplier=2, **a),
        (5, 4, 6),
        (0, 1),
    ),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_bounded_weights_are_the_reference(name, rng):
    make, shape, axes = WRAPPED[name]
    plain, wrapped = make(activation="relu"), make(activation="relu")
    x = rng.normal(size=(2, *shape)).astype(np.float32)
    plain.build(x.shape)
    layer = BoundedWeightNormalization(wrapped)
    layer.build(x.shape)
    start = np.array(wrapped.kernel)
    # At first the norm of the whole kernel is what it was.
    assert np.linalg.norm(layer.kernel()) == pytest.approx(np.linalg.norm(start))
    rho = np.sqrt((start**2).sum() / math.prod(start.shape[len(axes) :]))
    assert float(layer.rho) == pytest.approx(rho)
    v, bias = rng.normal(size=start.shape), rng.normal(size=wrapped.bias.shape)
    wrapped.set_weights([v, bias])
    kernel = rho * v / np.sqrt((v**2).sum(axes, keepdims=True))
    np.testing.assert_allclose(layer.kernel(), kernel, rtol=1e-5)
    plain.set_weights([kernel, bias])
    y = layer(x)
    np.testing.assert_allclose(y, plain(x), rtol=1e-4, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == y.shape
    # Nothing was assigned.
    np.testing.assert_array_equal(wrapped.kernel, v.astype(np.float32))
    assert layer.trainable_weights == wrapped.trainable_weights


def test_the_gradient_of_bounded_weights_keeps_their_norm(rng):
    layer = BoundedWeightNormalization(layers.Conv2D(4, 3))
    x = rng.normal(size=(2, 5, 5, 3)).astype(np.float32)
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    gradient = tape.gradient(loss, layer.layer.kernel.value).numpy()
    v = np.array(layer.layer.kernel)
    assert np.abs(gradient).max() > 0.1
    radial = (gradient * v).sum((0, 1, 2)) / np.linalg.norm(v.reshape(-1, 4), axis=0)
    np.testing.assert_allclose(radial, 0, atol=1e-4)


def test_a_dead_channel_of_bounded_weights_is_zero(rng):
    layer = BoundedWeightNormalization(layers.Dense(2))
    layer.build((None, 3))
    layer.layer.kernel.assign([[0, 1], [0, 2], [0, 2]])
    x = rng.normal(size=(2, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x))
    assert np.isfinite(tape.gradient(loss, layer.layer.kernel.value)).all()
    assert (layer(x).numpy()[:, 0] == 0).all()


def network():
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            BoundedWeightNormalization(layers.Conv2D(4, 3, kernel_regularizer="l2")),
            TopKBatchNormalization(),
            layers.ReLU(),
            BoundedWeightNormalization(layers.DepthwiseConv2D(2)),
            L1BatchNormalization(momentum=0.9, center=False),
            layers.Flatten(),
            BoundedWeightNormalization(layers.Dense(3)),
            LInfBatchNormalization(epsilon=1e-3, scale=False),
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_network_trains_and_is_saved(jit_compile, tmp_path, rng):
    model = network()
    x = rng.normal(size=(32, 6, 6, 2)).astype(np.float32)
    y = rng.normal(size=(32, 3)).astype(np.float32)
    rhos = [float(layer.rho) for layer in model.layers if hasattr(layer, "rho")]
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=jit_compile)
    before = [np.array(w) for w in model.weights]
    losses = model.fit(x, y, batch_size=12, epochs=5, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < 0.9 * losses[0]
    for old, new in zip(before, model.weights, strict=True):
        assert (old != np.asarray(new)).any() != new.path.endswith("/rho"), new.path
    assert len(model.losses) == 1  # of the wrapped kernel
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded(x).numpy() == model(x).numpy()).all()
    assert [float(w.rho) for w in loaded.layers if hasattr(w, "rho")] == rhos


@pytest.mark.parametrize(
    "layer",
    [
        L1BatchNormalization(1, 0.5, 0.25, False, False),
        TopKBatchNormalization(3, momentum=0.5),
        LInfBatchNormalization(scale=False),
        BoundedWeightNormalization(layers.Dense(3, use_bias=False), name="bounded"),
    ],
)
def test_a_layer_goes_through_its_config(layer):
    copy = type(layer).from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    copy.build((None, 4, 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L1BatchNormalization(momentum=1.0), "momentum=1.0 must be in [0, 1)"),
        (lambda: L1BatchNormalization(momentum=-0.1), "momentum=-0.1"),
        (lambda: L1BatchNormalization(momentum=float("nan")), "momentum=nan"),
        (lambda: L1BatchNormalization(epsilon=0), "epsilon=0 must be positive"),
        (lambda: L1BatchNormalization(axis=1.0), "axis=1.0 must be an integer"),
        (lambda: TopKBatchNormalization(0), "TopKBatchNormalization: k=0 must be"),
        (lambda: TopKBatchNormalization(2.0), "k=2.0 must be an integer >= 1"),
        (lambda: TopKBatchNormalization(True), "k=True must be an integer >= 1"),
        (lambda: L1BatchNormalization(axis=0).build((2, 3)), "at axis=0: give"),
        (lambda: L1BatchNormalization(axis=2).build((2, 3)), "at axis=2: give"),
        (lambda: L1BatchNormalization(axis=-2).build((2, 3)), "at axis=-2: give"),
        (lambda: L1BatchNormalization().build((2,)), "have no channels"),
        (lambda: L1BatchNormalization().build((2, None)), "no fixed number"),
        (
            lambda: BoundedWeightNormalization(layers.ReLU(name="r")),
            "'r' is a ReLU; wrap one of Dense, Conv1D",
        ),
        (
            lambda: BoundedWeightNormalization(layers.Conv2DTranspose(3, 3)),
            "is a Conv2DTranspose; wrap one of",
        ),
        (lambda: BoundedWeightNormalization(3), "3 is a int; wrap one of"),
        (
            lambda: BoundedWeightNormalization(
                layers.Dense(3, activity_regularizer="l2")
            ),
            "has an activity_regularizer; give it to the wrapper",
        ),
        (
            lambda: BoundedWeightNormalization(layers.Dense(3, lora_rank=1)).build(
                (None, 4)
            ),
            "is not plain (LoRA?)",
        ),
    ],
)
def test_impossible_arguments_are_refused(make, message):
    with pytest.raises(OptionError) as caught:
        make()
    assert message in str(caught.value)
