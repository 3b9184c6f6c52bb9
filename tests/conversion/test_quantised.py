"""Networks of n bits: converted without loss, in every form, trained on real images."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from quantised_networks import differing, exported, pictures, trained

import tfsnn
from tfsnn.conversion.default import activation_bits
from tfsnn.layers import FakeQuant, QuantizeDequantize
from tfsnn.network.nodes import Rate, Spiking
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model

FORMS = [(8, "qdq"), (4, "per_channel"), (3, "args"), (2, "vars")]
GRADED = {"method": "augmapping", "timesteps": 1}


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "form"), FORMS)
def test_a_saved_model_of_n_bits_is_converted_without_loss(bits, form, tmp_path):
    net, (x, y) = trained(bits, form), pictures("calibration")
    ann = net(tf.constant(x)).numpy()
    right = (ann.argmax(1) == y).mean()
    assert right > 0.5  # it has learnt something
    model = tfsnn.load_model(exported(net, tmp_path))
    graph = simplify(import_model(model))
    assert activation_bits(graph) == 8  # the inputs'
    assert {node.rounding.bits for node in graph.of_kind(Rate)} >= {bits, 8}
    snn = tfsnn.convert(model, x[:32], **GRADED, levels=255)
    assert snn.report.quantized == "activations of 8 bits: converted without loss"
    assert all(wrong == 0 for wrong, _ in differing(snn, graph, x).values())
    assert (snn(x).numpy() == ann).all()


@pytest.mark.slow
def test_by_default_it_is_a_digit_for_each_bit(tmp_path):
    """Sums of digits round otherwise than the ANN's, so that ties may fall apart."""
    net, (x, _) = trained(8, "qdq"), pictures("calibration")
    x = x[:100]
    model = tfsnn.load_model(exported(net, tmp_path))
    snn = tfsnn.convert(model, x[:32])
    assert (snn.report.method, snn.timesteps) == ("radix", 8)
    found = differing(snn, simplify(import_model(model)), x)
    neurons = sum(node.neurons for node in snn.report.populations)
    assert sum(wrong for wrong, _ in found.values()) < 1e-4 * neurons * len(x)
    # The first that differ are ties; they move what the layers behind them read.
    assert next((away for wrong, away in found.values() if wrong), 0.0) < 1e-3
    ann = net(tf.constant(x)).numpy()
    assert (snn(x).numpy().argmax(1) == ann.argmax(1)).all()
    np.testing.assert_allclose(snn(x), ann, atol=0.05)


def dyadic(bits):
    """A Keras network whose steps are powers of two, its weights as well."""
    keras.utils.set_random_seed(0)

    def levels():
        return QuantizeDequantize(0.0, 4 - 4 / 2**bits, bits, signed=False)

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            QuantizeDequantize(0.0, 255 / 256, 8, signed=False),
            layers.Conv2D(6, 3, strides=2, activation="relu"),
            layers.MaxPooling2D(2),
            levels(),
            layers.Conv2D(12, 3),
            QuantizeDequantize(-4.0, 4 - 8 / 2**bits, bits),
            layers.Flatten(),
            layers.Dense(32),
            levels(),
            layers.Dense(10),
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("bits", [8, 4, 2])
def test_steps_of_powers_of_two_are_exact_in_any_order_of_sums(bits):
    """All numbers are short, so digits add up to the very numbers of the ANN."""
    model, (x, y) = dyadic(bits), pictures("test")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    model.fit(x, y, epochs=4, batch_size=25, verbose=0)
    for layer in model.layers:
        layer.set_weights([np.round(w * 32) / 32 for w in layer.get_weights()])
    x, y = pictures("calibration")
    x = x[:100]
    ann = model(x).numpy()
    assert (ann.argmax(1) == y[:100]).mean() > 0.4
    graph = simplify(import_model(model))
    for options in ({}, {**GRADED, "levels": 255}):
        snn = tfsnn.convert(model, x[:32], **options)
        assert all(wrong == 0 for wrong, _ in differing(snn, graph, x).values())
        np.testing.assert_allclose(snn(x), ann, rtol=1e-6, atol=1e-6)
    assert (snn(x).numpy() == ann).all()  # T = 1


def small(*stack):
    return keras.Sequential([keras.Input((6,)), *stack])


def test_only_where_every_activation_is_quantised_the_default_changes():
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    some = small(layers.Dense(5), FakeQuant(), layers.Dense(5, "relu"), layers.Dense(2))
    every = small(layers.Dense(5, "relu"), FakeQuant(num_bits=4), layers.Dense(2))
    assert tfsnn.convert(some, x).report.method == "ttfs"
    assert tfsnn.convert(some, x).report.quantized == ""
    assert tfsnn.convert(every, x).report.options["timesteps"] == 4
    other = tfsnn.convert(every, x, timesteps=2)
    assert other.report.method == "augmapping"
    assert other.report.quantized == (
        "activations of 4 bits: radix with T=4, or graded:4 spikes with T=1 "
        "(augmapping -o levels 15), would convert them without loss"
    )


