"""Data sets of tensorflow-datasets: splits, versions, and what cannot be had."""

import os
import re

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from samples import CLASSES, PIXELS, SCALED, SHAPE, collect

from tfsnn.data import open_data
from tfsnn.errors import DataError


@pytest.fixture(scope="module")
def tfds_folder(tmp_path_factory):
    """A data set `tfsnn_tiny` on disk, as a download would leave it."""
    where = str(tmp_path_factory.mktemp("tfds"))

    # Not registered, so that it is found by its files, as a download of others is.
    class TfsnnTiny(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.2.3")
        __module__ = "tiny"

        def _info(self):
            features = {
                "image": tfds.features.Image(shape=SHAPE),
                "label": tfds.features.ClassLabel(num_classes=3),
            }
            return tfds.core.DatasetInfo(
                builder=self,
                features=tfds.features.FeaturesDict(features),
                supervised_keys=("image", "label"),
                disable_shuffling=True,
            )

        def _split_generators(self, dl_manager):
            return {"train": self._rows(0, 7), "test": self._rows(7, 10)}

        def _rows(self, start, stop):
            for i in range(start, stop):
                yield i, {"image": PIXELS[i], "label": CLASSES[i]}

        _generate_examples = _rows

    TfsnnTiny(data_dir=where).download_and_prepare()
    return where


@pytest.mark.parametrize(
    ("spec", "samples"),
    [
        ("tfds:tfsnn_tiny", slice(0, 7)),
        ("tfds:tfsnn_tiny:test", slice(7, 10)),
        ("tfds:tfsnn_tiny:train[2:5]", slice(2, 5)),
        ("tfds:tfsnn_tiny:train+test", slice(0, 10)),
        ("tfds:tfsnn_tiny:1.2.3", slice(0, 7)),
        ("tfds:tfsnn_tiny:1.2.3:test[:1]", slice(7, 8)),
        ("tfds:tfsnn_tiny:1.*.*:test", slice(7, 10)),
    ],
)
def test_tfds_splits_and_versions(tfds_folder, spec, samples):
    data = open_data(spec, SHAPE, data_dir=tfds_folder, labels=True)
    x, y = collect(data, 2)
    np.testing.assert_array_equal(x, SCALED[samples])
    np.testing.assert_array_equal(y, CLASSES[samples])
    assert data.size == len(x)


def test_tfds_options(tfds_folder, monkeypatch, capsys):
    monkeypatch.setenv("TFDS_DATA_DIR", tfds_folder)  # read when called
    data = open_data("tfds:tfsnn_tiny", SHAPE, default_split="test", raw=True)
    np.testing.assert_array_equal(collect(data)[0], PIXELS[7:])
    x, _ = collect(open_data("tfds:tfsnn_tiny", (8, 6, 3), limit=3))
    resized = tf.image.resize(SCALED[:3], (8, 6))
    np.testing.assert_allclose(x, resized, atol=1e-6)
    assert "not prepared" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("tfds:tfsnn_none", "no 'tfsnn_none'"),
        ("tfds:tfsnn_tiny:9.9.9", "tfsnn_tiny:9.9.9"),
        ("tfds:tfsnn_tiny/conf", "tfsnn_tiny/conf"),
        (
            "tfds:tfsnn_tiny:validation",
            r"'validation'.*splits are (test, train|train, test)",
        ),
        ("tfds:tfsnn_tiny:train[", r"split 'train\['"),
        ("tfds:tfsnn_tiny:train[:0]", r"split 'train\[:0\]'"),
    ],
)
def test_tfds_that_does_not_exist(tfds_folder, spec, message):
    with pytest.raises(DataError, match=message) as caught:
        open_data(spec, SHAPE, data_dir=tfds_folder)
    assert "\n" not in str(caught.value)


def test_tfds_other_channels(tfds_folder):
    with pytest.raises(DataError, match=r"\(None, 8, 6, 3\).*\(N, 8, 6, 1\)"):
        open_data("tfds:tfsnn_tiny", (8, 6, 1), data_dir=tfds_folder)
    with pytest.raises(DataError, match=r"\(None, 4, 4, 3\).*\(N, 48\)"):
        open_data("tfds:tfsnn_tiny", (48,), data_dir=tfds_folder)


def test_tfds_that_cannot_be_downloaded(tfds_folder, monkeypatch, capsys):
    def offline(self, **_):
        print("Downloading")  # as the real one does, on stdout
        raise ConnectionError("Failed to resolve 'storage.googleapis.com'\nmore")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", offline)
    with pytest.raises(DataError, match=r"'mnist'.*resolve.*TFDS_DATA_DIR") as caught:
        open_data("tfds:mnist:test", (28, 28, 1), data_dir=tfds_folder)
    assert isinstance(caught.value.__cause__, ConnectionError)
    out, err = capsys.readouterr()
    notice, *progress = err.splitlines()
    assert re.fullmatch(
        rf"tfds: mnist is not prepared in {re.escape(tfds_folder)}\S*; downloading, "
        "which may take minutes",
        notice,
    )
    assert out == "" and "Downloading" in progress
    assert not os.path.exists(os.path.join(tfds_folder, "mnist"))
