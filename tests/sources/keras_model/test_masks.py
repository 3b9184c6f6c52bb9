"""Masks reach the layers that use them as in Keras, through models and files."""

import keras
import numpy as np
import pytest
from examples_recurrent import MASKS, tokens
from handler_cases import check
from keras import layers

from tfsnn.errors import UnsupportedError
from tfsnn.network.checking import check_graph
from tfsnn.network.roles import constant_nodes
from tfsnn.sources import import_model

# Keras says so itself where a layer has no masks: Flatten, and models.
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a")


@pytest.mark.parametrize("name", MASKS)
def test_masks_reach_the_layers_that_use_them(name):
    graph = check(MASKS[name])
    check_graph(graph)  # as where a file is loaded


def test_masks_stay_in_a_file(tmp_path):
    example = MASKS["transformer with dropout"]
    example.model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    feed = example.inputs(3)
    (n,) = feed.values()
    graph = import_model(loaded)
    values = graph.forward(n.astype(np.float32))
    np.testing.assert_allclose(
        values[graph.outputs[0]], example.expected(feed)[0], atol=1e-5
    )


def test_masks_of_inputs_do_not_change_over_time():
    graph = MASKS["masking of another value"].graph
    compared = [node.name for node in graph if node.label == "not_equal"]
    assert compared and set(compared) <= constant_nodes(graph)


def test_a_mask_of_what_spikes_is_refused():
    x = keras.Input((7, 4))
    spikes = layers.Dense(3, activation="relu", name="dense")(x)
    model = keras.Model(x, layers.GRU(2, name="gru")(layers.Masking()(spikes)))
    with pytest.raises(UnsupportedError) as caught:
        import_model(model)
    ((name, _, reason),) = caught.value.problems
    assert name == "gru" and "depends on the activations of dense" in reason


def test_a_mask_of_what_spikes_that_nothing_uses_is_not():
    x = keras.Input((7, 4))
    spikes = layers.Dense(3, activation="relu")(x)
    check(keras.Model(x, layers.Conv1D(2, 3)(layers.Masking()(spikes))))


class Doubled(layers.Layer):
    """A layer with a mask of its own."""

    supports_masking = True

    def call(self, x):
        return x * 2

    def compute_mask(self, x, mask=None):
        return mask


def test_a_mask_that_python_code_computes_is_refused():
    import tfsnn

    n = keras.Input((6,), dtype="int32")
    y = Doubled(name="mine")(tokens()(n))
    model = keras.Model(n, layers.MultiHeadAttention(1, 2)(y, y))
    registered = tfsnn.sources.handlers.registry._REGISTRY
    tfsnn.handles(Doubled)(lambda layer, inputs, b: b.affine(inputs[0], 2.0))
    try:
        with pytest.raises(UnsupportedError, match="its mask comes from mine"):
            import_model(model)
    finally:
        del registered[Doubled]


def test_a_mask_has_one_value_for_each_place():
    x, m = keras.Input((7, 4)), keras.Input((7, 1), dtype="bool")
    model = keras.Model([x, m], layers.GRU(2)(x, mask=m))
    with pytest.raises(UnsupportedError, match=r"its mask has the shape \(7, 1\)"):
        import_model(model)
