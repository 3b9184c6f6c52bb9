"""Samples that are held out: which, and that they are the same for a seed."""

import numpy as np
import pytest
from samples import collect

from tfsnn.data import open_data
from tfsnn.data.holdout import hold_out


@pytest.mark.parametrize(
    ("count", "limit", "held"),
    [(40, None, 20), (41, None, 20), (100, None, 25), (100, 30, 15)],
)
def test_samples_are_held_out(count, limit, held):
    """Each sample is in one of two parts, with its label, and only one."""
    x = np.arange(count, dtype=np.uint8)[:, None]
    data = open_data((x, np.arange(count)), (1,), limit=limit)
    rest, out = hold_out(data, 25, least=20, seed=1)
    assert out.size == held and rest.size == (limit or count) - held
    found = []
    for part in (rest, out):
        values, y = collect(part)
        assert len(y) == part.size
        assert (values[:, 0] == np.float32(1 / 255) * y.astype(np.float32)).all()
        found += y.tolist()
    assert sorted(found) == list(range(limit or count))
    again, other = (hold_out(data, 25, least=20, seed=s)[1] for s in (1, 2))
    assert (collect(again)[1] == collect(out)[1]).all()
    assert collect(other)[1].tolist() != collect(out)[1].tolist()


def test_several_inputs_stay_together_when_held_out():
    x = {"a": np.arange(30.0)[:, None], "b": -np.arange(30.0)[:, None]}
    data = open_data(x, {"a": (1,), "b": (1,)})
    for part in hold_out(data, 500, least=20, seed=0):
        ((values, y),) = part.batches(30)
        assert (values["a"] == -values["b"]).all() and y is None
        assert len(values["a"]) == 15


def test_sequences_stay_sequences():
    data = open_data(np.ones((30, 4, 2)), (2,), over_time=True)
    for part in hold_out(data, 500, least=20, seed=0):
        assert part.over_time and part.input_shape == (4, 2)
