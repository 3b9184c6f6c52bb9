"""Sums over samples and the rows of a table, against numbers by hand."""

import dataclasses

import numpy as np

from tfsnn_numpy.counts import Structure
from tfsnn_numpy.energy import Energy
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.results import doubling, evaluation_text, table
from tfsnn_numpy.sums import Costs, Sums, batch_result
from tfsnn_numpy.tasks import TASKS, Output

ENERGY = Energy("by hand", mac_picojoules=4.0, ac_picojoules=1.0, source="none")


COSTS = Costs(1, 100, macs=[3, 5, 7], latencies=[1, 3, 5], spiking={"own"})


def swept():
    """One batch of 2 samples, 1 pre-step and 3 steps; each column has its decimal."""
    ones = np.ones((4, 2, 4), np.float32) * [1, 10, 100, 1000]
    outputs = np.float32([[[1, 0], [1, 0]], [[1, 0], [1, 0]], [[1, 0], [0, 1]]])
    # What a pooling passes on are accumulates alone.
    return batch_result([1, 3], [outputs], {"own": ones, "pooling": ones}, COSTS)


def judging(labelled):
    return Judging([TASKS["classification"](Output("y", (2,)))], [labelled])


def test_counts_are_summed_from_the_start_pre_steps_included():
    seen, sums = swept(), Sums([1, 3], judging(True), compared=True)
    of_node = [[4, 40, 400, 4000], [8, 80, 800, 8000]]
    assert {name: x.tolist() for name, x in seen.senders.items()} == {
        "own": of_node,
        "pooling": of_node,
    }
    for _ in range(2):
        sums.add(seen, [np.array([0, 1])], [np.array([[[1.0, 0], [1, 0]]])])
    np.testing.assert_array_equal(
        sums.counts, [[8, 80, 1600, 16000], [16, 160, 3200, 32000]]
    )
    (judged,) = sums.judged()
    _, row = sums.rows(COSTS, ENERGY, [judged])
    assert (row.timesteps, row.latency, row.accuracy, row.agreement) == (3, 5, 1, 0.5)
    assert (row.spikes, row.coefficients) == (4, 40)
    assert (row.synops_events, row.synops) == (800, 8000)
    assert row.energy_ratio == (4 * 7 + 8000) / 400
    assert row.energy_ratio_events == (4 * 7 + 800) / 400
    assert row.score == row.accuracy == judged.figures[1].score
    assert (sums.samples, judged.ann_score) == (4, 0.5)
    assert row.output_error is None  # the ANN's outputs do not vary


def test_sums_of_processes_add_up_where_one_saw_no_samples():
    structure = Structure((), (), [2, 3, 4], [1.0] * 3, {"own": 4, "pooling": 4})
    costs = dataclasses.replace(COSTS, structure=structure)
    seen, empty, whole = (Sums([1, 3], judging(True)) for _ in range(3))
    for sums in (seen, empty, whole):
        sums.expect(costs)
    seen.add(swept(), [np.array([0, 1])])
    whole.set(seen.vector() + empty.vector())
    assert whole.samples == 2 and (whole.counts == seen.counts).all()
    assert whole.senders.keys() == {"own", "pooling"}
    for node, sums in seen.senders.items():
        np.testing.assert_array_equal(whole.senders[node], sums)


def test_what_is_not_known_is_a_dash():
    sums = Sums([1, 3], judging(False))
    sums.add(swept(), [None])
    free, judged = dataclasses.replace(COSTS, ann_macs=0), sums.judged()
    rows = sums.rows(free, ENERGY, judged)
    bare = rows[0]
    assert bare.accuracy is bare.agreement is bare.energy_ratio is None
    lines = evaluation_text(4, judged, rows, ENERGY)
    assert lines[0].split()[:3] == ["timesteps", "latency", "spikes"]
    assert lines[2].split()[-2:] == ["-", "-"]
    uncounted, _ = sums.rows(None, ENERGY, judged)
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
