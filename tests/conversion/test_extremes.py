"""Networks of very large, very small and infinite values: exact, or refused once."""

import functools
import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops
from models import randomise

import tfsnn
from examples import of
from tfsnn.conversion import methods
from tfsnn.errors import CalibrationError, ModelError

METHODS = tuple(methods.methods())
FINE = {"levels": 2**16, "scale": "max", "timesteps": 4}


@pytest.fixture(autouse=True)
def no_runtime_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def three_layers(scales=(1.0, 1.0, 1.0)):
    """Dense, ReLU, dense, ReLU, dense, each layer's weights and sums times a scale."""
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, "relu", name="first"),
            layers.Dense(8, "relu", name="second"),
            layers.Dense(3, name="third"),
        ]
    )
    randomise(model)
    total = np.float64(1)
    for layer, scale in zip(model.layers, scales, strict=True):
        kernel, bias = layer.get_weights()
        total *= scale
        layer.set_weights([kernel * np.float32(scale), bias * np.float32(total)])
    return model


X = np.random.default_rng(1).normal(size=(32, 6)).astype(np.float32)


@functools.cache
def calibration(scales):
    return tfsnn.calibration(three_layers(scales), X)


@functools.cache
def predicted(name, scales=(1.0, 1.0, 1.0)):
    known = calibration(scales)
    # Burst's own rule asks which activations are above 1.
    options = {"scale": "max"} if name == "burst" else {}
    snn = tfsnn.convert(known.model, known, name, timesteps=3, **options)
    return snn(X[:8]).numpy()


@pytest.mark.parametrize("name", METHODS)
def test_a_layer_that_overflows_is_named(name):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2, "relu", name="one")])
    model.add(layers.Dense(2, "relu", name="two"))
    for layer in model.layers:
        layer.kernel.assign(np.full((2, 2), 1e30, np.float32))
    with pytest.raises(CalibrationError) as caught:
        tfsnn.convert(model, np.ones((4, 2), np.float32), name, timesteps=2)
    said = str(caught.value)
    assert said.startswith("two: 8 of 8 values are infinite, first in calibration ")
    assert "sample 0" in said and "2e+30" in said and "\n" not in said


def test_nan_is_told_from_infinity():
    """The second signal's inf - inf: one layer before it is infinite only once."""
    x = keras.Input((2,))
    y = layers.ReLU(name="last")(ops.log(x) - ops.log(x))
    model = keras.Model(x, y)
    given = np.ones((4, 2), np.float32)
    given[2, 1] = -1  # whose logarithm is NaN
    with pytest.raises(CalibrationError, match=r"1 of 8 values are NaN, .* 2,"):
        tfsnn.convert(model, given, "data_norm")


# Powers of two change no digit of what float32 holds: neither may a conversion.
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("powers", [(0, 40, -30), (-30, -30, 90), (30, 30, 30)])
def test_weights_of_any_size_give_the_same_spikes(name, powers):
    scaled = predicted(name, tuple(2.0**n for n in powers))
    np.testing.assert_array_equal(scaled / 2.0 ** sum(powers), predicted(name))


@pytest.mark.parametrize(
    ("scales", "what"),
    [
        ((1e-37, 1, 1), "the activations of first reach .*e-37 on"),
        ((1e-37, 1, 1e37), "the activations of first reach .*e-37 on"),
        ((1, 1, 1e-37), "the values at the output third.* reach .*e-3"),
        ((1e12, 1e12, 1e12), "the values at the output third.* reach .*e.36 on"),
        ((1e-12, 1e-12, 1e-12), "the values at the output third.* reach .*e-3[567] on"),
    ],
)
def test_values_that_float32_hardly_holds_are_refused(scales, what):
    """By all methods alike, for it is the calibration that refuses."""
    with pytest.raises(CalibrationError, match=what):
        predicted("differential", scales)


def test_weights_that_only_the_spiking_network_has_too_small_are_refused():
    """Two linear layers whose factors cancel: between them spikes of 1e-38 would be."""
    x = keras.Input((4,))
    y = layers.ReLU()(x)
    y = layers.Dense(3, name="small", use_bias=False)(y)
    model = randomise(keras.Model(x, layers.Dense(2, use_bias=False)(y)))
    model.get_layer("small").kernel.assign(model.get_layer("small").kernel * 1e-36)
    model.layers[-1].kernel.assign(model.layers[-1].kernel * 1e36)
    with pytest.raises(CalibrationError, match=r"small: its kernel, at most .*e-3"):
        tfsnn.convert(model, X[:, :4], **FINE)


