"""Augmentation: what is drawn, and that nothing else changes."""

import numpy as np
import pytest

from tfsnn.errors import OptionError
from tfsnn.training.augment import Augmentation

X = np.random.default_rng(1).random((200, 16, 8, 3), np.float32)


def changed(*kinds, seed=3):
    return Augmentation(kinds)(X, np.random.default_rng(seed))


def test_half_of_the_pictures_are_flipped():
    found = changed("flip")
    same = (found == X).reshape(200, -1).all(1)
    flipped = (found == X[:, :, ::-1]).reshape(200, -1).all(1)
    assert (same ^ flipped).all() and 70 < flipped.sum() < 130


def test_pictures_are_shifted_by_an_eighth_at_most_with_the_values_of_the_edge():
    found, seen = changed("shift"), set()
    for picture, shifted in zip(X, found, strict=True):
        rows = np.clip(np.arange(16)[:, None] - np.arange(-2, 3), 0, 15)  # (16, 5)
        columns = np.clip(np.arange(8)[:, None] - np.arange(-1, 2), 0, 7)
        fits = [
            (down, right)
            for down in range(5)
            for right in range(3)
            if np.array_equal(picture[rows[:, down]][:, columns[:, right]], shifted)
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) == 15  # all shifts there are


def test_the_same_draw_is_the_same_change():
    assert np.array_equal(changed("flip", "shift"), changed("flip", "shift"))
    assert not np.array_equal(changed("shift"), changed("shift", seed=4))


def test_what_is_no_picture_stays():
    rows = np.ones((4, 7), np.float32)
    assert Augmentation(("flip",))(rows, np.random.default_rng(0)) is rows
    assert Augmentation.of((), [(7,)]) is None
    with pytest.raises(OptionError, match="changes pictures"):
        Augmentation.of(("flip",), [(7,)])
