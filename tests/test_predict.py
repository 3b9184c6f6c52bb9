"""Predictions of files: what is in the shards, and that nothing is lost or doubled."""

import errno
import json
import os
import signal
import threading
import time
import tracemalloc

import keras
import models
import numpy as np
import predicting
import pytest
import tensorflow as tf
from keras import layers
from samples import CLASSES, PIXELS, SCALED, SHAPE
from test_data_tfrecord import places, records, write

import tfsnn
from tfsnn.bulk.prefetch import prefetched
from tfsnn.errors import DataError, ModelError, OptionError, OutputError

SIZES = {"batch_size": 4, "shard_size": 6}
LABELS = {"label_key": "image/class/label"}


@pytest.fixture(scope="module", autouse=True)
def _server():
    predicting.get_ready()


@pytest.fixture(scope="module")
def ann():
    net = [
        keras.Input(SHAPE),
        layers.Conv2D(3, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(3),
    ]
    return models.dyadic(keras.Sequential(net))


@pytest.fixture(scope="module")
def snn(ann):
    return tfsnn.convert(ann, SCALED, timesteps=3)


@pytest.fixture
def data(tmp_path):
    """Ten samples three times: as records, as npz, as a folder of images by class."""
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / "a.tfrecord", records())
    np.savez(folder / "b.npz", x=PIXELS, y=CLASSES)
    for i, label in enumerate(CLASSES):
        place = folder / "c" / str(label)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i}.png").write_bytes(tf.io.encode_png(PIXELS[i]).numpy())
    return folder


def joined(output):
    """The columns of all shards, and the manifest."""
    shards = sorted(output.glob("shard-*.npz"))
    columns = {}
    for path in shards:
        with np.load(path) as stored:
            for key in stored:
                columns.setdefault(key, []).append(stored[key])
    manifest = json.loads((output / "manifest.json").read_text())
    return {key: np.concatenate(parts) for key, parts in columns.items()}, manifest


def contents(output):
    """Every file in the folder, by name."""
    return {path.name: path.read_bytes() for path in output.iterdir()}


ORDER = [*range(10), *range(10), 0, 3, 6, 9, 1, 4, 7, 2, 5, 8]  # images class by class
IDS = [
    *(f"a.tfrecord#{i}" for i in range(10)),
    *(f"b.npz#{i}" for i in range(10)),
    *(f"c/{i % 3}/{i}.png" for i in ORDER[20:]),
]


