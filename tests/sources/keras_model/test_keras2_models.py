"""Models of Keras 2 of every form: nested, shared, without inputs, with own classes."""

import io
import json
import shutil

import h5py
import keras
import numpy as np
import pytest
import tf_keras
from keras_files import config_of, rewrite

import tfsnn
from tfsnn.errors import ModelError
from tfsnn.sources.keras_model.hdf5 import load_hdf5

old = tf_keras.layers
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("eager")]


def drawn(model, rng):
    for variable in model.weights:
        value = rng.uniform(0.2, 1, variable.shape)
        variable.assign(value.astype(variable.dtype.as_numpy_dtype))
    return model


def sequential(*stack):
    return tf_keras.Sequential([*stack])


def nested():
    inner = sequential(old.Dense(4, input_shape=(3,)), old.BatchNormalization())
    late = sequential(old.Dense(3, activation="relu"), old.PReLU())
    x = old.Input((3,))
    y = inner(late(inner(x)[:, :3]) + x)
    return tf_keras.Model(x, [y, inner(x)])


def shared():
    dense = old.Dense(3, name="dense")
    x, y = old.Input((3,)), old.Input((3,))
    return tf_keras.Model({"b": y, "a": x}, {"z": dense(dense(x)), "w": dense(y)})


def frozen():
    inner = sequential(old.Dense(3, input_shape=(3,)), old.BatchNormalization())
    inner.layers[0].trainable = False
    whole = sequential(inner, old.BatchNormalization(), old.Dense(2))
    whole.layers[1].trainable = False
    return whole


def states():
    x = old.Input((4, 2))
    y, *state = old.LSTM(3, return_state=True, return_sequences=True)(x)
    z = old.LSTM(3)(x, initial_state=state)
    return tf_keras.Model(x, old.Concatenate()([old.Flatten()(y), z]))


def attention():
    x, y = old.Input((4, 6)), old.Input((5, 3))
    z = old.MultiHeadAttention(2, 3, value_dim=2, use_bias=False)(x, y, key=y)
    w = old.MultiHeadAttention(2, 3, output_shape=4)(z, x, use_causal_mask=False)
    return tf_keras.Model([x, y], [z, w])


def masked():
    x = old.Input((5,), dtype="int32")
    y = old.Embedding(7, 3, mask_zero=True)(x)
    y = old.GRU(3, return_sequences=True)(y)
    return tf_keras.Model(x, old.LSTM(2)(y))


def around_models():
    a = old.Input((3,))
    inner = tf_keras.Model(a, old.Dense(2)(a) * 2 + 1)
    x = old.Input((4, 3))
    return tf_keras.Model(x, old.TimeDistributed(inner)(x))


MODELS = {
    "nested": (nested, [(3,)]),
    "frozen": (frozen, [(3,)]),
    "states": (states, [(4, 2)]),
    "attention": (attention, [(4, 6), (5, 3)]),
    "masked": (masked, [(5,)]),
    "around models": (around_models, [(4, 3)]),
    "half precision": (
        lambda: sequential(
            old.Dense(
                3,
                input_shape=(4,),
                dtype=tf_keras.mixed_precision.Policy("mixed_float16"),
            ),
            old.Dense(2, dtype="float32"),
        ),
        [(4,)],
    ),
    "an embedding first": (
        lambda: sequential(old.Embedding(7, 3, input_length=4), old.Flatten()),
        [(4,)],
    ),
    "a model first": (
        lambda: sequential(
            sequential(old.Conv1D(3, 2, input_shape=(5, 2)), old.ReLU()), old.Flatten()
        ),
        [(5, 2)],
    ),
}


def samples_of(shapes, rng):
    found = [rng.integers(0, 6, (3, *shape)).astype("float32") for shape in shapes]
    return found if len(found) > 1 else found[0]


def flat(outputs):
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    return outputs if isinstance(outputs, list | tuple) else [outputs]


def same(found, expected, samples):
    for ours, theirs in zip(
        flat(found(samples, training=False)),
        flat(expected(samples, training=False)),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_keras_2_computes_the_same(name, suffix, rng, tmp_path):
    make, shapes = MODELS[name]
    model = drawn(make(), rng)
    model.save(tmp_path / f"model{suffix}")
    found = tfsnn.load_model(tmp_path / f"model{suffix}")
    same(found, model, samples_of(shapes, rng))


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_inputs_and_outputs_keep_their_names(suffix, rng, tmp_path):
    model = drawn(shared(), rng)
    model.save(tmp_path / f"model{suffix}")
    found = tfsnn.load_model(tmp_path / f"model{suffix}")
    samples = {name: rng.random((2, 3), np.float32) for name in "ab"}
    ours, theirs = found(samples), model(samples)
    assert set(ours) == {"w", "z"}
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-6)


