"""Digests change with what counts, and with nothing else."""

import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.data.digest import data_digest
from tfsnn.network.digest import model_digest
from tfsnn.sources import import_model


def of_model(model):
    return model_digest(import_model(model))


@pytest.mark.parametrize("name", models.MODELS)
def test_the_same_model_under_other_names(name):
    one, other = (models.randomise(models.MODELS[name]()) for _ in range(2))
    assert [layer.name for layer in one.layers] != [
        layer.name for layer in other.layers
    ]
    assert of_model(one) == of_model(other)
    other.weights[-1].assign(other.weights[-1] + 1)
    assert of_model(one) != of_model(other)


def test_structure_counts_without_weights():
    def model(activation, swapped):
        x = keras.Input((4,))
        a, b = layers.ReLU()(x), layers.Activation(activation)(x)
        return keras.Model(x, layers.Subtract()([b, a] if swapped else [a, b]))

    found = [of_model(model(*of)) for of in (("tanh", 0), ("tanh", 1), ("gelu", 0))]
    assert len(set(found)) == 3


def of_data(spec, shape=(4,), **more):
    return data_digest(spec, tfsnn.open_data(spec, shape, **more))


def test_arrays_by_their_values():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    y = np.array([0, 1, 0])
    same = [
        of_data((x, y)),
        of_data((x.copy(), y)),
        of_data(tfsnn.open_data((x, y), (4,))),
    ]
    assert len(set(same)) == 1
    others = [
        of_data(x),
        of_data((x, 1 - y)),
        of_data((x + 1, y)),
        of_data((x[:2], y[:2])),
    ]
    assert len({same[0], *others}) == 5


def test_files_by_their_checksums(tmp_path):
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = []
    for name, values in (("a", x), ("b", x), ("c", x + 1)):
        np.savez(tmp_path / f"{name}.npz", x=values)
        found.append(of_data(str(tmp_path / f"{name}.npz")))
    assert found[0] == found[1] != found[2]


def test_folders_by_their_files(tmp_path):
    def write(folder, name, size):
        path = tmp_path / folder / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        keras.utils.save_img(path, np.zeros((size, size, 3)), scale=False)

    write("a", "1.png", 4)
    write("b", "1.png", 4)
    first = of_data(tmp_path / "a", (4, 4, 3))
    assert first == of_data(tmp_path / "b", (4, 4, 3))
    write("b", "2.png", 4)
    assert first != of_data(tmp_path / "b", (4, 4, 3))
