"""Operations of graphs, which Keras 2.0 to 2.3 stored, become those of keras.ops."""

import itertools

import keras2_functions
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from google.protobuf.json_format import MessageToDict
from keras2_samples import SHAPES, samples
from tf_keras.src.engine.base_layer import TensorFlowOpLayer

import tfsnn
from tfsnn.errors import ModelError
from tfsnn.sources.keras_model.keras2.graph_operations import OPERATIONS, SPECIAL

KNOWN = {*OPERATIONS, *SPECIAL}
# Operations that TensorFlow 2.21 writes for no function.
OLDER = {"Add", "BatchMatMul", "Div"}
MORE = {
    "old bilinear": lambda x, y, p, i, m: tf.raw_ops.ResizeBilinear(
        images=m, size=[4, 9], half_pixel_centers=True
    ),
    "old leaky": lambda x, y, p, i, m: tf.raw_ops.LeakyRelu(features=x, alpha=0.3),
    "old product": lambda x, y, p, i, m: tf.raw_ops.MatMul(
        a=x[:, 0], b=keras2_functions.KERNEL[0, 0], transpose_a=False
    ),
    "old ellipsis": lambda x, y, p, i, m: m[..., 1:3],
    "old log_softmax": lambda x, y, p, i, m: tf.nn.log_softmax(x),
    "mirrored": lambda x, y, p, i, m: tf.pad(x, [[0, 0], [1, 1], [0, 0]], "SYMMETRIC"),
    "clipped": lambda x, y, p, i, m: tf.raw_ops.ClipByValue(
        t=x, clip_value_min=-0.5, clip_value_max=0.75
    ),
}
TYPES = {"i": "int32"}
NUMBERS = itertools.count()  # for names that occur once


def graph_of(call):
    """The graph of a call, its inputs and its output."""
    with tf.Graph().as_default() as graph:
        inputs = {
            name: tf.compat.v1.placeholder(TYPES.get(name, "float32"), (None, *shape))
            for name, shape in SHAPES.items()
        }
        return graph, inputs, call(*inputs.values())


def is_constant(tensor):
    return tensor.op.type == "Const"


def layered(call, tensors):
    """The call as layers of operations, on tensors of Keras; and the kinds of these.

    None for a call with other operations than those of the table.
    """
    graph, inputs, output = graph_of(call)
    values = {inputs[name].name: tensors[name] for name in inputs}
    wanted, waiting = set(), [output.op]
    while waiting:
        operation = waiting.pop()
        if operation.type not in ("Placeholder", "Const") and operation not in wanted:
            wanted.add(operation)
            waiting += [tensor.op for tensor in operation.inputs]
    kinds = {operation.type for operation in wanted}
    if not kinds <= KNOWN or not kinds:
        return None, kinds
    for operation in graph.get_operations():
        if operation not in wanted:
            continue
        constants = {
            i: tf.get_static_value(tensor)
            for i, tensor in enumerate(operation.inputs)
            if is_constant(tensor)
        }
        read = [values[each.name] for each in operation.inputs if not is_constant(each)]
        name = f"{operation.type}_{next(NUMBERS)}"
        layer = TensorFlowOpLayer(MessageToDict(operation.node_def), name, constants)
        found = layer(read if len(read) > 1 else read[0])
        found = found if isinstance(found, list | tuple) else [found]
        values.update(
            zip([each.name for each in operation.outputs], found, strict=True)
        )
    return values[output.name], kinds


@pytest.mark.filterwarnings("ignore")
def test_operations_of_graphs_compute_the_same(tmp_path):
    tensors = {
        name: tf_keras.Input(shape, dtype=TYPES.get(name, "float32"), name=name)
        for name, shape in SHAPES.items()
    }
    outputs, covered = {}, set()
    for name, call in {**keras2_functions.CALLS, **MORE}.items():
        output, kinds = layered(call, tensors)
        if output is not None:
            outputs[name] = output
            covered |= kinds
    assert KNOWN - covered == OLDER
    model = tf_keras.Model(list(tensors.values()), list(outputs.values()))
    model.save(tmp_path / "model.h5")
    expected = model(samples())
    found = tfsnn.load_model(tmp_path / "model.h5")(samples())
    for name, ours, theirs in zip(outputs, found, expected, strict=True):
        assert ours.shape == theirs.shape, name
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.filterwarnings("ignore")
def test_an_operation_without_an_equal_is_named(tmp_path):
    *_, output = graph_of(lambda x, *others: tf.math.lgamma(x))
    x = tf_keras.Input((3, 4))
    y = TensorFlowOpLayer(MessageToDict(output.op.node_def), "gamma")(x)
    tf_keras.Model(x, y).save(tmp_path / "model.h5")
    with pytest.raises(ModelError, match="is the operation Lgamma of a graph"):
        tfsnn.load_model(tmp_path / "model.h5")
