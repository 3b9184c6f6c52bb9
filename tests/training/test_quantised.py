"""Networks with levels in place of ReLUs: thresholds, gradients, conversion."""

import keras
import numpy as np
import pytest
from keras import layers as L

import tfsnn
from tfsnn.errors import CalibrationError, ModelError, OptionError
from tfsnn.training import quantisation, quantised

RNG = np.random.default_rng(2)
X = RNG.normal(size=(200, 6, 6, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    """ReLUs in all forms, a network inside, a layer used twice, a batch norm."""
    keras.utils.set_random_seed(1)
    image = keras.Input((6, 6, 2))
    x = L.Conv2D(3, 3, activation="relu", name="conv")(image)
    x = keras.ops.relu6(L.BatchNormalization(name="norm")(x))
    x = L.Dropout(0.5, name="drop")(L.MaxPooling2D(name="pool")(x))
    inner = keras.Sequential(
        [keras.Input(x.shape[1:]), L.Flatten(), L.Dense(4, "relu", name="conv")]
    )
    twice = L.Dense(4, "relu", name="twice")
    x = L.Activation("relu", name="activation")(L.Dense(4)(twice(twice(inner(x)))))
    x = L.ReLU(0.05, name="layer")(L.LeakyReLU(name="leaky")(x))
    return keras.Model(image, L.Dense(2, "softmax")(L.Dense(5, "gelu", name="g")(x)))


def best_range(values, levels):
    """The range of least mean square error of rounding values, by trying all."""
    ranges = np.linspace(0.05, 1, 80) * values.max()
    units = ranges[:, None] / levels
    coded = units * np.clip(np.rint(values / units), 0, levels)
    return ranges[np.argmin(((coded - values) ** 2).mean(1))]


def test_thresholds_are_those_of_least_mean_square_error(network):
    model = quantised(network, X, 3)
    conv = keras.Model(network.input, network.get_layer("conv").output)(X)
    found = float(model.get_layer("conv_qcfs").threshold)
    assert found == pytest.approx(best_range(np.ravel(conv), 3), rel=0.04)
    assert float(model.get_layer("layer_qcfs").threshold) == np.float32(0.05)
    channels = quantised(network, X, 3, per_channel=True)
    for channel, one in enumerate(np.array(channels.get_layer("conv_qcfs").threshold)):
        values = np.ravel(conv[..., channel])
        assert float(one) == pytest.approx(best_range(values, 3), rel=0.04)


def test_every_relu_is_quantised_and_the_rest_is_named(network):
    before = [w.copy() for w in network.get_weights()]
    found = quantisation(quantised(network, X, 3))
    names = [one.name for one in found.layers]
    assert len(names) == 6 and {"conv_qcfs", "conv_qcfs_2", "twice_qcfs"} < {*names}
    assert found.left == ("leaky", "g")
    assert str(found).startswith("activations of 3 levels: 6\n  conv_qcfs: threshold")
    assert "left as they are: leaky, g" in str(found)
    assert found.to_dict()["layers"][0]["levels"] == 3
    for old, new in zip(before, network.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_many_levels_are_the_network_itself(network):
    model = quantised(network, X, 4095)
    np.testing.assert_allclose(model(X[:50]), network(X[:50]), atol=2e-3)


def test_batch_norm_dropout_and_pooling_live_on(network):
    model = quantised(network, X, 4)
    model.compile(keras.optimizers.SGD(0.02), "sparse_categorical_crossentropy")
    moving, threshold = (
        np.array(w)
        for w in (
            model.get_layer("norm").moving_mean,
            model.get_layer("conv_qcfs").threshold,
        )
    )
    y = (X.sum((1, 2, 3)) > 0).astype(int)
    losses = model.fit(X, y, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert np.abs(model.get_layer("norm").moving_mean - moving).max() > 1e-3
    assert float(model.get_layer("conv_qcfs").threshold) != threshold
    assert isinstance(model.get_layer("pool"), L.MaxPooling2D)
    assert model.get_layer("drop").rate == 0.5


@pytest.fixture(scope="module")
def trained():
    """A network of dyadic weights and inputs, whose sums are exact."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            L.Conv2D(4, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(8, "relu"),
            L.Dense(3),
        ]
    )
    drawn = np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(drawn.integers(-16, 17, weight.shape) / 32)
    return model


DYADIC = np.random.default_rng(6).integers(0, 17, (64, 6, 6, 2)).astype(np.float32) / 16


@pytest.mark.parametrize(
    ("levels", "method", "options"),
    [
        (3, "radix", {"timesteps": 2}),
        (15, "radix", {"timesteps": 4}),
        (5, "augmapping", {"timesteps": 1, "levels": 5}),
    ],
)
def test_conversion_loses_nothing(trained, levels, method, options):
    model = quantised(trained, DYADIC, levels)
    for layer in model.layers:
        if isinstance(layer, tfsnn.layers.QCFS):
            layer.threshold.assign(levels / 4)  # so that its steps are dyadic too
    snn = tfsnn.convert(model, DYADIC, method, **options)
    assert "converted without loss" in snn.report.quantized
    ann = np.asarray(model(DYADIC))
    assert len(np.unique(ann.round(3))) > 30
    np.testing.assert_array_equal(snn(DYADIC), ann)


def test_thresholds_of_spikes_are_the_trained_ones(trained):
    model = quantised(trained, DYADIC, 4)
    snn = tfsnn.convert(model, DYADIC, "qcfs", timesteps=4, unbounded="refuse")
    assert snn.timesteps == 4
    first = float(model.layers[2].threshold)
    np.testing.assert_allclose(snn.report.populations[0].scale_max, first, rtol=1e-6)


def test_what_cannot_be_quantised_is_refused(network):
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ModelError, match="rebuild it as a Functional"):
        quantised(Own(), X)
    linear = keras.Sequential([keras.Input((6, 6, 2)), L.Dense(3)])
    with pytest.raises(ModelError, match="has no ReLU"):
        quantised(linear, X)
    with pytest.raises(OptionError, match="quantised: levels=0"):
        quantised(network, X, 0)
    with pytest.raises(CalibrationError, match="ever active"):
        dead = keras.Sequential([keras.Input((6, 6, 2)), L.Dense(3, "relu")])
        dead.layers[0].bias.assign([-1e3] * 3)
        quantised(dead, X)