@pytest.mark.parametrize(("batch_size", "shard_size"), [(64, 4096), (4, 7), (7, 3)])
def test_the_shards_hold_every_sample_once(snn, data, tmp_path, batch_size, shard_size):
    output = tmp_path / "results" / "new"
    found = tfsnn.predict_files(
        snn,
        f"{data}/*",
        output,
        batch_size=batch_size,
        shard_size=shard_size,
        **LABELS,
    )
    columns, manifest = joined(output)
    # Dyadic weights would make sums exact, but calibration scales them.
    expected = snn.run(SCALED[ORDER]).outputs[0].numpy()
    np.testing.assert_allclose(columns["outputs"], expected, atol=1e-5)
    np.testing.assert_array_equal(columns["top"], columns["outputs"].argmax(1))
    assert columns["index"].tolist() == list(range(30))
    assert columns["id"].tolist() == IDS
    assert columns["label"].tolist() == CLASSES[ORDER].tolist()
    assert columns["steps"].tolist() == [3] * 30
    types = {key: values.dtype.str for key, values in columns.items()}
    assert types.pop("id").startswith("<U")
    assert types == {
        **{"outputs": "<f4", "top": "<i4", "steps": "<i4"},
        **{"index": "<i8", "label": "<i8"},
    }
    shards = -(-30 // shard_size)
    assert found.shards == shards == len(list(output.glob("shard-*.npz")))
    assert found.samples == 30 and found.shards_missing == 0
    assert found.images_per_second == pytest.approx(30 / found.seconds)
    accuracy = (columns["top"] == columns["label"]).mean()
    assert found.totals == manifest["totals"]
    assert found.totals == {
        **{"samples": 30, "shards": shards},
        **{"mean_steps": 3, "accuracy": accuracy},
    }
    entries = [(e["name"], e["kind"], e["samples"]) for e in manifest["data"]]
    assert entries == [
        *(("a.tfrecord", "tfrecord", 10), ("b.npz", "npz", 10)),
        *(("c/0", "images", 4), ("c/1", "images", 3), ("c/2", "images", 3)),
    ]
    assert manifest["data"][1]["bytes"] == (data / "b.npz").stat().st_size
    assert str(found).splitlines() == [
        f"30 samples in {found.seconds:.1f} s, {found.images_per_second:,.1f} "
        f"images/s; {shards} shards written to {output}",
        f"complete: 30 samples in {shards} shards, 3.00 steps on average, accuracy "
        f"{100 * accuracy:.2f} %",
    ]


def test_batches_are_those_of_the_network(snn, data, tmp_path):
    """Bit for bit, with batches that go on over the ends of files but not of shards."""
    tfsnn.predict_files(snn, f"{data}/*", tmp_path / "out", **SIZES)
    x = SCALED[ORDER]
    batches = [x[i:j] for k in range(0, 30, 6) for i, j in ((k, k + 4), (k + 4, k + 6))]
    expected = [snn.run(batch).outputs[0].numpy() for batch in batches]
    found, _ = joined(tmp_path / "out")
    np.testing.assert_array_equal(found["outputs"], np.concatenate(expected))


def test_labels_only_where_all_samples_have_one(snn, data, tmp_path):
    found = tfsnn.predict_files(snn, f"{data}/*", tmp_path / "out")  # no label key
    assert "label" not in joined(tmp_path / "out")[0] and "accuracy" not in found.totals
    (data / "c" / "loose.png").write_bytes(tf.io.encode_png(PIXELS[0]).numpy())
    found = tfsnn.predict_files(snn, data / "c", tmp_path / "loose")
    columns, _ = joined(tmp_path / "loose")
    assert columns["id"][0] == "c/loose.png" and len(columns["id"]) == 11
    assert "label" not in columns


def test_raw_and_timesteps(snn, data, tmp_path):
    tfsnn.predict_files(
        snn, data / "b.npz", tmp_path / "out", raw=True, timesteps=5, batch_size=10
    )
    columns, _ = joined(tmp_path / "out")
    expected = snn.run(PIXELS, 5).outputs[0].numpy()
    np.testing.assert_array_equal(columns["outputs"], expected)
    assert columns["steps"].tolist() == [5] * 10


def test_early_exit(ann, data, tmp_path):
    snn = tfsnn.convert(ann, SCALED, timesteps=8)
    given = (data / "b.npz", tmp_path / "out")
    tfsnn.predict_files(snn, data / "b.npz", tmp_path / "full", batch_size=10)
    snn.early_exit = tfsnn.ExitRule("stable", 3)
    found = tfsnn.predict_files(snn, *given, batch_size=10)
    expected = snn.run(SCALED, early_exit=snn.early_exit)
    columns, _ = joined(tmp_path / "out")
    np.testing.assert_array_equal(columns["outputs"], expected.outputs[0])
    np.testing.assert_array_equal(columns["steps"], expected.steps)
    assert columns["steps"].min() < 8
    assert found.totals["mean_steps"] == columns["steps"].mean()
    with pytest.raises(OutputError, match="differ in model digest"):
        tfsnn.predict_files(snn, data / "b.npz", tmp_path / "full", batch_size=10)


def test_a_model_that_does_not_spike(ann, data, tmp_path):
    found = tfsnn.predict_files(ann, data / "b.npz", tmp_path / "out", batch_size=10)
    columns, _ = joined(tmp_path / "out")
    np.testing.assert_array_equal(columns["outputs"], ann(SCALED).numpy())
    assert "steps" not in columns and "mean_steps" not in found.totals
    with pytest.raises(OptionError, match="is not a spiking network"):
        tfsnn.predict_files(ann, data / "b.npz", tmp_path / "other", timesteps=3)
    assert not (tmp_path / "other").exists()
    free = keras.Sequential([keras.Input((None, None, 3)), layers.GlobalMaxPooling2D()])
    with pytest.raises(ModelError, match="not fixed"):
        tfsnn.predict_files(free, data / "b.npz", tmp_path / "other")


@pytest.mark.parametrize(("named", "spiking"), [(True, True), (False, False)])
def test_several_inputs_and_outputs(tmp_path, named, spiking):
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    hidden = layers.ReLU()(layers.Dense(4)(layers.Concatenate()([a, b])))
    wide, narrow = layers.Dense(3)(hidden), layers.Dense(2)(hidden)
    outputs = {"z": wide, "a/b": narrow} if named else [wide, narrow]
    model = models.randomise(keras.Model([a, b], outputs))
    rng = np.random.default_rng(0)
    x = {"a": rng.random((8, 3), np.float32), "b": rng.random((8, 2), np.float32)}
    np.savez(tmp_path / "d.npz", **x)
    net = tfsnn.convert(model, x, timesteps=2) if spiking else model
    tfsnn.predict_files(net, tmp_path / "d.npz", tmp_path / "out")
    columns, _ = joined(tmp_path / "out")
    expected = net([x["a"], x["b"]])
    first, second = ("z", "a/b") if named else (0, 1)
    keys = ("outputs_z", "outputs_a.b") if named else ("outputs_0", "outputs_1")
    np.testing.assert_array_equal(columns[keys[0]], expected[first])
    np.testing.assert_array_equal(columns[keys[1]], expected[second])
    np.testing.assert_array_equal(columns["top"], columns[keys[0]].argmax(1))
    (tmp_path / "images").mkdir()
    write(tmp_path / "a.tfrecord", records())
    for path in ("images", "a.tfrecord"):
        with pytest.raises(DataError, match=f"{path} gives one input, the model takes"):
            tfsnn.predict_files(net, tmp_path / path, tmp_path / "other")


def test_workers_share_the_shards(snn, data, tmp_path):
    given = (snn, f"{data}/*")
    whole = tfsnn.predict_files(*given, tmp_path / "one", **SIZES, **LABELS)
    found = [
        tfsnn.predict_files(
            *given, tmp_path / "out", **SIZES, **LABELS, worker=(number, 3)
        )
        for number in (2, 0, 1)
    ]
    assert [(f.shards, f.samples, f.shards_missing) for f in found] == [
        *((1, 6, 4), (2, 12, 2), (2, 12, 0)),
    ]
    assert [f.totals for f in found] == [None, None, whole.totals]
    assert "4 shards of other workers are still missing" in str(found[0])
    assert contents(tmp_path / "out") == contents(tmp_path / "one")


def test_goes_on_with_what_is_missing(snn, data, tmp_path):
    given = (snn, f"{data}/*", tmp_path / "out")
    tfsnn.predict_files(*given, **SIZES)
    complete = contents(tmp_path / "out")
    for number in (0, 3, 4):
        (tmp_path / "out" / f"shard-{number:05d}-of-00005.npz").unlink()
    (tmp_path / "out" / ".0123abcd.part.npz").write_text("left by a kill")
    kept = tmp_path / "out" / "shard-00001-of-00005.npz"
    before = kept.stat()
    found = tfsnn.predict_files(*given, **SIZES)
    assert (found.shards, found.samples) == (3, 18)
    assert kept.stat() == before
    assert contents(tmp_path / "out") == complete
    again = tfsnn.predict_files(*given, **SIZES)
    assert (again.shards, again.samples, again.images_per_second) == (0, 0, None)
    assert again.totals == found.totals
    kept.write_bytes(kept.read_bytes()[:50])
    with pytest.raises(OutputError, match=r"shard-00001.*damaged.*remove it and run"):
        tfsnn.predict_files(*given, **SIZES)
    os.replace(tmp_path / "out" / "shard-00002-of-00005.npz", kept)
    tfsnn.predict_files(*given, **SIZES, worker=(1, 2))
    with pytest.raises(OutputError, match=r"shard-00001.*it holds other samples"):
        tfsnn.predict_files(*given, **SIZES)


def test_other_arguments_are_refused(snn, ann, data, tmp_path):
    given = (f"{data}/*", tmp_path / "out")
    tfsnn.predict_files(snn, *given, **SIZES)
    before = contents(tmp_path / "out")

    def refused(message, model=snn, paths=given[0], **options):
        with pytest.raises(OutputError, match=f"of something else.*{message}"):
            tfsnn.predict_files(model, paths, given[1], **{**SIZES, **options})
        assert contents(tmp_path / "out") == before

    refused(r"model digest \(\w{12} there, \w{12} now\)", model=ann)
    other = tfsnn.convert(ann, SCALED, timesteps=3, levels=2)
    refused("model digest", model=other)
    refused(r"timesteps \(3 there, 4 now\)", timesteps=4)
    refused(r"options batch_size \(4 there, 5 now\)", batch_size=5)
    refused(r"shard_size \(6 there, 7 now\)", shard_size=7)
    refused(r'raw \(\[\] there, \["input', raw=True)
    refused("label_key", **LABELS)
    refused(r"samples \(30 there, 10 now\).*a\.tfrecord \(not", paths=f"{data}/*.npz")
    names = [str(data / name) for name in ("b.npz", "a.tfrecord", "c")]
    refused("the order of the files", paths=names)
    # The same sizes, but other samples.
    write(data / "a.tfrecord", [*records()[1:], records()[0]])
    refused(r"the file a\.tfrecord \(changed\)")
    write(data / "a.tfrecord", records())
    np.savez(data / "b.npz", x=PIXELS[::-1], y=CLASSES)
    refused(r"the file b\.npz \(changed\)")
    np.savez(data / "b.npz", x=PIXELS, y=CLASSES)
    (data / "c" / "0" / "0.png").rename(data / "c" / "0" / "00.png")
    refused(r"the file c/0 \(changed\)")
    (data / "c" / "0" / "00.png").rename(data / "c" / "0" / "0.png")
    np.savez(data / "d.npz", x=PIXELS)
    refused(r"d\.npz \(new\)")
    (data / "d.npz").unlink()
    assert tfsnn.predict_files(snn, *given, **SIZES).samples == 0


def test_an_unchanged_file_of_records_is_not_counted_again(
    snn, data, tmp_path, monkeypatch
):
    given = (snn, data / "a.tfrecord", tmp_path / "out")
    tfsnn.predict_files(*given)
    counted = []
    scan = tfsnn.bulk.sources.scan
    monkeypatch.setattr(
        tfsnn.bulk.sources, "scan", lambda path: counted.append(path) or scan(path)
    )
    tfsnn.predict_files(*given)
    assert counted == []
    os.utime(data / "a.tfrecord", ns=(1, 1))
    tfsnn.predict_files(*given)
    assert counted == [data / "a.tfrecord"]


def test_a_damaged_record_stops_before_its_shard(snn, data, tmp_path):
    path = data / "a.tfrecord"
    good = path.read_bytes()
    content = bytearray(good)
    content[places(records())[9] + 40] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"^record 9 of .*a\.tfrecord, counted from 0"):
        tfsnn.predict_files(snn, f"{data}/*", tmp_path / "out", **SIZES)
    there = {"manifest.json", "shard-00000-of-00005.npz"}
    assert set(contents(tmp_path / "out")) == there
    path.write_bytes(good)  # of the same checksums: it can go on
    found = tfsnn.predict_files(snn, f"{data}/*", tmp_path / "out", **SIZES)
    assert found.shards == 4 and found.totals["samples"] == 30