def test_a_relu_before_levels_has_no_neurons_of_its_own():
    stack = (
        layers.Dense(5, "relu"),
        FakeQuant(0.0, 2.0, 4),
        layers.Dense(5),
        layers.ReLU(1.0),  # cuts levels off
        FakeQuant(0.0, 2.0, 4),
        layers.Dense(2),
    )
    graph = simplify(import_model(small(*stack)))
    assert [node.quantized is None for node in graph.of_kind(Rate)] == [
        False,
        True,
        False,
    ]


def test_a_batch_norm_beside_levels_is_not_folded():
    """In the ANN it is a rounding of its own."""
    stack = layers.Dense(5), layers.BatchNormalization(), FakeQuant(), layers.Dense(2)
    model = small(*stack)
    model.layers[1].gamma.assign([0.3, 0.7, 1.1, 1.3, 1.7])
    before, after = import_model(model), simplify(import_model(model))
    kinds = [type(node).__name__ for node in after]
    assert kinds == ["Source", "Linear", "Affine", "Rate", "Linear", "Readout"]
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    one, other = (g.forward(x)[g.outputs[0]].numpy() for g in (before, after))
    assert (one == other).all()


@pytest.mark.parametrize("method", ["augmapping", "paced", "data_norm"])
def test_thresholds_are_the_levels_where_spikes_can_count_them(method):
    """Not what the calibration data, which never comes near the bound, would give."""
    model = small(layers.Dense(5), FakeQuant(0.0, 3.0, 2), layers.Dense(2))
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32) / 8
    snn = tfsnn.convert(model, x, method, timesteps=6, correct="none")
    (node,) = snn.graph.of_kind(Spiking)
    levels = 1 if node.max_coefficient is None else node.max_coefficient
    np.testing.assert_allclose(node.scale, 3.0 / np.asarray(levels), rtol=1e-6)


def test_at_other_numbers_of_steps_digits_are_coarser():
    model = small(layers.Dense(5), FakeQuant(0.0, 3.75, 4), layers.Dense(2))
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    snn = tfsnn.convert(model, x)
    ann = model(x).numpy()
    errors = [
        np.abs(snn.simulate(x, t).outputs[0][-1] - ann).mean() for t in (1, 2, 3, 4)
    ]
    assert errors == sorted(errors, reverse=True) and errors[0] > 0.1
    assert errors[-1] < 1e-6


KERAS_MODES = {
    "int8 weights": ("int8", keras.quantizers.Int8QuantizationConfig, {}),
    "int4": ("int4", None, {}),
    "int4 in blocks": (
        "int4",
        keras.quantizers.Int4QuantizationConfig,
        {"block_size": 4},
    ),
}


def projections():
    """Every layer that Keras quantises, with an activation."""
    keras.utils.set_random_seed(0)
    x = keras.Input((6, 8))
    y = layers.Dense(7, activation="relu")(x)
    y = layers.EinsumDense("abc,cde->abde", (6, 3, 5), bias_axes="e")(y)
    y = layers.Reshape((6, 15))(y)
    y = layers.Add()([y, layers.MultiHeadAttention(2, 4)(y, y)])
    y = layers.EinsumDense("abc,bcd->abd", (6, 4), bias_axes="d", activation="relu")(y)
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(y)))


@pytest.mark.parametrize("mode", KERAS_MODES)
def test_weights_that_keras_quantised_are_read_as_they_are(mode):
    kind, config, options = KERAS_MODES[mode]
    if kind == "int8":
        options = {"activation_quantizer": None}
    model = projections()
    x = np.random.default_rng(0).normal(size=(20, 6, 8)).astype(np.float32)
    before = model(x).numpy()
    model.quantize(kind, config=config and config(**options))
    after = model(x).numpy()
    graph = import_model(model)
    found = graph.forward(x)[graph.outputs[0]].numpy()
    np.testing.assert_allclose(found, after, atol=2e-6)
    assert np.abs(after - before).max() > 1e-3


def test_what_keras_rounds_by_the_largest_of_each_sample_is_left_out():
    model = projections()
    x = np.random.default_rng(0).normal(size=(20, 6, 8)).astype(np.float32)
    model.quantize("int8")
    graph, after = import_model(model), model(x).numpy()
    found = graph.forward(x)[graph.outputs[0]].numpy()
    error = np.abs(found - after).max() / np.abs(after).max()
    assert 1e-4 < error < 0.03
    text = str(tfsnn.inspect_model(model))
    assert "without the rounding of its inputs, sample by sample" in text


@pytest.mark.parametrize(("mode", "block"), [("int8", None), ("int4", -1), ("int4", 4)])
def test_rows_that_keras_quantised_are_read_as_they_are(mode, block):
    table = layers.Embedding(20, 8)
    model = keras.Sequential([keras.Input((5,), dtype="int32"), table])
    model.layers[0].build((None, 5))
    config = block and keras.quantizers.Int4QuantizationConfig(block_size=block)
    model.quantize(mode, config=config)
    x = np.random.default_rng(0).integers(0, 20, (30, 5))
    graph = import_model(model)
    found = graph.forward(x.astype(np.float32))[graph.outputs[0]].numpy()
    np.testing.assert_allclose(found, model(x), rtol=1e-6)


def test_float8_is_refused_with_a_way_out():
    model = small(layers.Dense(3, name="eight"))
    model.quantize("float8")
    (problem,) = tfsnn.inspect_model(model).problems
    assert problem.layer == "eight" and "quantise it to int8" in problem.reason
