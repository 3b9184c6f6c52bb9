"""Files of events, and what is refused in them, each named."""

from fractions import Fraction

import numpy as np
import pytest
from event_samples import SENSOR, by_time, recording, structured
from samples import collect, npz

from tfsnn.data import OverTime, open_data
from tfsnn.errors import DataError, OptionError

SHAPE = (*SENSOR, 2)
STEP = OverTime(step_ms=10, frames=3)


def slow(seed, **more):
    return by_time(recording(seed, **more), SHAPE, Fraction(10_000))[:3]


def refused(path, match, kind=DataError, shape=SHAPE, **asked):
    with pytest.raises(kind, match=match):
        collect(open_data(path, shape, over_time=OverTime(**asked or {"step_ms": 10})))


def changed(path, **fields):
    return npz(path / "a.npz", **{**recording(0), **fields})


def test_one_file_of_one_recording(tmp_path):
    plain = npz(tmp_path / "a.npz", **recording(0))
    one = npz(tmp_path / "b.npz", True, events=structured(recording(0)))
    for path in (plain, str(one)):
        data = open_data(path, SHAPE, over_time=OverTime(step_ms=10))
        assert data.over_time and data.input_shape == (4, *SHAPE) and data.size == 1
        x, y = collect(data)
        expected = by_time(recording(0), SHAPE, Fraction(10_000))
        np.testing.assert_array_equal(x, expected[None])
        assert y is None


@pytest.mark.parametrize("form", ["arrays", "structured"])
def test_one_file_of_several_recordings(tmp_path, form):
    parts = [recording(seed, 50 + seed) for seed in range(5)]
    whole = {key: np.concatenate([p[key] for p in parts]) for key in parts[0]}
    stored = whole if form == "arrays" else {"events": structured(whole)}
    more = {"offsets": np.cumsum([0, *range(50, 55)]), "labels": np.arange(5) % 2}
    path = npz(tmp_path / "a.npz", form == "arrays", **stored, **more)
    data = open_data(path, SHAPE, over_time=STEP, labels=True)
    expected = [slow(seed, count=50 + seed) for seed in range(5)]
    for batch_size in (2, 5):
        x, y = collect(data, batch_size)
        np.testing.assert_array_equal(x, expected)
        assert y.tolist() == [0, 1, 0, 1, 0]
    x, y = collect(data.part(3, 5))
    np.testing.assert_array_equal(x, expected[3:])
    assert y.tolist() == [1, 0] and data.size == 5
    assert len(collect(open_data(path, SHAPE, over_time=STEP, limit=2))[0]) == 2


def test_a_folder_of_classes(tmp_path):
    for seed, name in enumerate(("b/1", "a/1", "a/2")):
        path = tmp_path / f"{name}.npz"
        path.parent.mkdir(exist_ok=True)
        np.savez(path, **recording(seed))
    data = open_data(tmp_path, SHAPE, over_time=STEP, labels=True)
    x, y = collect(data, 2)
    np.testing.assert_array_equal(x, [slow(1), slow(0), slow(2)])  # they take turns
    assert y.tolist() == [0, 1, 0] and data.bytes_seen == set()


def test_a_line_of_sensors_without_rows(tmp_path):
    path = npz(tmp_path / "a.npz", t=[0, 1, 9, 12], x=[2, 2, 0, 1])
    for shape in ((3,), (3, 1)):
        x, _ = collect(open_data(path, shape, over_time=OverTime(step_ms=0.01)))
        assert x.reshape(2, 3).tolist() == [[1, 0, 2], [0, 1, 0]]


def test_sequences_of_several_lengths(tmp_path):
    (tmp_path / "a").mkdir()
    for name, end in (("1", 29), ("2", 39)):
        t = np.array([0, end]) * 1000
        np.savez(tmp_path / "a" / f"{name}.npz", t=t, x=[0, 0], y=[1, 1], p=[1, 1])
    refused(tmp_path, r"a/2\.npz has 4 frames, the first sequence has 3")
    match = r"1\.npz has 3 frames, a sequence shorter than the 4 asked for"
    refused(tmp_path, match, step_ms=10, frames=4)
    x, _ = collect(open_data(tmp_path, SHAPE, over_time=STEP))
    assert x[:, :, 1, 0, 1].tolist() == [[1, 0, 1], [1, 0, 0]]
    match = "has 0 frames, a sequence shorter than the 1 asked for"
    refused(tmp_path, match, events_per_frame=3)


