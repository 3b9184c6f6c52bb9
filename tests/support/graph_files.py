"""Frozen graphs as files, of functions of TensorFlow 1, and their own results."""

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
RNG = np.random.default_rng(3)


def array(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def graph_of(function, *shapes, dtype=tf.float32, batch=None):
    """The graph of a function of placeholders x0, x1, ..., without variables."""
    with tf.Graph().as_default() as graph:
        given = [
            v1.placeholder(dtype, shape and (batch, *shape), f"x{i}")
            for i, shape in enumerate(shapes)
        ]
        function(*given)
    return graph.as_graph_def()


def write(path, graph_def):
    path.write_bytes(graph_def.SerializeToString())
    return path


def frozen(path, function, *shapes, **options):
    """Write the graph of a function; returns the path."""
    return write(path, graph_of(function, *shapes, **options))


def run(graph_def, fed, *names):
    """The values of tensors, computed by TensorFlow itself."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    with v1.Session(graph=graph) as session:
        return session.run([f"{name}:0" for name in names], fed)


def condition(name, value=None):
    """A placeholder that asks yes or no, with a default if there is one."""
    if value is None:
        return v1.placeholder(tf.bool, (), name)
    return v1.placeholder_with_default(tf.constant(value), (), name)


def either(asked, yes, no):
    """A condition of TensorFlow 1: ``Switch`` and ``Merge``, no function."""
    v1.disable_control_flow_v2()
    try:
        return v1.cond(asked, yes, no)
    finally:
        v1.enable_control_flow_v2()
