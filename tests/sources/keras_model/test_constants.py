"""What follows from the shape of an input alone is a constant of the graph."""

import keras
import models
import numpy as np
import pytest
from keras import layers, ops

from tfsnn.errors import UnsupportedError
from tfsnn.network.nodes import Constant, Function
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model
from tfsnn.sources.inspect import inspect_model

TOKENS = np.array([[3, 1, 0, 4], [2, 2, 1, 0]], np.int32)


def embedded(numbers):
    """A model that adds embeddings of tokens and of what is computed from them."""
    x = keras.Input((4,), dtype="int32", name="tokens")
    table = layers.Embedding(7, 3, name="table")
    y = layers.Embedding(5, 3)(x) + table(numbers(x))
    return models.randomise(keras.Model(x, layers.Dense(2)(layers.ReLU()(y))))


def graph_outputs(graph, x):
    (output,) = graph.outputs
    return np.asarray(graph.forward(x)[output])


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (ops.zeros_like, [0, 0, 0, 0]),
        (lambda x: ops.cumsum(ops.ones_like(x), axis=1) - 1, [0, 1, 2, 3]),
        (lambda x: ops.flip(ops.cumsum(ops.ones_like(x), 1), 1) + 2, [6, 5, 4, 3]),
        (lambda x: ops.argsort(-ops.cumsum(ops.ones_like(x), 1), 1), [3, 2, 1, 0]),
        (lambda x: ops.bitwise_xor(ops.full_like(x, 4), ops.ones_like(x)), [5] * 4),
        (lambda x: layers.Identity()(ops.ones_like(x)), [1, 1, 1, 1]),
    ],
)
def test_numbers_that_follow_from_shapes_are_looked_up_at_once(numbers, expected):
    model = embedded(numbers)
    graph = simplify(import_model(model))
    (constant,) = graph.of_kind(Constant)
    table = np.asarray(model.get_layer("table").embeddings)
    assert np.array_equal(constant.value, table[expected])
    assert np.allclose(graph_outputs(graph, TOKENS), model(TOKENS), atol=1e-6)


def test_layers_that_read_constants_alone_are_folded_and_say_so():
    x = keras.Input((4,), dtype="int32")
    y = layers.Embedding(2, 3, name="types")(ops.zeros_like(x))
    y = layers.LayerNormalization(name="norm")(layers.Dense(3, "gelu", name="wide")(y))
    y = layers.Dense(2, "relu")(layers.Embedding(5, 3)(x) + y)
    model = models.randomise(keras.Model(x, y))
    graph = simplify(import_model(model))
    assert not graph.of_kind(Function)  # neither GELU nor a norm is left
    assert np.allclose(graph_outputs(graph, TOKENS), model(TOKENS), atol=1e-6)
    fates = {layer.layer: layer.becomes for layer in inspect_model(model).layers}
    assert fates["types"] == fates["wide"] == "folded into a constant"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: ops.sum(ops.ones_like(x), axis=0), "axis=0"),
        (lambda x: ops.cumsum(ops.ones_like(x), axis=0), "axis=0"),
        (lambda x: ops.argsort(x, axis=1), "places"),
    ],
)
def test_what_depends_on_samples_or_values_is_not(function, reason):
    with pytest.raises(UnsupportedError, match=reason):
        import_model(embedded(function))
