"""The comparison with the original tells errors from rounding, and survives it."""

import re
from dataclasses import replace

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from saved_model_files import assert_equal, draw, export, kinds, save

import tfsnn
from tfsnn.sources import load_model
from tfsnn.sources.saved_model import check, registry
from tfsnn.sources.saved_model.folding import on_cpu
from tfsnn.sources.saved_model.patterns import linear
from tfsnn.sources.saved_model.translators import convolution

DEPTH = 40


def amplifying(rng):
    """A network that makes of a difference of rounding one of its outputs' size."""
    kernels = [3.0 * draw(rng, 16, 16) for _ in range(DEPTH)]

    def function(x):
        for kernel in kernels:
            x = tf.sin(tf.matmul(x, kernel))
        return x

    return function


def changed(monkeypatch, factor, layer=None):
    """Let the translator of matrix products err, in all layers or in one."""
    right, calls = registry.translator_of("MatMul"), []

    def wrong(operation, rebuild):
        calls.append(operation.name)
        y = right(operation, rebuild)
        return y if layer not in (None, (len(calls) - 1) % DEPTH) else factor * y

    monkeypatch.setitem(registry._TRANSLATORS, "MatMul", wrong)


def test_rounding_that_a_deep_network_amplifies_is_no_error(tmp_path, rng, monkeypatch):
    path = save(tmp_path / "m", amplifying(rng), (None, 16))
    right, x = load_model(path), draw(rng, 4, 16)
    changed(monkeypatch, 1.0 + 2.0**-20)
    rounded = load_model(path)
    assert np.abs(rounded(x) - right(x)).max() > 0.1


