"""SavedModels of Keras and of plain functions, and what was rebuilt from them."""

import keras
import models
import numpy as np
import tensorflow as tf

from tfsnn.sources.saved_model.file import message


def export(model, path):
    """Export with weights that are not trivial; returns the path."""
    models.randomise(model)
    model.export(path, verbose=False)
    return path


def kinds(model):
    """The classes of a model's layers and operations, in order, without inputs."""
    names = [type(operation).__name__ for operation in model.operations]
    return [name for name in names if name != "InputLayer"]


def assert_equal(rebuilt, model, *inputs, tolerance=1e-5):
    """Both give the same, at another batch size than the importer's own check."""
    given = inputs[0] if len(inputs) == 1 else list(inputs)
    wanted = keras.tree.flatten(model(given, training=False))
    named = dict(zip((t.name for t in rebuilt.inputs), inputs, strict=True))
    got = keras.tree.flatten(rebuilt(given if len(inputs) == 1 else named))
    assert len(wanted) == len(got)
    for a, b in zip(wanted, got, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        np.testing.assert_allclose(b, a, rtol=0, atol=tolerance * np.abs(a).max())


def save(path, function, *shapes, dtype=tf.float32):
    """A SavedModel of a plain function; returns the path."""
    module = tf.Module()
    specs = [tf.TensorSpec(shape, dtype, f"x{i}") for i, shape in enumerate(shapes)]
    module.call = tf.function(function, input_signature=specs)
    tf.saved_model.save(module, str(path), {"serving_default": module.call})
    return path


def draw(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def edit(path, change):
    """Change a SavedModel's protocol buffer, without running anything of it."""
    file = path / "saved_model.pb"
    saved = message("SavedModel").FromString(file.read_bytes())
    change(saved.meta_graphs[0])
    file.write_bytes(saved.SerializeToString())
    return path


def wrapper(meta_graph):
    """The function that only names the inputs and outputs of a signature."""
    (node,) = (n for n in meta_graph.graph_def.node if "signature_wrapper" in called(n))
    return function(meta_graph, called(node))


def signature_body(meta_graph):
    """The function behind it, that computes the signature."""
    (inner,) = (node for node in wrapper(meta_graph).node_def if called(node))
    return function(meta_graph, called(inner))


def function(meta_graph, name):
    """A function of a SavedModel, to be changed."""
    functions = {f.signature.name: f for f in meta_graph.graph_def.library.function}
    return functions[name]


def called(node):
    """The name of the function that a node calls, or ""."""
    return node.attr["f"].func.name if "PartitionedCall" in node.op else ""
