"""Models of Keras 2 of every form: nested, shared, without inputs, with own classes."""

import io
import json
import shutil

import h5py
import keras
import numpy as np
import pytest
import tf_keras
from keras2_models import drawn, old, refused, same, sequential, small
from keras_files import config_of, rewrite

import tfsnn
from tfsnn.sources.keras_model.hdf5 import load_hdf5

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("eager")]


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


def test_an_old_gru_without_the_argument_resets_before(rng, tmp_path):
    x = old.Input((4, 2))
    model = drawn(tf_keras.Model(x, old.GRU(3, reset_after=False)(x)), rng)
    path = tmp_path / "model.h5"
    model.save(path)
    config = config_of(path)
    del config["config"]["layers"][1]["config"]["reset_after"]
    same(tfsnn.load_model(rewrite(path, config)), model, rng.random((3, 4, 2)))


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
