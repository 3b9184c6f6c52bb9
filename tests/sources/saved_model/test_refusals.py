"""Signatures are chosen; what cannot be rebuilt is refused, all of it at once."""

import json

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from command_line import run
from saved_model_files import assert_equal, export, kinds, save

import tfsnn
from tfsnn.sources import load_model
from tfsnn.sources.saved_model import registry
from tfsnn.sources.saved_model.patterns import activations


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A SavedModel with two signatures, neither of them the default one."""
    module, path = tf.Module(), tmp_path_factory.mktemp("two") / "m"
    spec = [tf.TensorSpec((None, 4), name="x")]
    module.double = tf.function(lambda x: {"y": 2.0 * x}, spec)
    module.relu = tf.function(lambda x: {"y": tf.nn.relu(x)}, spec)
    named = {"doubled": module.double, "rectified": module.relu}
    tf.saved_model.save(module, str(path), named)
    return path


def test_the_signature_is_chosen(two):
    assert kinds(load_model(two, signature="doubled")) == ["Rescaling"]
    assert kinds(load_model(two, signature="rectified")) == ["ReLU"]


def test_a_signature_that_is_not_there(two):
    with pytest.raises(tfsnn.ModelError, match="'nope'; it has doubled, rectified"):
        load_model(two, signature="nope")
    with pytest.raises(tfsnn.ModelError, match="choose one of doubled, rectified"):
        load_model(two)


def test_a_file_has_no_signatures(tmp_path):
    models.mlp().save(tmp_path / "m.keras")
    with pytest.raises(tfsnn.OptionError, match="only a SavedModel has signatures"):
        load_model(tmp_path / "m.keras", signature="serving_default")


def test_several_inputs_and_outputs(tmp_path):
    a = keras.Input((4,), name="left")
    b = keras.Input((3,), name="right", dtype="float32")
    y = keras.layers.Concatenate()([keras.layers.Dense(3)(a), b])
    outputs = {"sum": keras.layers.Dense(2)(y), "all": keras.layers.ReLU()(y)}
    model = keras.Model({"left": a, "right": b}, outputs)
    rebuilt = load_model(export(model, tmp_path / "m"))
    assert [tensor.name for tensor in rebuilt.inputs] == ["left", "right"]
    assert set(rebuilt.output) == {"sum", "all"}
    given = {"left": np.ones((3, 4), np.float32), "right": -np.ones((3, 3), np.float32)}
    for name, wanted in model(given).items():
        np.testing.assert_allclose(rebuilt(given)[name], wanted, atol=1e-6)


def refused(x):
    with tf.name_scope("loop"):
        y = tf.while_loop(
            lambda i, _: i < tf.reduce_sum(x), lambda i, s: (i + 1.0, s * 2.0), (0.0, x)
        )[1]
    with tf.name_scope("seen"):
        y += tf.cast(tf.unique(tf.reshape(x, (-1,)))[1][0], tf.float32)
    with tf.name_scope("sorted"):
        y += tf.nn.top_k(x, 4).values
    with tf.name_scope("noise"):
        y += tf.random.normal((4,))
    tf.linalg.inv(tf.zeros((2, 2)) + x[0, 0])  # leads to no output
    return y


def test_everything_that_cannot_be_rebuilt_is_named_at_once(tmp_path):
    with pytest.raises(tfsnn.UnsupportedError) as caught:
        load_model(save(tmp_path / "m", refused, (None, 4)))
    found = {kind: (name, why) for name, kind, why in caught.value.problems}
    assert set(found) == {"StatelessWhile", "Unique", "TopKV2", "RandomStandardNormal"}
    assert "loop/" in found["StatelessWhile"][0] and "seen/" in found["Unique"][0]
    assert "unrolled" in found["StatelessWhile"][1]
    assert "random" in found["RandomStandardNormal"][1]
    assert "sorts" in found["TopKV2"][1]


def test_random_augmentation_is_refused(tmp_path):
    stack = [keras.layers.RandomFlip(), keras.layers.Flatten()]
    model = keras.Sequential([keras.Input((4, 4, 1)), *stack])
    with pytest.raises(tfsnn.UnsupportedError, match="random augmentation"):
        load_model(export(model, tmp_path / "m"))


def test_loops_whose_steps_depend_on_values_are_refused(tmp_path):
    kernel = np.eye(4, dtype=np.float32)

    def function(x):
        return tf.while_loop(
            lambda i, _: i < tf.cast(tf.reduce_max(x), tf.int32),
            lambda i, s: (i + 1, tf.matmul(s, kernel)),
            (0, x),
        )[1]

    with pytest.raises(tfsnn.UnsupportedError, match="number of places that is fixed"):
        load_model(save(tmp_path / "m", function, (None, 4)))


def test_half_precision_is_refused(tmp_path):
    def function(x):
        return tf.cast(tf.nn.relu(tf.cast(x, tf.bfloat16)), tf.float32)

    with pytest.raises(tfsnn.ModelError, match="bfloat16, which rounds too"):
        load_model(save(tmp_path / "m", function, (None, 4)))


def test_text_is_refused(tmp_path):
    def function(x):
        return tf.map_fn(tf.io.decode_png, x, fn_output_signature=tf.uint8)

    with pytest.raises(tfsnn.UnsupportedError, match="works on text or encoded data"):
        load_model(save(tmp_path / "m", function, (None,), dtype=tf.string))


def test_refusals_of_single_operations_are_collected(tmp_path):
    def function(x):
        mixed = tf.reduce_mean(x, 0, keepdims=True)
        kernel = tf.reshape(x[:, :3, :3, :1], (3, 3, 1, -1))
        return {"a": x - mixed, "b": tf.nn.conv2d(x[..., :1], kernel, 1, "SAME")}

    with pytest.raises(tfsnn.UnsupportedError) as caught:
        load_model(save(tmp_path / "m", function, (None, 5, 5, 2)))
    # Not the subtraction behind the mean: that would be no problem by itself.
    assert sorted(kind for _, kind, _ in caught.value.problems) == ["Conv2D", "Mean"]
    assert "across the samples" in str(caught.value)


def test_training_batch_normalization_is_refused(tmp_path):
    def function(x):
        ones = tf.ones(2)
        norm = tf.compat.v1.nn.fused_batch_norm
        return norm(x, ones, ones, is_training=True)[0]

    def scaled(x):
        """As Keras 2 writes a layer normalisation, but for its scale."""
        rows = tf.shape(x)[0]
        norm = tf.compat.v1.nn.fused_batch_norm
        two, zero = tf.fill([rows], 2.0), tf.fill([rows], 0.0)
        y = tf.reshape(x, (1, rows, 6, 1))
        y = norm(y, two, zero, data_format="NCHW", is_training=True)[0]
        return tf.reshape(y, (rows, 6))

    with pytest.raises(tfsnn.UnsupportedError, match="statistics of the batch"):
        load_model(save(tmp_path / "m", function, (None, 4, 4, 2)))
    with pytest.raises(tfsnn.UnsupportedError, match="statistics of the batch"):
        load_model(save(tmp_path / "n", scaled, (None, 6)))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((None, None, None, 3), r"free size, \?,\?,3; .*--input-shape 128,128,3"),
        ((), "of unknown rank"),
        (None, "of unknown rank"),
    ],
)
def test_shapes_that_are_not_fixed(tmp_path, shape, message):
    with pytest.raises(tfsnn.ModelError, match=message):
        load_model(save(tmp_path / "m", tf.nn.relu, shape))


def test_folders_that_are_none(tmp_path, two):
    with pytest.raises(tfsnn.ModelError, match="a folder without saved_model"):
        load_model(tmp_path)
    with pytest.raises(tfsnn.ModelError, match="does not exist"):
        load_model(tmp_path / "missing.keras")


@pytest.mark.parametrize("damage", ["graph", "empty", "variables"])
def test_damaged_saved_models(tmp_path, damage):
    path = export(models.mlp(), tmp_path / "m")
    graph = path / "saved_model.pb"
    if damage == "variables":
        for file in (path / "variables").iterdir():
            file.unlink()
    else:
        content = graph.read_bytes()
        graph.write_bytes(content[: len(content) // 2 if damage == "graph" else 0])
    with pytest.raises(tfsnn.ModelError, match=str(path)) as caught:
        load_model(path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("kind", ["Relu", "MaxPool", "Softmax"])
def test_a_wrong_rebuild_is_caught(tmp_path, monkeypatch, kind):
    path = export(models.cnn(), tmp_path / "m")
    right = registry.translator_of(kind)

    def wrong(operation, rebuild):
        return 1.0001 * right(operation, rebuild)

    monkeypatch.setitem(registry._TRANSLATORS, kind, wrong)
    with pytest.raises(
        tfsnn.ModelError,
        match=rf"^{path}: .* rebuilt for .*\({kind}\) differs .* 0\.0001",
    ):
        load_model(path)


def test_a_composition_that_rounds_too_much_is_left_apart(tmp_path, monkeypatch):
    """Operation by operation, the result is the same to the last bit."""
    path = save(tmp_path / "m", lambda x: x * tf.sigmoid(x), (None, 4))
    assert kinds(load_model(path)) == ["Activation"]

    def coarse(name):
        return lambda rebuild, x: rebuild.raw(lambda y: 1.0001 * keras.ops.silu(y), x)

    monkeypatch.setattr(activations, "_emit_named", coarse)
    assert kinds(load_model(path)) == ["Activation", "Multiply"]


def test_outputs_that_are_never_finite_cannot_be_compared(tmp_path):
    path = save(tmp_path / "m", lambda x: tf.math.log(-tf.abs(x) - 1.0), (None, 4))
    with pytest.raises(tfsnn.ModelError, match="not finite for every"):
        load_model(path)


def test_a_type_has_one_translator():
    with pytest.raises(ValueError, match="Relu has a translator already"):
        registry.translates("Relu")(lambda operation, rebuild: None)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An exported CNN and data for it."""
    folder = tmp_path_factory.mktemp("exported")
    model = models.cnn()
    x = models.samples(model, 20)
    np.savez(folder / "data.npz", x=x, y=np.arange(20) % 3)
    return export(model, folder / "cnn"), folder / "data.npz"


def test_inspect_takes_a_signature(exported):
    path, _ = exported
    result = run("inspect", path, "--signature", "serve", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["convertible"]
    result = run("inspect", path, "--signature", "nope")
    assert result.exit_code == 1
    assert "no signature 'nope'; it has serve, serving_default" in result.stderr


def test_convert_evaluate_and_verify_take_a_signature(exported, tmp_path):
    path, data = exported
    chosen = ("--signature", "serving_default")
    snn = tmp_path / "snn.keras"
    result = run("convert", path, *chosen, "--calibration", data, "--output", snn)
    assert result.exit_code == 0, result.output
    rare = ("-o", "signature", "serving_default")
    result = run("evaluate", snn, "--data", data, "--ann", path, *rare)
    assert result.exit_code == 0, result.output
    result = run("verify", path, snn, *chosen, "--data", data)
    assert result.exit_code == 0, result.output
    result = run("verify", path, snn, "--signature", "nope", "--data", data)
    assert result.exit_code == 1 and "it has" in result.stderr


def test_equal_to_the_model_that_was_exported(exported):
    path, _ = exported
    model = models.randomise(models.cnn())
    assert_equal(load_model(path), model, models.samples(model, 3))