def small(rng):
    stack = old.Dense(3, "relu", input_shape=(4,)), old.Dense(2)
    return drawn(sequential(*stack), rng)


def without_inputs(path):
    """Leave the InputLayer out, as Keras before 2.4 did."""
    config = config_of(path)
    del config["config"]["layers"][0]
    return rewrite(path, config)


def test_a_sequential_model_needs_no_input_layer(rng, tmp_path):
    model = small(rng)
    model.save(tmp_path / "model.h5")
    found = tfsnn.load_model(without_inputs(tmp_path / "model.h5"))
    same(found, model, rng.random((3, 4), np.float32))


def test_the_layers_of_a_sequential_model_may_be_a_list(rng, tmp_path):
    """As Keras before 2.2.3 wrote them."""
    model, path = small(rng), tmp_path / "model.h5"
    model.save(path)
    config = config_of(without_inputs(path))
    rewrite(path, {**config, "config": config["config"]["layers"]})
    same(tfsnn.load_model(path), model, rng.random((3, 4), np.float32))


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("writer", [old, keras.layers])
def test_a_file_is_known_by_its_first_bytes(writer, suffix, rng, tmp_path):
    parent = tf_keras if writer is old else keras
    x = writer.Input((4,))
    model = parent.Model(x, writer.Dense(2)(x))
    model.save(tmp_path / f"model{suffix}")
    samples = rng.random((3, 4), np.float32)
    for name in ("no_suffix", "other.model"):
        shutil.copy(tmp_path / f"model{suffix}", tmp_path / name)
        same(tfsnn.load_model(tmp_path / name), model, samples)


def test_hdf5_may_lie_in_memory(rng, tmp_path):
    model = small(rng)
    model.save(tmp_path / "model.h5")
    content = io.BytesIO((tmp_path / "model.h5").read_bytes())
    with h5py.File(content, "r") as stored:
        found = load_hdf5(stored, "here")
    same(found, model, rng.random((3, 4), np.float32))


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_layers_for_graphics_cards_become_plain_ones(kind, rng, tmp_path):
    """Keras 2 itself converts such weights when it loads them: the reference."""
    gates = {"GRU": 3, "LSTM": 4}[kind]
    x = old.Input((4, 2))
    model = tf_keras.Model(x, old.Bidirectional(getattr(old, kind)(3), name="both")(x))
    path = tmp_path / "model.h5"
    model.save(path)
    config = config_of(path)
    inner = config["config"]["layers"][1]["config"]["layer"]
    inner["class_name"] = f"CuDNN{kind}"
    inner["config"] = {"name": inner["config"]["name"], "units": 3, "trainable": True}
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(config)
        group = file["model_weights/both"]
        for name in group.attrs["weight_names"]:
            shape = (6 * gates,) if name.endswith("bias:0") else group[name].shape
            del group[name]
            group[name] = rng.normal(0, 1, shape).astype(np.float32)
    model.load_weights(path)
    samples = rng.random((3, 4, 2), np.float32)
    same(tfsnn.load_model(path), model, samples)


def refused(path):
    with pytest.raises(ModelError) as caught:
        tfsnn.load_model(path)
    return str(caught.value)


def test_an_old_gru_without_the_argument_resets_before(rng, tmp_path):
    x = old.Input((4, 2))
    model = drawn(tf_keras.Model(x, old.GRU(3, reset_after=False)(x)), rng)
    path = tmp_path / "model.h5"
    model.save(path)
    config = config_of(path)
    del config["config"]["layers"][1]["config"]["reset_after"]
    same(tfsnn.load_model(rewrite(path, config)), model, rng.random((3, 4, 2)))


