"""The search for the cheapest setting within a drop, and what of it is best."""

import dataclasses
import itertools

import numpy as np
import pytest

from tfsnn.analysis.choose.candidates import Candidate
from tfsnn.analysis.choose.choice import Tried, frontier_of
from tfsnn.analysis.choose.losses import Loss, standard_error
from tfsnn.analysis.choose.search import Cheapest
from tfsnn_numpy.defaults import MINIMISED


def tried(
    method="m", steps=1, *, energy=1.0, drop=0.0, latency=None, options=None, limit=0.0
):
    loss = Loss("y", "drop", "agreement", drop, limit, 0.0)
    return Tried(
        *(method, options or {}, "binary", steps, latency or steps),
        *(None, 1 - drop / 100, 0.0, (loss,), 10.0, 10.0, energy),
    )


def test_the_frontier_is_what_none_beats_in_both():
    a = tried("a", 1, energy=0.25, drop=8.0)
    b = tried("b", 2, energy=0.5, drop=8.0)  # dearer than a, and no better
    c = tried("c", 2, energy=0.5, drop=2.0)
    d = tried("d", 4, energy=0.75, drop=3.0)  # worse than c
    e = tried("e", 8, energy=1.0, drop=0.0)
    f = tried("f", 8, energy=1.0, drop=0.0)  # the same as e
    for rows in itertools.permutations([a, b, c, d]):
        assert frontier_of([*rows, e, f], "energy") == (a, c, e)
    assert frontier_of([a, b, c, d], "timesteps") == (a, c)
    late = dataclasses.replace(a, latency=20)
    assert frontier_of([late, c, e], "latency") == (c, e)


def test_settings_without_an_energy_ratio_are_compared_by_operations():
    rows = [tried("a", 1, drop=0.0, energy=None), tried("b", 2, energy=None)]
    rows[0] = dataclasses.replace(rows[0], synops=11.0)
    assert frontier_of(rows, "energy") == (rows[1],)


def test_the_standard_error_is_at_least_that_of_the_differences(rng):
    """Right or wrong, ANN and SNN: the error of the mean difference, by NumPy."""
    for share, n in itertools.product((0.0, 0.02, 0.2, 0.7), (20, 100, 500)):
        ann = rng.random(n) < 0.9
        snn = ann ^ (rng.random(n) < share)
        disagreed = ann != snn  # wrong in two ways is agreement, or not
        drop = 100 * (ann.mean() - snn.mean())
        found = standard_error(drop, 1 - disagreed.mean(), n)
        exact = 100 * np.std(ann.astype(float) - snn) / np.sqrt(n)
        assert exact * (1 - 1e-9) <= found
        assert found <= exact + 100 / n  # one sample more
    assert standard_error(0.0, 1.0, 98) == 100 * np.sqrt(0.01 / 98)


class Judged:
    """A judge by tables: drop and energy, by candidate, T and threshold scale."""

    def __init__(self, drops, energies, latencies, limit):
        self.tables, self.limit = (drops, energies, latencies), limit
        self.tried, self.asked = [], []

    def __call__(self, method, options, steps):
        scale = options.get("threshold_scale", 1.0)
        self.asked.append((method, steps, scale))
        if (method, steps, scale) not in self.tables[0]:
            return None
        drop, energy, latency = (t[method, steps, scale] for t in self.tables)
        row = tried(
            *(method, steps),
            energy=energy,
            drop=drop,
            latency=latency,
            options=options,
            limit=self.limit,
        )
        self.tried.append(row)
        return row


STEPS = (1, 2, 4, 8)


@pytest.mark.parametrize("minimise", MINIMISED)
def test_nothing_cheaper_is_missed(minimise):
    """Against all settings, for tables in which energy and latency grow with T."""
    saved = found_none = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        drops, energies, latencies = {}, {}, {}
        for name in "abcd":
            growing = np.sort(rng.permutation(50)[:4]) / 16
            start = int(rng.integers(0, 5))
            for i, t in enumerate(STEPS):
                key = (name, t, 1.0)
                drops[key] = float(rng.integers(0, 40) / 2**i)
                energies[key], latencies[key] = growing[i], start + t
        judge = Judged(drops, energies, latencies, 2.0)
        search = Cheapest(judge, minimise)
        search.by_steps([Candidate(name, {}) for name in "abcd"], STEPS)
        assert len(set(judge.asked)) == len(judge.asked)
        costs = [
            tried(k[0], k[1], energy=energies[k], latency=latencies[k]).cost(minimise)
            for k, drop in drops.items()
            if drop <= 2
        ]
        if not costs:
            assert search.best is None and len(judge.asked) == 16
            found_none += 1
            continue
        assert search.best.worst.value <= 2
        assert search.best.cost(minimise) == min(costs)
        saved += 16 - len(judge.asked)
    assert saved > 4 * 200 and found_none < 100  # the search is worth its name


def test_a_candidate_stops_at_the_first_steps_that_suffice():
    keys = [("a", t, 1.0) for t in STEPS]
    drops = dict(zip(keys, (9.0, 0.5, 0.0, 0.0), strict=True))
    energies = dict(zip(keys, (0.1, 0.2, 0.3, 0.4), strict=True))
    judge = Judged(drops, energies, {k: k[1] for k in keys}, 0.5)
    search = Cheapest(judge, "energy")
    search.by_steps([Candidate("a", {})], STEPS)
    assert judge.asked == keys[:2] and search.best.timesteps == 2


def test_other_thresholds_are_tried_for_the_best_and_for_one_t_less():
    scales = (0.8, 1.0, 1.25)
    drops = {("a", t, s): 5.0 for t in (1, 2, 4) for s in scales}
    drops |= {("a", 4, 1.0): 1.0, ("a", 2, 0.8): 1.0, ("a", 4, 1.25): 1.0}
    energies = {key: key[1] / key[2] / 16 for key in drops}
    judge = Judged(drops, energies, {key: key[1] for key in drops}, 1.0)
    search = Cheapest(judge, "energy")
    search.by_steps([Candidate("a", {"x": 1})], (1, 2, 4))
    assert search.best.timesteps == 4 and len(judge.asked) == 3
    search.by_thresholds((1, 2, 4))
    assert judge.asked[3:] == [("a", t, s) for t in (4, 2) for s in (0.8, 1.25)]
    # 4 / 1.25 is more than 2 / 0.8.
    assert search.best.timesteps == 2
    assert search.best.options == {"x": 1, "threshold_scale": 0.8}


def test_where_nothing_fits_other_thresholds_are_tried_for_the_closest():
    drops = {("a", 1, 1.0): 5.0, ("a", 2, 1.0): 3.0, ("a", 2, 0.8): 1.0}
    latencies = {key: key[1] for key in drops}
    judge = Judged(drops, dict.fromkeys(drops, 0.5), latencies, 1.0)
    search = Cheapest(judge, "energy")
    search.by_steps([Candidate("a", {})], (1, 2))
    assert search.best is None
    search.by_thresholds((1, 2))
    assert search.best.options == {"threshold_scale": 0.8}
    assert search.best.timesteps == 2
