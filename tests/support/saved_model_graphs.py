"""Tiny graphs of single operations of TensorFlow, as networks of a SavedModel."""

import inspect

import numpy as np
import tensorflow as tf

from tfsnn.sources.parts import WHOLE
from tfsnn.sources.saved_model.ends import ends_of
from tfsnn.sources.saved_model.freeze import freeze
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.program import Program
from tfsnn.sources.saved_model.refusals import Operations
from tfsnn.sources.saved_model.signature import choose_signature

RNG = np.random.default_rng(7)


def network_of(function, *inputs, edit=None, batch=None):
    """The network of a function of placeholders, as if it came out of a SavedModel.

    Inputs are shapes of samples, of float32 unless a type stands behind them. `edit`
    changes the GraphDef before it is read.
    """
    meta_graph = tf.compat.v1.MetaGraphDef()
    signature = meta_graph.signature_def["serving_default"]
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        given = []
        for i, (shape, dtype) in enumerate(map(_spec, inputs)):
            given.append(v1.placeholder(dtype, (batch, *shape), f"x{i}"))
            info = v1.saved_model.build_tensor_info(given[-1])
            signature.inputs[f"x{i}"].CopyFrom(info)
        outputs = function(*given)
        if not isinstance(outputs, dict):
            outputs = {"y": outputs}
        for name, y in outputs.items():
            info = v1.saved_model.build_tensor_info(tf.identity(y))
            signature.outputs[name].CopyFrom(info)
    meta_graph.graph_def.CopyFrom(graph.as_graph_def())
    if edit is not None:
        edit(meta_graph.graph_def)
    program = Program(meta_graph.graph_def)
    ends = ends_of(program, choose_signature(meta_graph, None), WHOLE)
    found = ends.traced(program)
    Operations(program, found).check()
    versions = meta_graph.graph_def.versions
    return Network(freeze(ends, found, None, versions))


def _spec(given):
    if given and isinstance(given[-1], tf.DType):
        return given[:-1], given[-1]
    return given, tf.float32


def of(kind, *given, **attributes):
    """Apply an operation of TensorFlow; inputs are given in their order."""
    function = getattr(tf.raw_ops, kind)
    names = list(inspect.signature(function).parameters)[: len(given)]
    y = function(**dict(zip(names, given, strict=True)), **attributes)
    return y[0] if isinstance(y, tuple) else y


def array(*shape):
    """A constant of random values."""
    return RNG.normal(size=shape).astype(np.float32)


def plain(kind, **attributes):
    """The operation of one input."""
    return lambda x: of(kind, x, **attributes)


def positive(kind):
    """The operation of values above 0.5."""
    return lambda x: of(kind, tf.abs(x) + 0.5)


def bounded(kind):
    """The operation of values between -0.9 and 0.9."""
    return lambda x: of(kind, 0.9 * tf.tanh(x))


def floats(x):
    """Truth values and integers as numbers."""
    return tf.cast(x, tf.float32)


VECTOR, ROWS, IMAGE = (4,), (3, 4), (6, 6, 4)
VOLUME = (4, 4, 4, 2)
# By operation: pairs of a function and the shapes of its inputs.
CASES: dict = {}


def add(kind, function, *inputs):
    """Add a case."""
    CASES.setdefault(kind, []).append((function, inputs or (VECTOR,)))
