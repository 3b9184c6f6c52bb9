"""A ``tf.data.Dataset`` must yield batches, have an end, and not fail on reading."""

import numpy as np
import pytest
import tensorflow as tf
from samples import CLASSES, PIXELS, SHAPE, collect

from tfsnn.data import open_data
from tfsnn.errors import DataError


def test_datasets_of_another_structure():
    one = tf.data.Dataset.from_tensors
    for ds in (
        one({"x": PIXELS}),
        one((PIXELS, CLASSES, CLASSES)),
        tf.data.Dataset.from_tensor_slices((PIXELS, CLASSES)),
    ):
        with pytest.raises(DataError, match=r"batches of x or of \(x, y\)"):
            open_data(ds, SHAPE)
    with pytest.raises(DataError, match="no end"):
        open_data(one(PIXELS).repeat(), SHAPE)
    with pytest.raises(DataError, match="shape"):
        open_data(tf.data.Dataset.from_tensor_slices(PIXELS), SHAPE)


def test_a_dataset_that_fails_or_is_empty_on_reading():
    spec = tf.TensorSpec((None, None, None, None), tf.float32)
    shapes = [(2, *SHAPE), (2, 5, 5, 3)]

    def dataset(count):
        return tf.data.Dataset.from_generator(
            lambda: (np.zeros(s, np.float32) for s in shapes[:count]),
            output_signature=spec,
        )

    assert len(collect(open_data(dataset(1), SHAPE), 2)[0]) == 2
    with pytest.raises(DataError, match=r"shape \(2, 5, 5, 3\)"):
        collect(open_data(dataset(2), SHAPE), 2)
    with pytest.raises(DataError, match="cannot be read"):
        collect(open_data(dataset(2), SHAPE), 3)
    with pytest.raises(DataError, match="no samples"):
        collect(open_data(dataset(0), SHAPE))