@pytest.mark.parametrize("name", ["model.weights.h5", "model.h5"])
def test_weights_alone_are_told(name, rng, tmp_path):
    small(rng).save_weights(tmp_path / name)
    said = refused(tmp_path / name)
    assert "holds weights alone, and no network" in said
    assert "load_weights" in said and "tfsnn.convert" in said


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_what_cannot_be_migrated_is_named_layer_by_layer(suffix, rng, tmp_path):
    path = tmp_path / f"model{suffix}"
    small(rng).save(path)
    config = config_of(path)
    _, first, second = config["config"]["layers"]
    first |= {"class_name": "DenseFeatures", "registered_name": None}
    second["class_name"] = "Mine"
    said = refused(rewrite(path, config))
    assert (
        "dense_features" not in said and "(DenseFeatures) is a layer of Keras 2" in said
    )
    assert "(Mine) is of a class that Keras has not" in said
    assert "register_keras_serializable" in said and "model.export" in said


def test_activations_without_a_name_or_a_function_are_named(rng, tmp_path):
    path = tmp_path / "model.h5"
    small(rng).save(path)
    config = config_of(path)
    for layer, name in zip(
        config["config"]["layers"][1:], ("<lambda>", "mine"), strict=True
    ):
        layer["config"] |= {"activation": name, "name": f"layer of {name}"}
    said = refused(rewrite(path, config))
    assert "layer of <lambda> (Dense) has a lambda as its activation" in said
    assert (
        "layer of mine (Dense) has the activation 'mine', which Keras has not" in said
    )


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_lambda_layer_is_named(suffix, tmp_path):
    x = old.Input((4,))
    y = old.Lambda(lambda x: x + 1, name="plus")(tf_keras.activations.tanh(x))
    tf_keras.Model(x, y).save(tmp_path / f"model{suffix}")
    said = refused(tmp_path / f"model{suffix}")
    assert "plus (Lambda) is Python code; tfsnn never runs code" in said
    assert "TFOpLambda" not in said


def test_a_class_of_the_users_own_is_loaded_where_it_is_registered(rng, tmp_path):
    @tf_keras.saving.register_keras_serializable("models_tests")
    class Doubled(old.Layer):
        def call(self, x):
            return 2 * x

    model = sequential(old.Dense(3, input_shape=(4,)), Doubled())
    for suffix in (".h5", ".keras"):
        model.save(tmp_path / f"model{suffix}")
        assert "(models_tests>Doubled)" in refused(tmp_path / f"model{suffix}") or (
            "(Doubled)" in refused(tmp_path / f"model{suffix}")
        )

    @keras.saving.register_keras_serializable("models_tests")
    class Doubled(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    for suffix in (".h5", ".keras"):
        found = tfsnn.load_model(tmp_path / f"model{suffix}")
        same(found, model, rng.random((3, 4), np.float32))


def test_a_file_of_keras_1_is_refused(rng, tmp_path):
    path = tmp_path / "model.h5"
    small(rng).save(path)
    config = config_of(path)
    config["config"]["layers"][1] = {
        "class_name": "Convolution2D",
        "config": {"name": "old", "nb_filter": 3, "nb_row": 2, "nb_col": 2},
    }
    said = refused(rewrite(path, config))
    assert "old (Convolution2D) has the argument nb_col of Keras 1" in said


def test_an_argument_that_keras_3_has_not_is_named(tmp_path):
    x = old.Input((4, 2))
    tf_keras.Model(x, old.LSTM(3, time_major=True, name="turned")(x)).save(
        tmp_path / "model.h5"
    )
    said = refused(tmp_path / "model.h5")
    assert "turned (LSTM) has time_major=True, which Keras 3 has not" in said


def test_swapped_weights_are_refused(rng, tmp_path):
    """Of one shape, and told apart by their names alone."""
    path = tmp_path / "model.h5"
    drawn(sequential(old.BatchNormalization(input_shape=(3,))), rng).save(path)
    with h5py.File(path, "r+") as file:
        group = next(iter(file["model_weights"].values()))
        names = list(group.attrs["weight_names"])
        group.attrs["weight_names"] = names[::-1]
    assert "has the weights [gamma" in refused(path)


def test_an_archive_around_a_model_is_told(rng, tmp_path):
    small(rng).save(tmp_path / "model.keras")
    shutil.make_archive(tmp_path / "packed", "zip", tmp_path, "model.keras")
    said = refused(tmp_path / "packed.zip")
    assert "zip archive with model.keras in it: unpack it" in said


def test_a_file_that_is_no_hdf5_is_told(tmp_path):
    (tmp_path / "model.h5").write_bytes(b"")
    assert "not an HDF5 file, or only part of one (0 bytes" in refused(
        tmp_path / "model.h5"
    )