@pytest.mark.parametrize("name, wrong", [("x", 5), ("y", 4), ("x", -1), ("y", 65535)])
def test_events_outside_the_sensor(tmp_path, name, wrong):
    kind = np.int16 if wrong < 0 else np.uint16
    values = recording(0)[name].astype(kind)
    values[7] = wrong
    path = changed(tmp_path, **{name: values})
    where = rf"event 7, counted from 0, of .*a\.npz is at {name} = {wrong}, outside"
    refused(path, where)


def test_times_that_go_back_or_are_none(tmp_path):
    t = recording(0)["t"]
    back = t.copy()
    back[9] = back[8] - 1
    refused(changed(tmp_path, t=back), f"back in time in event 9.*from {t[8]} to")
    back = back.astype(np.uint64)
    refused(changed(tmp_path, t=back), f"back in time in event 9.*from {t[8]} to")
    for none in (np.nan, np.inf):
        wrong = t.astype(float)
        wrong[4] = none
        refused(changed(tmp_path, t=wrong), rf"is {none} in event 4")


@pytest.mark.parametrize(
    "fields, match",
    [
        ({"t": np.zeros((60, 1))}, "holds no events but"),
        ({"t": np.arange(59)}, "holds no events but"),
        ({"x": np.zeros(60)}, "x of .* type float64"),
        ({"t": np.arange(60) * 1j}, "t of .* type complex128"),
        ({"t": np.arange(60).astype(np.longdouble)}, "t of .* type"),
        ({"p": np.array(["a"] * 60)}, "p of .* type <U1"),
        ({"p": np.arange(60)}, "p of .* from 0 to 59, no polarities"),
        ({"p": np.array([-1, 0, 1] * 20)}, "p of .* from -1 to 1, no polarities"),
        ({"p": np.array([None] * 60)}, "p is an array of Python objects"),
        ({"offsets": np.array([0, 30])}, "offsets of .* do not fit its 60 events"),
        ({"offsets": np.array([0, 40, 30, 60])}, "offsets of .* do not fit"),
        ({"offsets": np.array([60])}, "offsets of .* do not fit"),
        ({"offsets": np.array(60)}, r"offsets of .* is of shape \(\)"),
        ({"offsets": np.array([0.0, 60.0])}, "offsets of .* do not fit"),
        ({"offsets": np.array([0, 30, 30, 60])}, "recording 1 of .* holds no events"),
        ({"labels": np.arange(2)}, r"labels of .* is of shape \(2,\)"),
    ],
)
def test_arrays_that_are_no_events(tmp_path, fields, match):
    refused(changed(tmp_path, **fields), match)


def test_empty_recordings(tmp_path):
    empty = {key: values[:0] for key, values in recording(0).items()}
    refused(npz(tmp_path / "a.npz", **empty), r"a\.npz holds no events")
    refused(npz(tmp_path / "a.npz", events=np.zeros(3)), "has no t and no x")


def test_a_recording_that_no_memory_holds(tmp_path, monkeypatch):
    from tfsnn.data.over_time import events

    monkeypatch.setattr(events, "MOST_EVENTS", 59)
    refused(changed(tmp_path), "holds 60 events, more than 59")


def test_inputs_that_are_not_for_events(tmp_path):
    path = changed(tmp_path)
    for shape in ((3,), (*SENSOR, 3), (1, *SENSOR, 2)):
        refused(path, "counted in .height, width, 1 or 2", shape=shape)
    refused(npz(tmp_path / "b.npz", t=[1], x=[1], y=[1]), "has no p")
    refused(npz(tmp_path / "b.npz", t=[1], y=[1], p=[1]), "has no x")
    refused(
        path, r"sensor=\(6, 5\) is no multiple", OptionError, step_ms=1, sensor=(6, 5)
    )
    refused(path, "several ways to make frames", OptionError, frames=3)
    with pytest.raises(DataError, match="gives one input"):
        open_data(path, {"a": SHAPE, "b": SHAPE}, over_time=STEP)


def test_several_recordings_in_a_file_of_a_class(tmp_path):
    (tmp_path / "a").mkdir()
    changed(tmp_path / "a", offsets=np.array([0, 20, 60]))
    refused(tmp_path, r"a/a\.npz holds 2 recordings")


def test_events_where_single_samples_are_read(tmp_path):
    for path in (
        changed(tmp_path),
        npz(tmp_path / "b.npz", events=structured(recording(0))),
    ):
        with pytest.raises(OptionError, match="npz holds recordings of events"):
            open_data(path, SHAPE)


def test_frames_beside_their_times_are_frames(tmp_path):
    path = npz(tmp_path / "a.npz", x=np.ones((2, 3, *SHAPE)), t=np.arange(3))
    assert open_data(path, SHAPE, over_time=True).input_shape == (3, *SHAPE)
    assert open_data(path, (3, *SHAPE)).size == 2
