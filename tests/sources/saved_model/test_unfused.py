"""Operations that TensorFlow's optimisers have joined are taken apart again."""

import numpy as np
import pytest
import tensorflow as tf
from saved_model_files import kinds
from saved_model_graphs import array, network_of, of

import tfsnn
from tfsnn.sources.saved_model.check import compare
from tfsnn.sources.saved_model.rebuild import Rebuild

BIAS, SIDE = array(4), array(4)
NORM = array(4), array(4), array(4), np.abs(array(4)) + 0.1
X = np.random.default_rng(0).normal(size=(3, 6, 6, 4)).astype(np.float32)
CONSTANTS = {"bias": BIAS, "scale": NORM[0], "offset": NORM[1]}
CONSTANTS |= {"mean": NORM[2], "variance": NORM[3]}


def fused(kind, fused_ops=(), more=(), **attributes):
    """Turn the operation named "base" into a fused one that reads more constants."""

    def edit(graph_def):
        (node,) = (n for n in graph_def.node if n.name == "base")
        node.op = kind
        node.input.extend(more)
        node.attr["fused_ops"].list.s.extend(text.encode() for text in fused_ops)
        node.attr["num_args"].i = len(more)
        for name, value in attributes.items():
            key = {str: "s", bool: "b", int: "i", float: "f"}[type(value)]
            value = value.encode() if isinstance(value, str) else value
            setattr(node.attr[name], key, value)

    return edit


def rebuilt(function, edit, *inputs):
    """The Keras model of a network whose graph is changed."""

    def with_constants(*given):
        for name, value in CONSTANTS.items():
            tf.constant(value, name=name)
        return tf.identity(function(*given))

    network = network_of(with_constants, *inputs, edit=edit)
    network.fold()
    specs = {
        name: tf.TensorSpec((None, *tensor.shape[1:]))
        for name, tensor in network.inputs.items()
    }
    rebuild = Rebuild(network)
    model = rebuild.model(specs, "m")
    assert compare(rebuild) <= 5e-5
    return model


def conv(x):
    return tf.nn.conv2d(x, KERNEL, 1, "SAME", name="base")


def depthwise(x):
    return tf.raw_ops.DepthwiseConv2dNative(
        input=x, filter=WINDOW, strides=[1] * 4, padding="SAME", name="base"
    )


KERNEL, WINDOW, MATRIX = array(3, 3, 4, 4), array(3, 3, 4, 1), array(4, 4)
TAILS = {
    ("BiasAdd",): (["bias"], lambda y: y + BIAS),
    ("BiasAdd", "Relu"): (["bias"], lambda y: tf.nn.relu(y + BIAS)),
    ("BiasAdd", "Relu6"): (["bias"], lambda y: tf.nn.relu6(y + BIAS)),
    ("BiasAdd", "Elu"): (["bias"], lambda y: tf.nn.elu(y + BIAS)),
    ("BiasAdd", "Sigmoid"): (["bias"], lambda y: tf.sigmoid(y + BIAS)),
    ("BiasAdd", "Tanh"): (["bias"], lambda y: tf.tanh(y + BIAS)),
    ("BiasAdd", "Prelu"): (
        ["bias", "scale"],
        lambda y: tf.nn.relu(y + BIAS) - NORM[0] * tf.nn.relu(-y - BIAS),
    ),
    ("BiasAdd", "LeakyRelu"): (["bias"], lambda y: tf.nn.leaky_relu(y + BIAS, 0.3)),
}


@pytest.mark.parametrize("tail", TAILS, ids="-".join)
@pytest.mark.parametrize(
    ("kind", "base", "shape"),
    [
        ("_FusedConv2D", conv, (6, 6, 4)),
        ("_FusedDepthwiseConv2dNative", depthwise, (6, 6, 4)),
        ("_FusedMatMul", lambda x: tf.matmul(x, MATRIX, name="base"), (4,)),
    ],
)
def test_bias_and_activation(kind, base, shape, tail):
    if kind != "_FusedConv2D" and tail not in [("BiasAdd",), ("BiasAdd", "Relu")]:
        tail = ("BiasAdd", "Relu6")
    more, function = TAILS[tail]
    model = rebuilt(base, fused(kind, tail, more, leakyrelu_alpha=0.3), shape)
    x = X if len(shape) == 3 else X[0, 0]
    np.testing.assert_allclose(model(x), function(base(x)), atol=1e-5)
    assert len(kinds(model)) == len(tail)  # the bias is the layer's


def test_batch_normalisation_behind_a_convolution():
    more = ["scale", "offset", "mean", "variance"]
    edit = fused("_FusedConv2D", ("FusedBatchNorm", "Relu"), more, epsilon=0.01)
    model = rebuilt(conv, edit, (6, 6, 4))
    wanted = tf.nn.batch_normalization(
        conv(X), NORM[2], NORM[3], NORM[1], NORM[0], 0.01
    )
    np.testing.assert_allclose(model(X), tf.nn.relu(wanted), atol=1e-5)
    assert kinds(model) == ["Conv2D", "BatchNormalization", "ReLU"]


def test_a_sum_and_a_relu_in_a_batch_normalisation():
    def function(x):
        return tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=NORM[0],
            offset=NORM[1],
            mean=NORM[2],
            variance=NORM[3],
            epsilon=0.01,
            is_training=False,
            name="base",
        )[0]

    edit = fused(
        "_FusedBatchNormEx", (), ["x0"], activation_mode="Relu", num_side_inputs=1
    )
    model = rebuilt(function, edit, (6, 6, 4))
    np.testing.assert_allclose(model(X), tf.nn.relu(function(X) + X), atol=1e-5)
    assert kinds(model) == ["BatchNormalization", "Add", "ReLU"]


def test_padding_and_resizing_in_a_convolution():
    pads = [[0, 0], [1, 1], [2, 1], [0, 0]]
    more = {"strides": [1, 1, 1, 1], "padding": "VALID", "mode": "REFLECT"}

    def padded(x):
        return of("FusedPadConv2D", x, pads, KERNEL, **more)

    def resized(x):
        return of("FusedResizeAndPadConv2D", x, [8, 7], pads, KERNEL, **more)

    for function in (padded, resized):
        model = rebuilt(function, None, (6, 6, 4))
        # TensorFlow's own kernel is wrong for all samples of a batch but the first.
        wanted = np.concatenate([function(X[i : i + 1]) for i in range(len(X))])
        np.testing.assert_allclose(model(X), wanted, atol=1e-5)


def test_prelu_of_tensorflow_js():
    def function(x):
        return tf.nn.bias_add(x, NORM[0], name="base")

    model = rebuilt(function, fused("Prelu"), (6, 6, 4))
    wanted = tf.nn.relu(X) - NORM[0] * tf.nn.relu(-X)
    np.testing.assert_allclose(model(X), wanted, atol=1e-6)
    assert kinds(model) == ["PReLU"]


def test_what_is_fused_has_to_be_known():
    with pytest.raises(tfsnn.ModelError, match="fuses 'Swish' with others, which is"):
        rebuilt(conv, fused("_FusedConv2D", ("Swish",)), (6, 6, 4))
    with pytest.raises(tfsnn.ModelError, match="and reads too few tensors"):
        rebuilt(conv, fused("_FusedConv2D", ("BiasAdd",)), (6, 6, 4))