def test_no_sample_of_a_damaged_npz_file_is_used(snn, data, tmp_path):
    np.savez(data / "b.npz", x=np.repeat(PIXELS, 200, 0))
    content = bytearray((data / "b.npz").read_bytes())
    content[90_000] ^= 1
    (data / "b.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"b\.npz cannot be read.*Bad CRC-32"):
        tfsnn.predict_files(snn, data / "b.npz", tmp_path / "out", shard_size=100)
    assert set(contents(tmp_path / "out")) == {"manifest.json"}


def test_damage_that_is_seen_before_the_start(snn, data, tmp_path):
    def refused(message, paths=f"{data}/*", kind=DataError):
        with pytest.raises(kind, match=message):
            tfsnn.predict_files(snn, paths, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    np.savez(data / "d.npz", x=PIXELS[:, :3])
    refused(r"d\.npz has shape \(10, 3, 4, 3\)")
    (data / "d.npz").write_text("no npz")
    refused(r"d\.npz cannot be read")
    (data / "d.npz").rename(data / "d.txt")
    refused(r"d\.txt is none of TFRecord files")
    (data / "d.txt").unlink()
    (data / "e").mkdir()
    refused(r"the folder .*/e holds no images")
    refused("nothing matches", f"{data}/*.zip")
    refused("no data is named", [], OptionError)
    write(data / "a.tfrecord", [])
    refused("no samples", data / "a.tfrecord")


def test_a_corrupt_image_is_named(snn, data, tmp_path):
    (data / "c" / "1" / "4.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"c/1/4\.png cannot be read"):
        tfsnn.predict_files(snn, data / "c", tmp_path / "out", shard_size=4)
    columns, manifest = joined(tmp_path / "out")
    assert columns["id"].tolist() == [f"c/0/{i}.png" for i in (0, 3, 6, 9)]
    assert manifest["totals"] is None


def test_folders_that_cannot_take_results(snn, data, tmp_path, monkeypatch):
    given = (snn, f"{data}/*.npz")
    with pytest.raises(OptionError, match=r"b\.npz is in the folder of the results"):
        tfsnn.predict_files(*given, data)
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below"):
        with pytest.raises(OutputError, match="file"):
            tfsnn.predict_files(*given, tmp_path / place)
    other = tmp_path / "other"
    other.mkdir()
    for content in ("no json", "[]", '{"data": []}', '{"format": 1, "data": 3}'):
        (other / "manifest.json").write_text(content)
        with pytest.raises(OutputError, match=r"manifest\.json cannot be read as"):
            tfsnn.predict_files(*given, other)
    (other / "manifest.json").rename(other / "shard-00000-of-00001.npz")
    with pytest.raises(OutputError, match=r"holds shard-00000.*no manifest\.json"):
        tfsnn.predict_files(*given, other)

    # Root may write anywhere, so the answer of the system is replaced.
    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        tfsnn.predict_files(*given, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_file_system_without_links(snn, data, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    found = tfsnn.predict_files(snn, data / "b.npz", tmp_path / "out")
    assert found.totals["samples"] == 10
    assert set(contents(tmp_path / "out")) == {
        *("manifest.json", "shard-00000-of-00001.npz"),
    }


@pytest.mark.parametrize(
    "options",
    [
        *({"batch_size": 0}, {"shard_size": 0}, {"timesteps": 0}),
        *({"worker": (2, 2)}, {"worker": (-1, 2)}, {"worker": (0, 0)}),
    ],
)
def test_impossible_numbers(snn, data, tmp_path, options):
    with pytest.raises(OptionError, match="give a"):
        tfsnn.predict_files(snn, f"{data}/*", tmp_path / "out", **options)


@pytest.fixture
def uninterrupted(snn, data, tmp_path):
    """Arguments, and the files that they lead to."""
    snn.save(tmp_path / "snn.keras")
    options = {"batch_size": 2, "shard_size": 10}
    given = (tmp_path / "snn.keras", f"{data}/*")
    tfsnn.predict_files(snn, given[1], tmp_path / "whole", **options)
    return given, options, contents(tmp_path / "whole")


def test_killed_at_every_write(uninterrupted, tmp_path):
    """Each run is killed one write, or one renaming, further on than that before."""
    given, options, expected = uninterrupted
    output = tmp_path / "out"
    for call in range(1, 20):
        process = predicting.start(predicting.dying, call, *given, output, options)
        process.join(60)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        there = contents(output)
        assert all(there[name] == expected[name] for name in there if "shard-" in name)
    assert call > 5  # died in the manifest, in shards and in the totals
    assert contents(output) == expected


def test_killed_at_random_moments(uninterrupted, tmp_path):
    given, options, expected = uninterrupted
    output = tmp_path / "out"
    rng = np.random.default_rng()  # any moments will do
    for _ in range(3):
        process = predicting.start(predicting.slowly, *given, output, options)
        while process.is_alive() and not (output / "manifest.json").exists():
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.4))
        process.kill()
        process.join(60)
    process = predicting.start(predicting.slowly, *given, output, options)
    process.join(60)
    assert process.exitcode == 0
    assert contents(output) == expected


def test_memory_is_bounded_by_the_batch(tmp_path):
    shape, count = (32, 32, 3), 4000  # 12 MB as bytes, 49 MB as float32
    x = np.zeros((count, *shape), np.uint8)
    np.savez(tmp_path / "a.npz", x=x[: count // 2])
    np.savez_compressed(tmp_path / "b.npz", x=x[count // 2 :])
    net = [keras.Input(shape), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    model = keras.Sequential(net)
    del x
    tracemalloc.start()
    found = tfsnn.predict_files(
        model, f"{tmp_path}/*.npz", tmp_path / "out", batch_size=50, shard_size=1000
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.totals["samples"] == count
    assert peak < 10e6


def test_reading_goes_ahead_but_not_far():
    made, ahead = [], threading.Event()

    def items():
        for i in range(100):
            made.append(i)
            if i == 3:
                ahead.set()
            yield i

    found = prefetched(items(), depth=2)
    assert next(found) == 0
    assert ahead.wait(10)  # one in hand, two that wait, and one to be put
    assert next(found) == 1
    found.close()
    count = len(made)
    assert count <= 5
    time.sleep(0.05)
    assert len(made) == count  # nobody reads any more


def test_errors_of_reading_come_in_their_place():
    def items():
        yield 1
        yield 2
        raise ZeroDivisionError

    found = prefetched(items())
    assert [next(found), next(found)] == [1, 2]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert list(prefetched(iter(range(20)))) == list(range(20))
