"""Damaged recordings and GIFs, at random: what was stored, or one message."""

import io
import os
import random

import numpy as np
import pytest
from event_samples import SENSOR, recording
from PIL import Image
from samples import npz

from tfsnn.data import OverTime, open_data
from tfsnn.errors import DataError, TfsnnError

SHAPE = (*SENSOR, 2)


def a_gif():
    frames = [Image.new("L", (6, 5), 10 * k) for k in range(4)]
    into = io.BytesIO()
    frames[0].save(into, "GIF", save_all=True, append_images=frames[1:])
    return into.getvalue()


def mutant(stored, seed):
    """Some bytes changed, or the end cut off."""
    rng, changed = random.Random(seed), bytearray(stored)
    for _ in range(rng.randint(1, 4)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed[: rng.randrange(len(changed))] if seed % 4 == 0 else changed)


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_recordings(tmp_path, compressed):
    fields = recording(0, 40)
    more = {"offsets": [0, 15, 40], "labels": [0, 1]}
    path = npz(tmp_path / "a.npz", compressed, **fields, **more)
    stored, asked = path.read_bytes(), OverTime(step_ms=10, frames=2)

    def read():
        return [b for b, _ in open_data(path, SHAPE, over_time=asked).batches(2)]

    expected, refused = read(), 0
    for seed in range(80):
        path.write_bytes(mutant(stored, seed))
        try:
            found = read()
        except TfsnnError as error:
            assert "a.npz" in str(error)
            refused += 1
        else:
            np.testing.assert_array_equal(found, expected)
    assert refused > 40


def test_damaged_gifs(tmp_path):
    (tmp_path / "a").mkdir()
    path, stored = tmp_path / "a" / "0.gif", a_gif()
    refused = 0
    for seed in range(80):
        path.write_bytes(mutant(stored, seed))
        try:
            data = open_data(tmp_path, (5, 6, 3), over_time=OverTime(frames=4))
            ((x, _),) = data.batches(1)
        except TfsnnError as error:
            assert "0.gif" in str(error)
            refused += 1
        else:
            assert x.shape == (1, 4, 5, 6, 3) and x.min() >= 0 and x.max() <= 1
    assert refused > 20


@pytest.mark.parametrize("name", ["a.npz", "c/a.npz", "c/a.gif", "c/frames/1.png"])
def test_no_pipe_and_no_device_is_read(name, tmp_path):
    path = tmp_path / "data" / name
    path.parent.mkdir(parents=True)
    given = path if name == "a.npz" else tmp_path / "data"
    asked = OverTime(frames=1) if name[-3:] != "npz" else OverTime(events_per_frame=1)
    shape = (5, 6, 1)
    for make, kind in (
        (os.mkfifo, "a named pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
    ):
        make(path)
        with pytest.raises(DataError, match=f"{path.name} cannot be read.*{kind}"):
            list(open_data(given, shape, over_time=asked).batches(1))
        path.unlink()
