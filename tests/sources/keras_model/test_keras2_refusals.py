"""What is said of files of Keras 2 that cannot be read."""

import shutil

import h5py
import pytest
import tf_keras
from keras2_models import drawn, old, refused, sequential, small
from keras_files import config_of, rewrite

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("eager")]


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


def test_layers_with_one_reason_are_told_together(rng, tmp_path):
    path = tmp_path / "model.h5"
    small(rng).save(path)
    config = config_of(path)
    for name, layer in zip("ab", config["config"]["layers"][1:], strict=True):
        layer["config"] |= {"activation": "<lambda>", "name": name}
    said = refused(rewrite(path, config))
    assert "a (Dense), b (Dense) has a lambda as its activation" in said
    assert said.count("load_weights") == 1


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_lambda_layer_is_named(suffix, tmp_path):
    x = old.Input((4,))
    y = old.Lambda(lambda x: x + 1, name="plus")(tf_keras.activations.tanh(x))
    tf_keras.Model(x, y).save(tmp_path / f"model{suffix}")
    said = refused(tmp_path / f"model{suffix}")
    assert "plus (Lambda) is Python code; tfsnn never runs code" in said
    assert "TFOpLambda" not in said


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
