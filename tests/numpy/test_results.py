"""Sums over samples and the rows of a table, against numbers by hand."""

import numpy as np
import pytest

from tfsnn_numpy.errors import DataError
from tfsnn_numpy.results import Energy, check_labels, doubling, table, top_class
from tfsnn_numpy.sums import Sums

ENERGY = Energy("by hand", mac_picojoules=4.0, ac_picojoules=1.0, source="none")


def test_counts_are_summed_from_the_start_pre_steps_included():
    """Two batches, 1 pre-step and 3 steps; each column counts in its own decimal."""
    sums = Sums([1, 3], pre_steps=1)
    ones = np.ones((4, 2, 4), np.float32) * [1, 10, 100, 1000]
    sums.count(ones, own=True)
    sums.count(ones[:, :1], own=False)  # what a pooling passes on: accumulates alone
    np.testing.assert_array_equal(
        sums.counts, [[4, 40, 600, 6000], [8, 80, 1200, 12000]]
    )
    sums.samples, sums.right[:], sums.agreed[:] = 4, [1, 3], [2, 4]
    costs = {"ann_macs": 100, "energy": ENERGY}
    row = sums.row(1, latency=5, macs=7, labelled=True, compared=True, **costs)
    assert (row.timesteps, row.latency, row.accuracy, row.agreement) == (3, 5, 0.75, 1)
    assert (row.spikes, row.coefficients) == (2, 20)
    assert (row.synops_events, row.synops) == (300, 3000)
    assert row.energy_ratio == (4 * 7 + 3000) / 400
    assert row.energy_ratio_events == (4 * 7 + 300) / 400
    costs["ann_macs"] = 0
    bare = sums.row(0, latency=1, macs=0, labelled=False, compared=False, **costs)
    assert bare.accuracy is bare.agreement is bare.energy_ratio is None
    assert bare.cells()[2:4] == ["-", "-"] and bare.cells()[8:] == ["-", "-"]


def test_doubling():
    assert (doubling(1), doubling(2)) == ([1], [1, 2])
    assert (doubling(6), doubling(8)) == ([1, 2, 4, 6], [1, 2, 4, 8])


def test_table_aligns_the_first_column_left_and_numbers_right():
    assert table(["T", "spikes"], [["1", "5"], ["128", "1,000"]]) == [
        "T    spikes",
        "---  ------",
        "1         5",
        "128   1,000",
    ]


def test_top_class_is_over_all_axes_but_the_first():
    outputs = np.zeros((2, 2, 3))
    outputs[0, 1, 2], outputs[1, 0, 1] = 1, 1
    assert top_class(outputs).tolist() == [5, 1]


def test_labels_out_of_range():
    check_labels(np.array([0, 2]), 3)
    with pytest.raises(DataError, match=r"label 3 is .*: .* 3 classes, 0 to 2; give"):
        check_labels(np.array([0, 3]), 3)