def test_weights_that_are_not_finite_are_refused_by_layer():
    model = three_layers()
    kernel = np.array(model.layers[1].kernel)
    kernel[0, 0] = np.nan
    model.layers[1].kernel.assign(kernel)
    with pytest.raises(ModelError, match="the weights of second hold NaN or inf"):
        tfsnn.convert(model, X)


BOUNDED = {
    "hard_tanh": lambda x: ops.hard_tanh(x),
    "clip": lambda x: ops.clip(x, -1.0, 0.5),
    "clip, far": lambda x: ops.clip(x, -1e9, 1e9),
    "clip, no low": lambda x: ops.clip(x, -float("inf"), 0.5),
    "maximum": lambda x: ops.maximum(x, -3.0),
    "maximum, far": lambda x: ops.maximum(x, -1e9),
    "minimum": lambda x: ops.minimum(x, 3.0),
    "maximum, by channel": lambda x: ops.maximum(x, np.array([-1, 0, -9e-9, -100])),
    "minimum, mixed": lambda x: ops.minimum(x, np.array([1, 2e-9, -1e-9, 100])),
    "maximum, mixed": lambda x: ops.maximum(x, np.array([-1, -2e-9, 1e-9, -100])),
    "ReLU": lambda x: layers.ReLU(0.5, negative_slope=0.2)(x),
}


@pytest.mark.parametrize("size", [1e-8, 1e-4, 100.0])
@pytest.mark.parametrize("name", BOUNDED)
def test_bounds_round_no_small_value_away(name, size):
    """At |x| <= 1e-4 an offset of 1 left between none and all of the digits wrong."""
    model = of(BOUNDED[name], (4,)).model
    x = (size * np.random.default_rng(0).uniform(-1, 1, (40, 4))).astype(np.float32)
    y = model(x).numpy()
    found = tfsnn.convert(model, x, **FINE)(x).numpy()
    assert np.abs(found - y).max() <= 3e-5 * np.abs(y).max()


@pytest.mark.parametrize("bounds", [(-1.0, 1.0), (0.5, 2.0), (-2.0, -0.5), (-1.0, 0.0)])
def test_a_half_of_a_clip_that_is_never_active_needs_no_data(bounds):
    """Behind a ReLU nothing is below 0: the other half lends its thresholds."""
    x = keras.Input((4,))
    y = layers.Dense(2)(ops.clip(layers.ReLU()(x), *bounds) - ops.clip(x, -1.0, 1.0))
    model = randomise(keras.Model(x, y))
    given = np.random.default_rng(0).uniform(-3, 3, (40, 4)).astype(np.float32)
    if bounds[1] < 0:  # where no half is ever active
        with pytest.raises(CalibrationError, match="was ever active"):
            tfsnn.convert(model, given, **FINE)
        return
    snn = tfsnn.convert(model, given, **FINE)
    off = np.abs(snn.predict(given, verbose=0) - model.predict(given, verbose=0))
    assert off.max() < 1e-3
    silent = [p for p in snn.report.populations if p.dead == 1]
    assert len(silent) == (bounds in [(-1.0, 1.0), (-1.0, 0.0)])


SMOOTH = (
    *("elu", "selu", "celu", "gelu", "silu", "mish", "tanh", "sigmoid", "softplus"),
    *("softsign", "hard_silu", "log_sigmoid", "squareplus", "tanh_shrink"),
    *("sparse_plus", "softmax", "log_softmax"),
)
BENT = (
    *("relu", "relu6", "leaky_relu", "hard_tanh", "hard_sigmoid", "sparse_sigmoid"),
    "soft_shrink",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*BENT, *SMOOTH])
def test_activations_of_any_size_are_computed_or_refused(name):
    model = randomise(of(lambda x: layers.Dense(3, name)(x), (4,)).build())
    weights = model.get_weights()
    for size in (1e-37, 1e-8, 1e-4, 30.0, 1e4, 1e12):
        model.set_weights([np.float32(size) * w for w in weights])
        y = model(X[:, :4]).numpy().astype(np.float64)
        try:
            snn = tfsnn.convert(model, X[:, :4], **FINE)
        except CalibrationError as error:
            nothing = name == "soft_shrink" and not y.any()  # so no half is active
            assert size in (1e-37, 1e12) or nothing
            assert len(str(error).splitlines()) == 1
            continue
        found = snn(X[:, :4]).numpy()
        assert np.isfinite(found).all()
        assert np.abs(found - y).max() <= 1e-4 * np.abs(y).max(), size
