"""Predictions that go on where they were stopped: nothing is lost or doubled."""

import os
import signal
import time

import files_to_predict
import numpy as np
import predicting
import pytest
from files_to_predict import LABELS, SIZES, contents, make_data
from samples import CLASSES, PIXELS, SCALED
from tfrecord_files import records, write

import tfsnn
from tfsnn.errors import OutputError


@pytest.fixture(scope="module", autouse=True)
def _server(request):
    predicting.get_ready(request)


@pytest.fixture
def ann():
    return files_to_predict.ann()


@pytest.fixture
def snn():
    return files_to_predict.snn()


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path)


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
    scan = tfsnn.serve.bulk.inputs.scan
    monkeypatch.setattr(
        tfsnn.serve.bulk.inputs, "scan", lambda path: counted.append(path) or scan(path)
    )
    tfsnn.predict_files(*given)
    assert counted == []
    os.utime(data / "a.tfrecord", ns=(1, 1))
    tfsnn.predict_files(*given)
    assert counted == [data / "a.tfrecord"]


def test_a_shard_has_the_same_bytes_wherever_reading_starts(ann, tmp_path):
    """Numbers of samples grow a digit in the middle of a batch that was read."""
    x = np.tile(SCALED, (3, 1, 1, 1))
    np.savez(tmp_path / "x.npz", x=x)
    options = {"batch_size": 4, "shard_size": 7}
    given = (ann, str(tmp_path / "x.npz"))
    tfsnn.predict_files(*given, tmp_path / "whole", **options)
    expected = contents(tmp_path / "whole")
    for start in range(5):
        output = tmp_path / f"from{start}"
        for k in (start, *range(5)):
            tfsnn.predict_files(*given, output, **options, worker=(k, 5))
        assert contents(output) == expected


@pytest.fixture
def uninterrupted(snn, data, tmp_path):
    """Arguments, and the files that they lead to."""
    snn.save(tmp_path / "snn.keras")
    options = {"batch_size": 2, "shard_size": 10}
    given = (tmp_path / "snn.keras", f"{data}/*")
    tfsnn.predict_files(snn, given[1], tmp_path / "whole", **options)
    return given, options, contents(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.processes
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


@pytest.mark.slow
@pytest.mark.processes
def test_killed_at_random_moments(uninterrupted, tmp_path):
    given, options, expected = uninterrupted
    output = tmp_path / "out"
    rng = np.random.default_rng(0)  # the load of the machine does the rest
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
