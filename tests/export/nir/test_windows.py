"""Padding and strides of windows, put in the words of NIR."""

import nir
import nir_reference
import numpy as np
import pytest

from tfsnn.export.nir.windows import explicit
from tfsnn.network.windows import same_pads


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("window", [(1, 1), (3, 3), (2, 2), (4, 4), (1, 3), (5, 2)])
@pytest.mark.parametrize("pads", [((0, 0), (0, 0)), ((0, 1), (1, 2)), ((3, 0), (1, 1))])
@pytest.mark.parametrize("dilation", [1, 2])
def test_windows_with_equal_padding(stride, window, pads, dilation, rng):
    x = rng.integers(-4, 5, (1, 9, 8)).astype(np.float32)
    kernel = rng.integers(1, 5, (*window, 1, 1)).astype(np.float32)
    pairs = ((stride,) * 2, (dilation,) * 2)
    found = explicit(kernel, (9, 8), *pairs, pads)
    if found is None:
        assert stride == 1  # an even and an odd side, and no place to spare
        return
    assert len(set(found.kernel.shape[:2])) == 1

    def convolved(x, kernel, padding, dilation):
        weight = np.moveaxis(kernel, (-1, -2), (0, 1))
        node = nir.Conv2d(
            None, weight, pairs[0], padding, dilation, 1, np.zeros(1, np.float32)
        )
        return nir_reference.STATELESS["Conv2d"](node, x)

    padded = np.pad(x, [(0, 0), *pads])
    expected = convolved(padded, kernel, (0, 0), pairs[1])
    np.testing.assert_array_equal(
        convolved(x, found.kernel, found.padding, found.dilation), expected
    )


def test_padding_of_keras():
    assert same_pads((32, 7), (3, 3), (2, 2), (1, 1)) == ((0, 1), (1, 1))
    assert same_pads((8, 8), (2, 1), (1, 4), (1, 1)) == ((0, 1), (0, 0))
    assert same_pads((8,), (3,), (1,), (3,)) == ((3, 3),)
