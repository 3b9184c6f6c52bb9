"""Predictions of files: what is in the shards, in few batches of memory."""

import threading
import time
import tracemalloc

import files_to_predict
import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from files_to_predict import LABELS, SIZES, joined, make_data
from keras import layers
from samples import CLASSES, PIXELS, SCALED
from tfrecord_files import records, write

import tfsnn
from tfsnn.errors import DataError, ModelError, OptionError, OutputError
from tfsnn.serve.bulk.prefetch import prefetched


@pytest.fixture
def ann():
    return files_to_predict.ann()


@pytest.fixture
def snn():
    return files_to_predict.snn()


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path)


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
    judged = {"output": snn.outputs_known[0].name, "task": "classification"}
    judged["scores"] = {"accuracy": accuracy}
    assert found.totals == manifest["totals"]
    assert found.totals == {
        **{"samples": 30, "shards": shards},
        **{"mean_steps": 3, "accuracy": accuracy, "outputs": [judged]},
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
        f"{100 * accuracy:.2f} % ({judged['output']}, classification)",
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
    # Programs with constant weights and with variables may round sums otherwise.
    np.testing.assert_allclose(columns[keys[0]], expected[first], rtol=1e-6)
    np.testing.assert_allclose(columns[keys[1]], expected[second], rtol=1e-6)
    np.testing.assert_array_equal(columns["top"], columns[keys[0]].argmax(1))
    (tmp_path / "images").mkdir()
    write(tmp_path / "a.tfrecord", records())
    for path in ("images", "a.tfrecord"):
        with pytest.raises(DataError, match=f"{path} gives one input, the model takes"):
            tfsnn.predict_files(net, tmp_path / path, tmp_path / "other")


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
