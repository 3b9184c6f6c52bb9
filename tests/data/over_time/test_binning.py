"""Events counted in frames: equal to a slow count, whatever their times and steps."""

from fractions import Fraction

import numpy as np
import pytest
from event_samples import SENSOR, by_time, counted, recording
from hypothesis import given, settings
from hypothesis import strategies as st

from tfsnn.data.over_time import binning
from tfsnn.data.over_time.recordings import frames_of
from tfsnn.data.over_time.settings import OverTime
from tfsnn.errors import DataError

SHAPES = [(*SENSOR, 2), (*SENSOR, 1), SENSOR]


@pytest.mark.parametrize("shape", SHAPES)
def test_by_time_equals_a_slow_count(shape):
    fields = recording(0)
    found = frames_of(fields, shape, OverTime(step_ms=3), "it")
    np.testing.assert_array_equal(found, by_time(fields, shape, Fraction(3000)))
    assert found.dtype == np.float32 and found.sum() == len(fields["t"])


@pytest.mark.parametrize("shape", SHAPES)
def test_by_number_equals_a_slow_count(shape):
    fields = recording(1, 65)
    found = frames_of(fields, shape, OverTime(events_per_frame=8), "it")
    slow = counted(fields, shape, lambda i, _: i // 8)
    np.testing.assert_array_equal(found, slow[:8])  # one event is left over
    assert (found.sum(axis=tuple(range(1, found.ndim))) == 8).all()


@settings(max_examples=150, deadline=None)
@given(
    times=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=30),
    near=st.booleans(),
    step=st.sampled_from([0.001, 0.3, 1.0, 0.0025, 7.77, 1e9]),
    kind=st.sampled_from(["<i8", ">i8"]),
    frames=st.none() | st.integers(1, 6),
)
def test_integer_times_are_told_apart_exactly(times, near, step, kind, frames):
    t = np.sort(np.array([n % 5000 if near else n for n in times], kind))
    x = np.arange(len(t)) % 3
    fields = {"t": t, "x": x}
    unit = Fraction(str(step)) * 1000
    slow = [int((Fraction(int(n)) - int(t[0])) // unit) for n in t]
    asked = OverTime(step_ms=step, frames=frames)
    wanted = max(slow) + 1 if frames is None else frames
    if wanted > 2**20 or max(slow) + 1 < wanted:
        with pytest.raises(DataError, match=r"2\^20|1,048,576|shorter than"):
            frames_of(fields, (3,), asked, "it")
        return
    expected = np.zeros((wanted, 3), np.float32)
    for frame, place in zip(slow, x, strict=True):
        if frame < wanted:
            expected[frame, place] += 1
    np.testing.assert_array_equal(frames_of(fields, (3,), asked, "it"), expected)


@settings(max_examples=100, deadline=None)
@given(
    ticks=st.lists(st.integers(0, 400), min_size=1, max_size=20),
    first=st.integers(0, 1000),
    kind=st.sampled_from(["<f4", "<f8", ">f8"]),
)
def test_decimal_times_fall_into_the_frames_of_their_decimals(ticks, first, kind):
    """0.3 s is not below 3 x 0.1 s, though the nearest float is."""
    ticks = np.sort([0, *ticks]) + first
    t = (ticks / 1000).astype(kind)
    fields = {"t": t, "x": np.zeros(len(t), int)}
    asked = OverTime(step_ms=7, time_unit="s")
    slow = np.bincount((ticks - first) // 7)
    found = frames_of(fields, (1,), asked, "it")
    np.testing.assert_array_equal(found[:, 0], slow)


@pytest.mark.parametrize("unit, factor", [("ns", 1e6), ("us", 1e3), ("ms", 1)])
def test_units_of_time(unit, factor):
    t = (np.array([0, 4, 5, 11]) * factor).astype(np.int64)
    fields = {"t": t + 17, "x": np.zeros(4, int)}
    found = frames_of(fields, (1,), OverTime(step_ms=5, time_unit=unit), "it")
    assert found[:, 0].tolist() == [2, 1, 1]


def test_pixels_of_a_larger_sensor_share_those_of_the_input():
    fields = recording(2, 200, (8, 15))
    asked = OverTime(step_ms=50, sensor=(8, 15))
    found = frames_of(fields, (*SENSOR, 2), asked, "it")
    small = {**fields, "x": fields["x"] // 3, "y": fields["y"] // 2}
    slow = by_time(small, (*SENSOR, 2), Fraction(50_000))
    np.testing.assert_array_equal(found, slow)


@pytest.mark.parametrize("p", [[0, 1, 1], [-1, 1, 1], [False, True, True]])
def test_polarities(p):
    fields = {"t": np.arange(3), "x": np.array([0, 0, 1]), "p": np.array(p)}
    found = frames_of(fields, (2, 2), OverTime(events_per_frame=3), "it")
    assert found.tolist() == [[[1, 1], [0, 1]]]
    alone = frames_of(fields, (2,), OverTime(events_per_frame=3), "it")
    assert alone.tolist() == [[2, 1]]


def test_many_frames_are_counted_in_blocks(monkeypatch):
    fields = recording(3, 300)
    asked = OverTime(events_per_frame=7)
    whole = frames_of(fields, (*SENSOR, 2), asked, "it")
    monkeypatch.setattr(binning, "AT_ONCE", 100)
    np.testing.assert_array_equal(frames_of(fields, (*SENSOR, 2), asked, "it"), whole)


def test_frames_that_no_memory_holds_are_not_made():
    fields = {"t": np.array([0, 2**62]), "x": np.zeros(2, int)}
    for shape, step in (((1,), 1e-3), ((1,), 1e9), ((10**6,), 1e12)):
        with pytest.raises(DataError, match=r"would be [0-9]+ frames"):
            frames_of(fields, shape, OverTime(step_ms=step), "it")
    late = {"t": np.array([1e15, 1e15]), "x": np.zeros(2, int)}
    with pytest.raises(DataError, match=r"tells times apart by 0\.125"):
        frames_of(late, (1,), OverTime(step_ms=1e-9), "it")
    last = {"t": np.array([0, 1.7e308]), "x": np.zeros(2, int)}
    found = frames_of(last, (1,), OverTime(step_ms=1.6e308, time_unit="ms"), "it")
    assert found[:, 0].tolist() == [1, 1]
