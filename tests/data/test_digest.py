"""Digests of data change with what counts, and with nothing else."""

import keras
import numpy as np

import tfsnn
from tfsnn.data.digest import data_digest


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
