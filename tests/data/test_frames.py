"""Sequences of frames as samples, each frame one."""

import numpy as np
import pytest

from tfsnn.data import open_data
from tfsnn.data.frames import open_frames

INPUTS = {"x": (2, 3)}


class Network:
    inputs = INPUTS
    whole_inputs = frozenset()


@pytest.fixture
def sequences(rng):
    return rng.normal(size=(5, 4, 2, 3)).astype(np.float32), np.arange(5)


@pytest.mark.parametrize("size", [1, 3, 4, 7, 50])
@pytest.mark.parametrize("form", ["arrays", "file"])
def test_each_frame_is_a_sample_with_the_label_of_all(sequences, size, form, tmp_path):
    x, y = sequences
    spec = x, y
    if form == "file":
        spec = tmp_path / "video.npz"
        np.savez(spec, x=x, y=y)
    opened = open_frames(Network(), spec)
    assert opened.size == 20 and opened.inputs == INPUTS
    frames, labels = zip(*opened.batches(size), strict=True)
    assert max(map(len, frames)) <= size
    assert (np.concatenate(frames) == x.reshape(20, 2, 3)).all()
    assert (np.concatenate(labels) == np.repeat(y, 4)).all()


def test_a_part_begins_where_it_says(sequences):
    x, y = sequences
    part = open_frames(Network(), (x, y)).part(6, 15)
    frames, labels = zip(*part.batches(4), strict=True)
    assert (np.concatenate(frames) == x.reshape(20, 2, 3)[6:15]).all()
    assert (np.concatenate(labels) == np.repeat(y, 4)[6:15]).all()


def test_a_limit_is_of_sequences(sequences):
    opened = open_frames(Network(), sequences, limit=2)
    assert opened.size == 8
    assert sum(len(x) for x, _ in opened.batches(3)) == 8


def test_opened_sequences_are_taken(sequences):
    x, _ = sequences
    opened = open_data(x, (2, 3), over_time=True)
    assert open_frames(Network(), opened).size == 20
