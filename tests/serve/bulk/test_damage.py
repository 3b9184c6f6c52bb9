"""Damaged files, and folders that take no results: one clear error."""

import errno
import os

import files_to_predict
import numpy as np
import pytest
from files_to_predict import SIZES, contents, joined, make_data
from samples import PIXELS
from tfrecord_files import places, records, write

import tfsnn
from tfsnn.errors import DataError, OptionError, OutputError


@pytest.fixture
def snn():
    return files_to_predict.snn()


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path)


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
    assert not (tmp_path / "out").exists()


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
