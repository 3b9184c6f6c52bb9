"""Graphs that Keras does not write: plain TensorFlow, other layouts and batches."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from saved_model_files import draw, kinds, save

import tfsnn
from tfsnn.sources import load_model
from tfsnn.sources.saved_model.channels_last import without_channels_first
from tfsnn.sources.saved_model.shapes import Layout, Refused, layout


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_plain_module_with_variables(tmp_path, rng):
    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(draw(rng, 3, 3, 2, 4))
            self.bias = tf.Variable(draw(rng, 4))
            self.dense = tf.Variable(draw(rng, 5, 36))

        @tf.function(input_signature=[tf.TensorSpec((None, 5, 5, 2), name="image")])
        def __call__(self, image):
            with tf.name_scope("first"):
                y = tf.nn.relu(tf.nn.conv2d(image, self.kernel, 1, "VALID") + self.bias)
            with tf.name_scope("second"):
                y = tf.matmul(tf.reshape(y, (-1, 36)), self.dense, transpose_b=True)
            return {"scores": y}

    net = Net()
    tf.saved_model.save(net, str(tmp_path / "m"), {"scoring": net.__call__})
    model = load_model(tmp_path / "m")
    assert kinds(model) == ["Conv2D", "ReLU", "Flatten", "Dense"]
    assert [x.name for x in model.layers][:3] == ["image", "first", "first_relu"]
    x = draw(rng, 3, 5, 5, 2)
    np.testing.assert_allclose(model(x), net(x)["scores"], rtol=1e-5, atol=1e-5)


def test_a_keras_3_model_saved_by_tensorflow(tmp_path, rng):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="d")])
    tf.saved_model.save(model, str(tmp_path / "m"))
    x = draw(rng, 3, 4)
    np.testing.assert_allclose(load_model(tmp_path / "m")(x), model(x), atol=1e-6)


@pytest.mark.parametrize("batch", [1, 4])
def test_a_fixed_batch(tmp_path, rng, batch):
    kernel, dense = draw(rng, 3, 3, 2, 4), draw(rng, 4, 3)

    def function(x):
        y = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME"))
        y = tf.reshape(y, (batch * 25, 4))  # merged with the batch
        y = tf.reshape(tf.matmul(y, dense), (batch, 5, 5, 3))
        return tf.reduce_mean(y, (1, 2))

    path = save(tmp_path / "m", function, (batch, 5, 5, 2))
    model = load_model(path)
    assert model.input_shape == (None, 5, 5, 2)
    assert kinds(model) == ["Conv2D", "ReLU", "Dense", "GlobalAveragePooling2D"]
    x = draw(rng, 4, 5, 5, 2)
    wanted = [function(part).numpy() for part in np.split(x, 4 // batch)]
    np.testing.assert_allclose(model(x), np.concatenate(wanted), atol=1e-5)


def test_one_sample_without_its_axis(tmp_path, rng):
    """With a batch of one, every other axis may come first."""
    weights = draw(rng, 5, 4)

    def function(x):
        rows = tf.transpose(tf.squeeze(x, 0))  # (4, 5)
        rows = tf.concat([rows, 2.0 * rows], 0) * tf.reduce_max(rows, 0)
        return tf.expand_dims(tf.reduce_sum(tf.matmul(rows, weights), 0), 0)

    model = load_model(save(tmp_path / "m", function, (1, 5, 4)))
    x = draw(rng, 3, 5, 4)
    wanted = [function(part).numpy() for part in np.split(x, 3)]
    np.testing.assert_allclose(model(x), np.concatenate(wanted), rtol=1e-5, atol=1e-5)


def test_channels_first(tmp_path, rng):
    """A CPU cannot run this graph; channels go last, once, in front."""
    kernel, depthwise = draw(rng, 3, 3, 2, 4), draw(rng, 3, 3, 4, 1)
    gain, offset = np.abs(draw(rng, 4)), draw(rng, 4)

    def function(x):
        y = tf.nn.conv2d(x, kernel, 1, [[0, 0], [0, 0], [1, 1], [0, 2]], "NCHW")
        y = tf.nn.bias_add(y, offset, "NCHW")
        y = tf.compat.v1.nn.fused_batch_norm(
            y, gain, offset, offset, gain, data_format="NCHW", is_training=False
        )[0]
        y = tf.nn.relu(y)
        z = tf.nn.depthwise_conv2d(y, depthwise, [1, 1, 1, 1], "SAME", "NCHW")
        z = z * gain[:, None, None] + offset[:, None, None]
        y = tf.nn.avg_pool2d(y + z, 2, 2, "VALID", "NCHW")
        y = tf.nn.max_pool2d(
            tf.pad(y, [[0, 0], [0, 0], [1, 0], [0, 1]]), 2, 2, "SAME", "NCHW"
        )
        return tf.reduce_mean(tf.concat([y, y], 1), (2, 3))

    model = load_model(save(tmp_path / "m", function, (None, 2, 8, 8)))
    assert kinds(model) == [
        "Permute",
        "ZeroPadding2D",
        "Conv2D",
        "BatchNormalization",
        "ReLU",
        "DepthwiseConv2D",
        "BatchNormalization",
        "Add",
        "AveragePooling2D",
        "ZeroPadding2D",
        "MaxPooling2D",
        "Concatenate",
        "GlobalAveragePooling2D",
    ]


def test_channels_first_operations_between_transpositions(rng):
    """What is run in their place where a CPU has no kernels for them."""
    kernel, back = draw(rng, 3, 3, 2, 4), draw(rng, 3, 3, 2, 4)

    def function(x, order, pads, shape):
        y = tf.nn.conv2d(x, kernel, (2, 1), pads, order)
        y = tf.nn.bias_add(
            tf.nn.max_pool2d(y, (1, 2), 1, "SAME", order), kernel[0, 0, 0], order
        )
        return tf.nn.conv2d_transpose(y, back, shape, 2, "SAME", order)

    pads = [[0, 0], [0, 0], [1, 0], [0, 2]]
    spec = tf.TensorSpec((2, 2, 8, 6))
    first = tf.function(lambda x: function(x, "NCHW", pads, (2, 2, 8, 12)), [spec])
    turned = without_channels_first(first.get_concrete_function().graph.as_graph_def())
    orders = [node.attr["data_format"].s for node in turned.node]
    assert orders.count(b"NHWC") == 4 and b"NCHW" not in orders
    with tf.Graph().as_default():
        tf.import_graph_def(turned, name="")
        x = draw(rng, 2, 2, 8, 6)
        with tf.compat.v1.Session() as session:
            got = session.run("Identity:0", {"x:0": x})
    pads = [pads[i] for i in (0, 2, 3, 1)]
    wanted = function(np.moveaxis(x, 1, -1), "NHWC", pads, (2, 8, 12, 2))
    np.testing.assert_allclose(np.moveaxis(got, 1, -1), wanted, atol=1e-5)


def test_channels_first_written_as_transpositions(tmp_path, rng):
    kernel = draw(rng, 3, 3, 2, 2)

    def function(x):
        for _ in range(2):
            y = tf.nn.conv2d(tf.transpose(x, (0, 2, 3, 1)), kernel, 1, "SAME")
            x = tf.nn.relu(tf.transpose(y, (0, 3, 1, 2)))
        return x

    model = load_model(save(tmp_path / "m", function, (None, 2, 5, 5)))
    assert kinds(model) == ["Permute", "Conv2D", "ReLU", "Conv2D", "ReLU", "Permute"]


def operations(x):
    """Operations that Keras has no layer for, each to an output of its own."""
    a, b = tf.split(x, 2, -1)
    first, *_, last = tf.unstack(x, axis=1)
    token = tf.broadcast_to(
        tf.reshape(tf.range(4.0), (1, 1, 4)), (tf.shape(x)[0], 1, 4)
    )
    return {
        "a": tf.exp(a) / (1.0 + tf.square(b)) - tf.math.squared_difference(a, b),
        "b": tf.sqrt(tf.abs(a)) + tf.math.rsqrt(1.0 + tf.abs(b)) + tf.pow(b, 3.0),
        "c": tf.where(a > b, a, tf.zeros_like(a)) + tf.math.erfc(b) + tf.sign(a),
        "d": tf.stack([first, last], 1)[:, ::-1, tf.newaxis, 1:],
        "e": tf.tile(a, (1, 2, 1))
        + tf.pad(b, [[0, 0], [0, 3], [0, 0]], "CONSTANT", 1.0),
        "f": tf.pad(x, [[0, 0], [1, 1], [0, 2]], "REFLECT"),
        "g": tf.concat([token, x], 1),
        "h": tf.gather(x, [2, 0], axis=1) + tf.slice(x, (0, 1, 0), (-1, 2, -1)),
        "i": tf.matmul(x, x, transpose_b=True) + tf.einsum("btc,bsc->bts", x, x),
        "j": tf.cast(tf.argmax(x, -1), tf.float32) + tf.reduce_min(x, -1),
        "k": tf.add_n([a, b, a]) + tf.minimum(a, b) * tf.maximum(a, 0.5),
        "m": tf.reshape(tf.matmul(tf.reshape(x, (-1, 4)), tf.ones((4, 3))), (-1, 9)),
        "n": tf.reshape(tf.tile(tf.expand_dims(x, 2), (1, 1, 2, 1)), (-1, 24)),
        "o": tf.nn.space_to_depth(tf.reshape(x, (-1, 6, 2, 1)), 2),
        "p": tf.nn.depth_to_space(tf.reshape(x, (-1, 1, 1, 12)), 2),
        "l": tf.reshape(tf.transpose(x, (0, 2, 1)), (-1, 12))[:, 3:9],
    }


def test_operations_without_a_layer(tmp_path, rng):
    model = load_model(save(tmp_path / "m", operations, (None, 3, 4)))
    x = draw(rng, 5, 3, 4)
    wanted, got = operations(x), model(x)
    for name in wanted:
        np.testing.assert_allclose(got[name], wanted[name], atol=1e-5, err_msg=name)


def test_resizing_in_the_conventions_of_tensorflow_1(tmp_path):
    """Keras has a layer for one convention; for others, each axis is a product."""
    v1 = tf.compat.v1.image

    def function(x):
        return {
            "a": v1.resize_nearest_neighbor(x, (8, 8)),
            "b": v1.resize_nearest_neighbor(x, (8, 4), align_corners=True),
            "c": v1.resize_bilinear(x, (8, 8)),
            "d": v1.resize_bilinear(x, (6, 8), half_pixel_centers=True),
        }

    model = load_model(save(tmp_path / "m", function, (None, 4, 4, 2)))
    assert sorted(kinds(model)) == [
        "Einsum",
        "Einsum",
        "Resizing",
        "Take",
        "UpSampling2D",
    ]


def test_a_graph_of_tensorflow_1(tmp_path, rng):
    v1 = tf.compat.v1
    kernel = draw(rng, 4, 3)
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, 4), "given")
        weights = v1.get_variable("w", initializer=kernel)
        y = tf.nn.softmax(tf.matmul(x, weights))
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(tmp_path / "m"), {"x": x}, {"y": y})
    model = load_model(tmp_path / "m")
    assert kinds(model) == ["Dense", "Softmax"]
    assert model.inputs[0].name == "x"
    data = draw(rng, 3, 4)
    np.testing.assert_allclose(model(data), tf.nn.softmax(data @ kernel), atol=1e-6)


@pytest.mark.parametrize("resource", [True, False])
def test_variables_in_parts_and_defaults_of_tensorflow_1(tmp_path, rng, resource):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, 4), "given")
        parts = v1.fixed_size_partitioner(2)
        with v1.variable_scope("layer", partitioner=parts, use_resource=resource):
            weights = v1.get_variable("w", shape=(4, 3))
        y = v1.placeholder_with_default(2.0, ()) * tf.matmul(x, weights)
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(tmp_path / "m"), {"x": x}, {"y": y})
        stored = np.concatenate(session.run(list(weights)))
    assert len(np.unique(stored)) == 12
    model, data = load_model(tmp_path / "m"), draw(rng, 3, 4)
    np.testing.assert_allclose(model(data), 2.0 * data @ stored, atol=1e-6)


@pytest.mark.parametrize(
    ("small", "large", "found"),
    [
        ((2, 5), (3, 5), Layout((5,))),
        ((8, 5), (12, 5), Layout((5,), rows=4)),
        ((7, 2, 5), (7, 3, 5), Layout((7, 5), axis=1)),
        ((7, 5), (7, 5), None),
        ((4, 5), (9, 5), None),
        ((2, 2), (3, 3), None),
        ((7, 4), (7, 6), None),
        ((None, 5), (None, 5), None),
    ],
)
def test_where_the_batch_is(small, large, found):
    a, b = tf.TensorSpec(small), tf.TensorSpec(large)
    if found is None:
        with pytest.raises(Refused):
            layout(a, b, None)
    else:
        assert layout(a, b, None) == found


def test_outputs_merged_with_the_batch(tmp_path, rng):
    path = save(tmp_path / "m", lambda x: tf.reshape(2.0 * x, (-1, 4)), (None, 3, 4))
    x = draw(rng, 5, 3, 4)
    np.testing.assert_array_equal(load_model(path)(x), 2 * x)


def test_outputs_with_the_batch_elsewhere(tmp_path):
    path = save(tmp_path / "m", lambda x: tf.transpose(x, (1, 0, 2)), (None, 3, 4))
    with pytest.raises(tfsnn.UnsupportedError, match="not on the first axis"):
        load_model(path)


def test_numbers_that_are_cast_to_places_are_an_input_of_integers(tmp_path, rng):
    table = draw(rng, 7, 3)

    def function(x):
        return tf.reduce_sum(tf.gather(table, tf.cast(x, tf.int32)), 1)

    model = load_model(save(tmp_path / "m", function, (None, 5)))
    assert model.inputs[0].dtype == "int32"
    assert kinds(model)[0] == "Embedding"
    x = rng.integers(0, 7, (4, 5))
    np.testing.assert_allclose(model(x), table[x].sum(1), atol=1e-6)
