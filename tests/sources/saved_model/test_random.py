"""Random networks that were exported come back as layers, or are refused by name."""

import shutil
from collections import Counter

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from random_checks import check, every_network, outputs_of, tolerances
from random_networks import SIGNALS

from examples import floats
from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model, load_model
from tfsnn.sources.keras_model.structure import input_arranger

NETWORKS = 20  # of each signal
READ_BACK = {"vector": 17, "sequence": 15, "image": 15, "volume": 16}  # at least
# By Keras, or by TensorFlow with this batch; 7 is no length of another axis.
WAYS = ("keras", None, 1, 7)


def export(drawn, path, way):
    """Write a SavedModel; the names of its outputs, in order."""
    model = drawn.example.model
    if way == "keras":
        model.export(path, verbose=False)
    else:
        save(model, drawn.example.tensors, path, way)
    if way == "keras" and isinstance(model.output, dict):
        return list(model.output)
    return [f"output_{i}" for i in range(len(model.outputs))]


def save(model, tensors, path, batch):
    """The same by TensorFlow."""
    arranged = input_arranger(model)
    specs = {
        name: tf.TensorSpec((batch, *tensor.shape[1:]), tensor.dtype, name)
        for name, tensor in tensors.items()
    }

    @tf.function(input_signature=[specs], autograph=False)
    def serve(feed):
        given = arranged(feed)
        outputs = model(given[0] if len(feed) == 1 else given, training=False)
        if isinstance(outputs, dict):
            outputs = list(outputs.values())
        outputs = outputs if isinstance(outputs, list) else [outputs]
        return {f"output_{i}": y for i, y in enumerate(outputs)}

    module = tf.Module()
    # Not the model, which holds much else that would be gone through.
    module.weights = [weight.value for weight in model.variables]
    module.serve = serve
    tf.saved_model.save(module, str(path), {"serving_default": serve})


def renamed(tensors, found):
    """The names of a signature's inputs by those of the model's."""
    if len(found) == 1:
        return {name: found[0] for name in tensors}
    return {k: k if k in found else tensor.name for k, tensor in tensors.items()}


def rebuilt(path):
    """The model that is read back and its graph; None after checking a refusal."""
    try:
        model = load_model(path)
        return model, import_model(model)
    except UnsupportedError as error:
        assert all(name and kind and why for name, kind, why in error.problems)
    except ModelError as error:
        assert "this is an error in tfsnn" not in str(error)
        assert str(path) in str(error)
    return None


def examine(drawn, path, way, count):
    """Export a network, read it back, compare; at two batch sizes."""
    names = export(drawn, path, way)
    count["exported"] += 1
    found = rebuilt(path)
    shutil.rmtree(path)
    if found is None:
        return
    model, graph = found
    names_in = renamed(drawn.example.tensors, list(graph.inputs))
    feed = drawn.example.inputs(3)
    wanted = drawn.example.expected(feed)
    original = simplify(drawn.example.graph)
    accepted = [
        max(1e-5 * np.abs(y).max(initial=0), tolerance)
        for y, tolerance in zip(
            wanted, tolerances(original, floats(feed), wanted), strict=True
        )
    ]
    for samples in (3, 1):
        named = {names_in[name]: x[:samples] for name, x in feed.items()}
        expected = [y[:samples] for y in wanted]
        outputs = model(named if len(named) > 1 else next(iter(named.values())))
        if not isinstance(outputs, dict):
            outputs = {names[0]: outputs}
        check([np.asarray(outputs[name]) for name in names], expected, accepted)
        by_name = dict(zip(outputs, outputs_of(graph, floats(named)), strict=True))
        check([by_name[name] for name in names], expected, accepted)
    count["rebuilt"] += 1


@pytest.mark.slow
@pytest.mark.parametrize("signal", SIGNALS)
def test_a_random_network_is_read_back_or_refused(signal, tmp_path):
    count = Counter()

    def of(drawn):
        examine(drawn, tmp_path / "saved", WAYS[drawn.seed % len(WAYS)], count)

    every_network(signal, NETWORKS, refusals=False)(of)()
    assert count["exported"] >= 0.95 * NETWORKS
    assert count["rebuilt"] >= READ_BACK[signal], count


def test_a_constant_along_another_axis_of_equal_length(tmp_path):
    """Found by the above: ``keras.ops.add`` takes such a constant for a bias."""
    x = keras.Input((4, 4))
    model = models.randomise(keras.Model(x, keras.layers.LayerNormalization(1)(x)))
    model.export(tmp_path / "m", verbose=False)
    given = models.samples(model)
    np.testing.assert_allclose(load_model(tmp_path / "m")(given), model(given), 1e-5)


def test_one_value_for_each_of_as_many_samples_as_channels(tmp_path):
    """Found by the above: ``keras.layers.Add`` takes ``(B, 1, 1)`` for a bias of B."""
    x = keras.Input((3, 1))
    model = models.randomise(keras.Model(x, keras.layers.GroupNormalization(1)(x)))
    model.export(tmp_path / "m", verbose=False)
    given = models.samples(model, 3)
    np.testing.assert_allclose(load_model(tmp_path / "m")(given), model(given), 1e-4)
