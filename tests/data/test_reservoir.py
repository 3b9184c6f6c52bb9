"""Samples of a stream."""

import numpy as np

from tfsnn.data.reservoir import Reservoir


def test_a_sample_of_a_stream_is_as_likely_from_anywhere():
    """Each of 60 is held in about a third of 300 draws; batches change nothing."""
    held = np.zeros(60)
    for seed in range(300):
        reservoir = Reservoir(20, seed)
        for start in (0, 7, 40):
            stop = {0: 7, 7: 40, 40: 60}[start]
            feed = {"x": np.arange(start, stop), "y": -np.arange(start, stop)}
            assert reservoir.pass_on(feed) is feed
        drawn = reservoir.samples()
        assert (drawn["x"] == -drawn["y"]).all()  # inputs stay together
        assert len(set(drawn["x"])) == 20
        held[drawn["x"]] += 1
    # Five standard deviations of a binomial of 300 draws.
    assert np.abs(held - 100).max() < 5 * np.sqrt(300 * (1 / 3) * (2 / 3))


def test_a_reservoir_holds_what_there_is_and_nothing_if_it_is_to():
    few, none = Reservoir(5, 0), Reservoir(0, 0)
    for reservoir in (few, none):
        reservoir.pass_on({"x": np.arange(3)})
    assert few.samples()["x"].tolist() == [0, 1, 2] and none.samples() == {}


def test_a_smaller_sample_is_part_of_a_larger_one():
    sizes = (3, 10, 40, 60)
    drawn = {size: Reservoir(size, 4) for size in sizes}
    for start in range(0, 50, 8):
        for reservoir in drawn.values():
            reservoir.pass_on({"x": np.arange(start, min(start + 8, 50))})
    held = {size: drawn[size].samples()["x"].tolist() for size in sizes}
    assert held[60] == list(range(50)) and held[40] == sorted(held[40])
    for large in sizes:
        for small in sizes:
            expected = held[min(small, large)]
            assert drawn[large].samples(small)["x"].tolist() == expected
    assert held[3] != held[10][:3] != list(range(3))


def test_a_sample_does_not_hold_its_batch():
    batch = np.zeros((8, 2))
    reservoir = Reservoir(1, 0)
    reservoir.pass_on({"x": batch})
    batch += 1
    assert (reservoir.samples()["x"] == 0).all()
