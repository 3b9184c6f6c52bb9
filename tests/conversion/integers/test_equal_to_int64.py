"""Integer networks compute what NumPy does in int64, spike by spike."""

import integer_reference
import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.conversion.methods import methods
from tfsnn.conversion.methods.fields import specs
from tfsnn.errors import TfsnnError
from tfsnn.network.nodes import Affine, Linear, Rounded, Spiking

# Methods whose spikes are no integers, or have no bound, and what is said of them.
REFUSED = {
    "differential": "differential neurons",
    "sigma_delta": "sigma-delta neurons",
    "snm": "may come to",
}


def images(seed=0, count=6):
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 256, (count, 8, 8, 2)) / 255).astype(np.float32)


def network():
    inputs = keras.Input((8, 8, 2))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    y = layers.Conv2D(4, 3, padding="same")(x)
    x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.AveragePooling2D(2)(x)
    x = layers.Conv2D(6, 3, activation="relu")(x)
    outputs = layers.Dense(3)(layers.Flatten()(x))
    return models.randomise(keras.Model(inputs, outputs))


@pytest.fixture(scope="module")
def known():
    model = network()
    return model, tfsnn.calibration(model, images(1, 40))


def check(snn, x):
    """Compare all spikes and outputs with those of NumPy."""
    expected = integer_reference.simulate(snn.graph, x, snn.timesteps)
    found = snn.run(x, observe=("values", "outputs"))
    spikes = 0
    for node in snn.graph.of_kind(Spiking):
        values = found.observed[f"values/{node.name}"].numpy()
        np.testing.assert_array_equal(values, expected[node.name], node.name)
        spikes += np.abs(values).sum()
    assert spikes > 0
    graph, clock = snn.graph, snn.clock
    for name, output in zip(graph.outputs, found.outputs, strict=True):
        weight = clock.weight(snn.timesteps - clock.start(snn.timesteps))
        mean = graph[name].apply((expected[name] / weight).astype(np.float32))
        np.testing.assert_allclose(output, mean, rtol=1e-5, atol=1e-6)


def converted(model, known, method, **options):
    own = specs(methods()[method])
    options = {"timesteps": 5, "correct": "none", **options}
    settings = ("precision", "scales", "potential_bits")
    kept = {k: v for k, v in options.items() if k in own or k in settings}
    return tfsnn.convert(model, known, method, **{"precision": "int8", **kept})


@pytest.mark.parametrize("method", methods())
def test_methods(known, method):
    if method in REFUSED:
        with pytest.raises(TfsnnError, match=REFUSED[method]):
            converted(*known, method)
        return
    check(converted(*known, method), images())


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["int8", "int4", "ternary"])
@pytest.mark.parametrize("method", ["termapping", "paced"])
def test_corrections_stay_within_integers(known, method, precision):
    snn = converted(
        *known, method, precision=precision, correct="weights+bias+potential"
    )
    low, high = {"int8": (-128, 127), "int4": (-8, 7), "ternary": (-1, 1)}[precision]
    for node in snn.graph.of_kind(Linear):
        assert node.precision == precision
        assert low <= node.kernel.numpy().min() <= node.kernel.numpy().max() <= high
    check(snn, images())


KINDS = ("cnn", "maxpool_on_spikes", "reshaped", "depthwise", "grouped", "mlp")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*KINDS, "residual", "normalized", "outputs"])
def test_kinds_of_nodes(name):
    model = models.randomise(models.MODELS[name]())
    x = models.samples(model, 24)
    check(converted(model, x, "termapping", precision="int4"), x[:5])


@pytest.mark.slow
def test_more_kinds_of_nodes():
    inputs = keras.Input((8, 8, 2))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    y = layers.UpSampling2D(2)(x)
    y = layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu")(y)
    y = layers.MaxPooling2D(4)(layers.ZeroPadding2D(4)(y))
    x = layers.Conv2D(3, 1, activation="relu")(x)
    x = layers.Concatenate()([y[:, :6, :6], x])
    x = layers.AveragePooling2D((3, 2), strides=1, padding="valid")(x)
    x = layers.Permute((2, 1, 3))(x)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 2, dilation_rate=2)(x))
    model = models.randomise(keras.Model(inputs, layers.Dense(3)(layers.ReLU()(x))))
    check(converted(model, images(1, 30), "paced"), images())


def test_paced_neurons_that_look_further_ahead(known):
    check(converted(*known, "paced", timesteps=7, lookahead=3, levels=2), images())
    signed = converted(*known, "paced", negative_threshold=0.25, timesteps=4)
    assert any(np.any(n.negative_threshold) for n in signed.graph.of_kind(Spiking))
    check(signed, images())


def test_one_scale_for_each_layer(known):
    snn = converted(*known, "termapping", scales="layer")
    for node in snn.graph.of_kind(Spiking):
        assert np.ndim(node.threshold) == 0
    check(snn, images())


def test_narrow_potentials_saturate_as_in_int64(known):
    snn = converted(*known, "paced", potential_bits=20)
    assert any("width" in node.settings for node in snn.graph.of_kind(Spiking))
    loud = 40 * images()  # beyond what calibration has seen
    expected = integer_reference.simulate(snn.graph, loud, snn.timesteps)
    check(snn, loud)
    assert expected


def test_neurons_that_reset_to_zero_behind_signed_inputs(known):
    chip = {"precision": "int8", "reset": "zero", "input_bits": 8}
    snn = tfsnn.convert(*known, "paced", lookahead=0, timesteps=5, **chip)
    resets = {node.settings["reset"] for node in snn.graph.of_kind(Spiking)}
    (image,) = snn.graph.of_kind(Rounded)
    assert resets == {"zero"} and (image.low, image.high) == (0, 127)
    check(snn, images())
    for wrong in ({"reset": "half"}, {"input_bits": 1}):
        with pytest.raises(tfsnn.OptionError, match=r"input_bits=1 is|reset='half'"):
            tfsnn.convert(*known, "paced", **{**chip, **wrong})


def test_everything_is_an_integer(known):
    snn = converted(*known, "termapping")
    for node in snn.graph:
        for name, values in node.arrays().items():
            if name != "scale":
                assert (values.numpy() == np.rint(values.numpy())).all(), node.name
    gains = [
        n for n in snn.graph.of_kind(Affine) if "gain" in n.name or "weight" in n.name
    ]
    assert gains  # the identity skip has weights of its own
