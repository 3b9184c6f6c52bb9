"""Any part of data can be read, from any sample on, in every form."""

import numpy as np
import pytest
import tensorflow as tf
from data_forms import FORMS, sources
from samples import CLASSES, PIXELS, SCALED, SHAPE, collect

from tfsnn.data import open_data
from tfsnn.data.holdout import hold_out
from tfsnn.errors import DataError

PARTS = [(0, 10), (0, 3), (3, 4), (5, 10), (9, 10)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("start", "stop"), PARTS)
def test_every_form(tmp_path, form, start, stop):
    data = open_data(sources(tmp_path)[form], SHAPE).part(start, stop)
    assert data.size == stop - start
    x, y = collect(data)
    np.testing.assert_array_equal(x, SCALED[start:stop])
    np.testing.assert_array_equal(y, CLASSES[start:stop])


@pytest.mark.parametrize(("start", "stop"), PARTS)
def test_a_folder(tmp_path, start, stop):
    (tmp_path / "a").mkdir()
    for i, pixels in enumerate(PIXELS):
        image = tf.io.encode_png(pixels).numpy()
        (tmp_path / "a" / f"{i}.png").write_bytes(image)
    x, _ = collect(open_data(tmp_path, SHAPE).part(start, stop))
    np.testing.assert_array_equal(x, SCALED[start:stop])


def test_what_is_left_when_some_are_held_out():
    data = open_data((np.arange(12.0, dtype=np.float32)[:, None], None), (1,))
    rest, held = hold_out(data, 4, least=1, seed=0)
    whole = collect(rest)[0]
    assert len(whole) == 8
    both = np.concatenate([whole, collect(held)[0]])
    np.testing.assert_array_equal(np.sort(both, 0), np.arange(12.0)[:, None])
    for start, stop in ((0, 8), (3, 7), (7, 8)):
        np.testing.assert_array_equal(
            collect(rest.part(start, stop))[0], whole[start:stop]
        )


def test_errors_count_from_the_first_sample_of_all():
    x = SCALED.copy()
    x[7, 0, 0, 0] = np.nan
    with pytest.raises(DataError, match="in sample 7, counted from 0"):
        collect(open_data(x, SHAPE).part(5, 10))
