"""Sequences of frames: arrays, datasets, folders of frames and animated GIFs."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageSequence
from samples import SHAPE, collect, npz
from tfrecord_files import example, of_bytes, write

from tfsnn.data import OverTime, open_data
from tfsnn.data.over_time.gif import gif_structure
from tfsnn.errors import DataError, OptionError

FRAMES = np.random.default_rng(0).integers(0, 256, (6, 5, *SHAPE), dtype=np.uint8)
SCALED = FRAMES.astype(np.float32) * np.float32(1 / 255)
CLASSES = np.arange(6) % 3
INPUTS = {"a": (2,), "b": (3,)}


def png(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tf.io.encode_png(image).numpy())


def gif(frames, **options):
    """The bytes of a GIF as Pillow writes it: only what changes, by default."""
    images = [Image.fromarray(frame) for frame in frames]
    into = io.BytesIO()
    images[0].save(into, "GIF", save_all=True, append_images=images[1:], **options)
    return into.getvalue()


def moving(count=5):
    """A square that moves over a grey ground: few colours, as a GIF can hold."""
    frames = np.full((count, 12, 16), 30, np.uint8)
    for k in range(count):
        frames[k, 2 + k : 5 + k, 3 + k : 7 + k] = 200 - 10 * k
    return frames


def folder(tmp_path):
    """Sequences 0 to 5 of FRAMES: classes a (0, 1, 2) and b (3, 4, 5)."""
    for i, sequence in enumerate(FRAMES):
        for k, frame in enumerate(sequence):
            png(tmp_path / "ab"[i // 3] / f"s{i}" / f"{7 + k}.png", frame)
    return tmp_path


def sources(tmp_path):
    pairs = tf.data.Dataset.from_tensor_slices((FRAMES, CLASSES))
    free = tf.TensorSpec((None, None, *SHAPE), tf.uint8)
    labels = tf.TensorSpec((None,), tf.int64)
    return {
        "npz": npz(tmp_path / "a.npz", x=FRAMES, y=CLASSES),
        "fortran": npz(tmp_path / "f.npz", x=np.asfortranarray(FRAMES), y=CLASSES),
        "arrays": (FRAMES, CLASSES),
        "dataset": pairs.batch(4),
        "free dataset": tf.data.Dataset.from_generator(
            lambda: iter([(FRAMES[:2], CLASSES[:2]), (FRAMES[2:], CLASSES[2:])]),
            output_signature=(free, labels),
        ),
        "data": open_data((FRAMES, CLASSES), SHAPE, over_time=OverTime(frames=3)),
    }


FORMS = ["npz", "fortran", "arrays", "dataset", "free dataset", "data"]


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_agree(tmp_path, form):
    spec = sources(tmp_path)[form]
    data = open_data(spec, SHAPE, over_time=OverTime(frames=3), labels=True)
    assert data.over_time and data.input_shape == (3, *SHAPE) and data.frames == 3
    for batch_size in (4, 6):
        x, y = collect(data, batch_size)
        np.testing.assert_array_equal(x, SCALED[:, :3])
        assert y.tolist() == CLASSES.tolist()
    again = open_data(data, SHAPE, over_time=True, limit=2)
    np.testing.assert_array_equal(collect(again)[0], SCALED[:2, :3])


@pytest.mark.parametrize("form", FORMS[:4])
def test_all_frames_are_read_if_no_number_is_asked_for(tmp_path, form):
    x, _ = collect(open_data(sources(tmp_path)[form], SHAPE, raw=True, over_time=True))
    np.testing.assert_array_equal(x, FRAMES)


@pytest.mark.parametrize("form", FORMS[:5])
def test_sequences_shorter_than_asked_for(tmp_path, form):
    with pytest.raises(DataError, match=r"sequence.*shorter than the 6"):
        spec = sources(tmp_path)[form]
        collect(open_data(spec, SHAPE, over_time=OverTime(frames=6)))


def test_a_number_that_nothing_states(tmp_path):
    for form in ("free dataset", "a.tfrecord", "tfds:moving_mnist"):
        spec = sources(tmp_path).get(form, form)
        with pytest.raises(OptionError, match="how many frames"):
            open_data(spec, SHAPE, over_time=True)


def test_records(tmp_path):
    records = [example(**{"image/encoded": of_bytes(s.tobytes())}) for s in FRAMES]
    path = write(tmp_path / "a.tfrecord", records)
    x, _ = collect(open_data(path, SHAPE, over_time=OverTime(frames=5)))
    np.testing.assert_array_equal(x, SCALED)


def test_several_inputs(tmp_path):
    x = {"a": np.zeros((4, 3, 2)), "b": np.ones((4, 3, 3))}
    for spec in (x, npz(tmp_path / "a.npz", **x)):
        data = open_data(spec, INPUTS, over_time=OverTime(frames=2))
        assert data.input_shape == {"a": (2, 2), "b": (2, 3)}
        (found, _), *_ = data.batches(4)
        assert found["b"].shape == (4, 2, 3) and found["b"].sum() == 24
    x["b"] = x["b"][:, :1]
    with pytest.raises(DataError, match=r"number of frames \(a 3, b 1\)"):
        open_data(x, INPUTS, over_time=True)
    swapped = {"b": (3,), "a": (2,)}
    assert list(open_data(data, swapped, over_time=True).inputs) == ["b", "a"]


def test_arrays_that_hold_no_sequences(tmp_path):
    for x in (FRAMES[:, 0], FRAMES[:, :0], np.zeros(3), FRAMES[..., :2]):
        for spec in (x, npz(tmp_path / "a.npz", x=x)):
            with pytest.raises(DataError, match=r"takes \(N, F, 4, 4, 3\)"):
                open_data(spec, SHAPE, over_time=True)
    grey = open_data(FRAMES[..., 0], (4, 4, 1), over_time=True)
    np.testing.assert_array_equal(collect(grey)[0], SCALED[..., :1])


def test_data_that_was_opened_otherwise():
    sequences = open_data(FRAMES, SHAPE, over_time=True)
    with pytest.raises(DataError, match="opened for sequences of inputs of shape"):
        open_data(sequences, SHAPE)
    with pytest.raises(DataError, match="opened for single samples"):
        open_data(open_data(FRAMES[0], SHAPE), SHAPE, over_time=True)
    assert open_data(sequences, (5, *SHAPE)).size == 6  # the input of another model
    assert sequences.frames == 5 and open_data(FRAMES[0], SHAPE).frames is None


def test_what_is_not_finite_is_named_by_its_frame():
    x = np.zeros((3, 6000, 2), np.float32)
    x[1, 5000, 1] = np.nan
    data = open_data(x, (2,), over_time=True)
    with pytest.raises(DataError, match=r"NaN or Inf .*in frame 5000 of sample 1,"):
        collect(data, 2)
    with pytest.raises(DataError, match=r"NaN or Inf .*in sample 1,"):
        collect(open_data(x, (6000, 2)), 2)


@pytest.mark.parametrize("raw", [True, False])
def test_folders_of_frames(tmp_path, raw):
    data = open_data(folder(tmp_path), SHAPE, raw=raw, over_time=True, labels=True)
    x, y = collect(data)
    order = [0, 3, 1, 4, 2, 5]  # the classes take turns; frame 10 comes after 9
    np.testing.assert_array_equal(x, (FRAMES if raw else SCALED)[order])
    assert y.tolist() == [0, 1] * 3 and data.size == 6
    data = open_data(tmp_path, (2, 2, 1), over_time=OverTime(frames=2))
    assert collect(data)[0].shape == (6, 2, 2, 2, 1)


def test_frames_of_another_size_half_way(tmp_path):
    png(folder(tmp_path) / "b" / "s4" / "10.png", np.zeros((4, 5, 3), np.uint8))
    with pytest.raises(DataError, match=r"s4/10\.png is 5 x 4 .* before it 4 x 4"):
        collect(open_data(tmp_path, SHAPE, over_time=True))
    x, _ = collect(open_data(tmp_path, SHAPE, over_time=OverTime(frames=3)))
    np.testing.assert_array_equal(x[3], SCALED[4, :3])


def test_folders_of_several_lengths(tmp_path):
    (folder(tmp_path) / "b" / "s4" / "11.png").unlink()
    with pytest.raises(DataError, match=r"b/s4 has 4 frames, .*shorter than the 5"):
        collect(open_data(tmp_path, SHAPE, over_time=True))
    png(tmp_path / "b" / "s4" / "11.png", FRAMES[0, 0])
    png(tmp_path / "b" / "s4" / "12.png", FRAMES[0, 0])
    with pytest.raises(DataError, match=r"b/s4 has 6 frames, the first sequence has 5"):
        collect(open_data(tmp_path, SHAPE, over_time=True))


def test_folders_that_hold_no_sequences(tmp_path):
    with pytest.raises(DataError, match="no class subfolders"):
        open_data(tmp_path, SHAPE, over_time=True)
    png(tmp_path / "a" / "1.png", FRAMES[0, 0])
    with pytest.raises(DataError, match="no sequences in its class subfolders"):
        open_data(tmp_path, SHAPE, over_time=True)
    (tmp_path / "a" / "empty").mkdir()
    with pytest.raises(DataError, match="a/empty has 0 frames, a sequence shorter"):
        open_data(tmp_path, SHAPE, over_time=True)
    np.savez(tmp_path / "a" / "x.npz", t=[1])
    with pytest.raises(DataError, match=r"both frames and events .*x\.npz"):
        open_data(tmp_path, SHAPE, over_time=True)


def test_damaged_frames_are_named(tmp_path):
    (folder(tmp_path) / "a" / "s1" / "9.png").write_bytes(b"\x89PNG\r\n\x1a\nxx")
    with pytest.raises(DataError, match=r"The frame .*s1/9\.png cannot be read"):
        collect(open_data(tmp_path, SHAPE, over_time=True))


@pytest.mark.parametrize("options", [{}, {"disposal": 1}, {"optimize": False}])
@pytest.mark.parametrize("channels", [1, 3])
def test_animated_gifs(tmp_path, options, channels):
    (tmp_path / "a").mkdir()
    stored = gif(moving(), **options)
    (tmp_path / "a" / "0.gif").write_bytes(stored)
    assert gif_structure(stored) == (5, False)
    with Image.open(io.BytesIO(stored)) as image:
        by_pillow = [
            np.asarray(i.convert("RGB")) for i in ImageSequence.Iterator(image)
        ]
    data = open_data(tmp_path, (12, 16, channels), raw=True, over_time=True)
    x, _ = collect(data)
    np.testing.assert_array_equal(x[0], np.repeat(moving()[..., None], channels, -1))
    np.testing.assert_array_equal(x[0, ..., :1], np.array(by_pillow)[..., :1])
    some = OverTime(frames=2)
    x, _ = collect(open_data(tmp_path, (12, 16, channels), over_time=some))
    np.testing.assert_allclose(x[0, ..., 0], moving()[:2] / 255, rtol=1e-6)


def test_gifs_that_are_not_computed_or_damaged(tmp_path):
    (tmp_path / "a").mkdir()
    stored = gif(moving(), duration=100)
    control = bytes((0x21, 0xF9, 4))
    restoring = bytearray(stored)
    for at in range(len(stored)):
        if stored[at : at + 3] == control:
            restoring[at + 3] = 2 << 2
    big = bytearray(stored)
    big[6:10] = b"\xff\xff\xff\xff"
    for wrong, match in (
        (restoring, "brings back its background"),
        (big, "would be 5 frames of shape .65535, 65535, 3."),
        (stored[:-60], r"0\.gif (has [0-4] frames, a sequence shorter|cannot be read)"),
        (b"GIF89a", "has 0 frames"),
    ):
        (tmp_path / "a" / "0.gif").write_bytes(wrong)
        with pytest.raises(DataError, match=match):
            asked = OverTime(frames=5)
            collect(open_data(tmp_path, (12, 16, 1), over_time=asked))
    for end in range(len(stored)):
        assert gif_structure(stored[:end]).frames <= 5


@pytest.mark.parametrize(
    "wrong, match",
    [
        ({"frames": 0}, "frames=0"),
        ({"events_per_frame": 1.5}, "events_per_frame=1.5"),
        ({"step_ms": 0}, "step_ms=0"),
        ({"step_ms": float("nan")}, "step_ms=nan"),
        ({"step_ms": "5"}, "step_ms='5'"),
        ({"step_ms": 1, "events_per_frame": 3}, "give one of them"),
        ({"sensor": (3,)}, r"sensor=\(3,\)"),
        ({"sensor": (3, 0)}, "sensor=0"),
        ({"sensor": (2**20, 2**20)}, "more than 134,217,728 pixels"),
        ({"time_unit": "m"}, "unknown time_unit: 'm'"),
    ],
)
def test_impossible_settings(wrong, match):
    with pytest.raises(OptionError, match=match):
        OverTime(**wrong)


def test_settings_of_events_for_frames(tmp_path):
    for spec in (FRAMES, folder(tmp_path)):
        with pytest.raises(OptionError, match="holds frames, for which step_ms"):
            open_data(spec, SHAPE, over_time=OverTime(step_ms=5))
    with pytest.raises(OptionError, match="over_time=3 must be"):
        open_data(FRAMES, SHAPE, over_time=3)
