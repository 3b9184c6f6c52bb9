"""Sums over samples and the rows of a table, against numbers by hand."""

import dataclasses

import numpy as np
import pytest

from tfsnn_numpy.errors import DataError
from tfsnn_numpy.results import Energy, check_labels, doubling, table
from tfsnn_numpy.sums import Costs, Sums, batch_result

ENERGY = Energy("by hand", mac_picojoules=4.0, ac_picojoules=1.0, source="none")


COSTS = Costs(1, 100, macs=[3, 5, 7], latencies=[1, 3, 5], spiking={"own"})


def swept():
    """One batch of 2 samples, 1 pre-step and 3 steps; each column has its decimal."""
    ones = np.ones((4, 2, 4), np.float32) * [1, 10, 100, 1000]
    outputs = np.float32([[[1, 0], [1, 0]], [[1, 0], [1, 0]], [[1, 0], [0, 1]]])
    # What a pooling passes on are accumulates alone.
    return batch_result([1, 3], outputs, {"own": ones, "pooling": ones}, COSTS)


def test_counts_are_summed_from_the_start_pre_steps_included():
    seen, sums = swept(), Sums([1, 3])
    assert seen.classes == 2 and seen.senders == {"own": 8000, "pooling": 8000}
    np.testing.assert_array_equal(seen.top, [[0, 0], [0, 1]])
    for _ in range(2):
        sums.add(seen, np.array([0, 1]), np.array([0, 0]))
    np.testing.assert_array_equal(
        sums.counts, [[8, 80, 1600, 16000], [16, 160, 3200, 32000]]
    )
    _, row = sums.rows(COSTS, ENERGY, labelled=True, compared=True)
    assert (row.timesteps, row.latency, row.accuracy, row.agreement) == (3, 5, 1, 0.5)
    assert (row.spikes, row.coefficients) == (4, 40)
    assert (row.synops_events, row.synops) == (800, 8000)
    assert row.energy_ratio == (4 * 7 + 8000) / 400
    assert row.energy_ratio_events == (4 * 7 + 800) / 400
    assert (sums.samples, sums.ann_right) == (4, 2)


def test_what_is_not_known_is_a_dash():
    sums = Sums([1, 3])
    sums.add(swept(), None)
    free = dataclasses.replace(COSTS, ann_macs=0)
    bare, _ = sums.rows(free, ENERGY, labelled=False, compared=False)
    assert bare.accuracy is bare.agreement is bare.energy_ratio is None
    assert bare.cells()[2:4] == ["-", "-"] and bare.cells()[8:] == ["-", "-"]
    uncounted, _ = sums.rows(None, ENERGY, labelled=False, compared=False)
    assert uncounted.spikes is uncounted.synops is None and uncounted.latency == 1


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


def test_labels_out_of_range():
    check_labels(np.array([0, 2]), 3)
    with pytest.raises(DataError, match=r"label 3 is .*: .* 3 classes, 0 to 2; give"):
        check_labels(np.array([0, 3]), 3)