@pytest.mark.parametrize("error", [1e-3, 1e-4])
@pytest.mark.parametrize("layer", [0, DEPTH // 2, DEPTH - 1])
def test_an_error_in_one_layer_is_found(tmp_path, rng, monkeypatch, error, layer):
    path = save(tmp_path / "m", amplifying(rng), (None, 16))
    changed(monkeypatch, 1.0 + error, layer)
    message = r"rebuilt for (\S+) \(MatMul\) differs from the original by (\S+) "
    with pytest.raises(tfsnn.ModelError, match=message) as caught:
        load_model(path)
    name, found = re.search(message, str(caught.value)).groups()
    assert float(found) == pytest.approx(error, rel=0.1)
    assert name.endswith(f"/MatMul_{layer}" if layer else "/MatMul")


def test_a_weight_that_is_off_is_found(tmp_path, monkeypatch):
    """One weight of one convolution, by a hundredth of the largest."""
    path = export(models.cnn(), tmp_path / "m")
    right = convolution.emit_convolution

    def wrong(rebuild, found, x, bias):
        kernel = found.kernel.copy()
        kernel.flat[0] += 0.01 * np.abs(kernel).max()
        return right(rebuild, replace(found, kernel=kernel), x, bias)

    monkeypatch.setattr(linear, "emit_convolution", wrong)
    monkeypatch.setattr(convolution, "emit_convolution", wrong)
    with pytest.raises(tfsnn.ModelError, match=r"\(BiasAdd|Add.*\) differs"):
        load_model(path)


def test_large_networks_are_compared_in_parts(tmp_path, rng, monkeypatch):
    path = save(tmp_path / "m", amplifying(rng), (None, 16))
    monkeypatch.setattr(check, "MOST_HELD", 100)
    runs = []
    whole = check.Original.run

    def run(self, fed, tensors):
        runs.append(len(tensors))
        return whole(self, fed, tensors)

    monkeypatch.setattr(check.Original, "run", run)
    load_model(path)
    assert sum(runs[1:]) == 2 * DEPTH and max(runs[1:]) == 4
    changed(monkeypatch, 1.0 + 1e-3, DEPTH // 2)
    with pytest.raises(tfsnn.ModelError, match="differs"):
        load_model(path)


def test_not_finite_values_inside_are_compared_too(tmp_path, rng):
    """They are masked before the output."""

    def function(x):
        return tf.where(x > 0, tf.math.log(x), tf.zeros_like(x))

    model, x = load_model(save(tmp_path / "m", function, (None, 4))), draw(rng, 3, 4)
    np.testing.assert_allclose(model(x), function(x), rtol=1e-6)


def test_networks_of_positive_inputs_are_compared(tmp_path, rng, monkeypatch):
    """Of counts, masses or probabilities, whose roots and logarithms are in the way."""
    kernel = draw(rng, 4, 3)
    path = save(
        tmp_path / "m",
        lambda x: tf.matmul(tf.sqrt(x) + tf.math.log(x), kernel),
        (None, 4),
    )
    x = np.abs(draw(rng, 5, 4)) + 0.1
    wanted = (np.sqrt(x) + np.log(x)) @ kernel
    np.testing.assert_allclose(load_model(path)(x), wanted, rtol=1e-5, atol=1e-5)
    changed(monkeypatch, 1.001)
    with pytest.raises(tfsnn.ModelError, match=r"MatMul.* differs .* 0\.001"):
        load_model(path)


def operations_that_ran(config):
    """Those of a convolution with bias and ReLU, as TensorFlow ran them."""
    v1, ones = tf.compat.v1, np.ones((3, 3, 3, 4), np.float32)
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, (2, 8, 8, 3), "x")
        y = tf.nn.bias_add(tf.nn.conv2d(x, ones, 1, "SAME"), ones[0, 0, 0])
        tf.nn.relu(y, name="y")
    ran, options = v1.RunMetadata(), v1.RunOptions(output_partition_graphs=True)
    given = {"x:0": np.ones((2, 8, 8, 3), np.float32)}
    with v1.Session(graph=graph, config=config) as session:
        session.run("y:0", given, options=options, run_metadata=ran)
    return {node.op for part in ran.partition_graphs for node in part.node}


def test_the_original_runs_without_grappler():
    """Its remapper fuses ReLU into the convolution, and crashes on some graphs."""
    assert "Relu" not in operations_that_ran(tf.compat.v1.ConfigProto())
    assert "Relu" in operations_that_ran(on_cpu())


def test_normalisation_behind_a_depthwise_convolution(tmp_path, rng):
    """Such graphs come from TensorFlow.js, and crash TensorFlow's remapper."""
    kernel, gain = draw(rng, 3, 3, 4, 1), np.abs(draw(rng, 4)) + 0.5

    def function(x):
        y = tf.nn.depthwise_conv2d(x, kernel, [1, 2, 2, 1], "SAME")
        y = tf.raw_ops.FusedBatchNormV3(
            x=y, scale=gain, offset=gain, mean=gain, variance=gain, is_training=False
        )[0]
        return tf.nn.relu6(y)

    model = load_model(save(tmp_path / "m", function, (None, 8, 8, 4)))
    assert kinds(model) == ["DepthwiseConv2D", "BatchNormalization", "ReLU"]
    x = draw(rng, 3, 8, 8, 4)
    np.testing.assert_allclose(model(x), function(x), rtol=1e-5, atol=1e-5)


def test_grouped_convolutions_of_three_dimensions(tmp_path, rng):
    """No CPU has a kernel; others are run in their place."""
    stack = [layers.Conv3D(4, 2, groups=2), layers.ReLU()]
    model = keras.Sequential([keras.Input((5, 5, 4, 6)), *stack])
    rebuilt = load_model(export(model, tmp_path / "m"))
    assert kinds(rebuilt) == ["Conv3D", "ReLU"] and rebuilt.layers[1].groups == 2
    assert_equal(rebuilt, model, draw(rng, 3, 5, 5, 4, 6))


@pytest.mark.slow
def test_a_deep_network_with_random_weights(tmp_path):
    """Rounding grows in it to more than its outputs allow for, by some draws."""
    network = keras.applications.EfficientNetV2B0
    model = network(weights=None, input_shape=(64, 64, 3), classes=10)
    model.export(tmp_path / "m", verbose=False)
    x = models.samples(model, 2)
    np.testing.assert_allclose(load_model(tmp_path / "m")(x), model(x), atol=1e-4)
