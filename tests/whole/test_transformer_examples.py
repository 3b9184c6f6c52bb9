"""The examples of transformers train, convert, and tell how near the spikes come."""

import importlib
import re
import sys

import keras
import models
import numpy as np
import pytest
from click.testing import CliRunner
from repository import ROOT

import tfsnn

NAMES = ("training", "transformer", "train_vision_transformer", "train_text_decoder")


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    for name in NAMES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module


def ran(main, *options):
    """The figures that a command tells, per cent and ratios."""
    done = CliRunner().invoke(main, list(map(str, options)), catch_exceptions=False)
    told = re.search(r"^T=8, .*", done.output, re.MULTILINE)[0]
    return [float(each) for each in re.findall(r"(\d+\.\d+)", told)]


@pytest.mark.slow
def test_a_vision_transformer(example, tmp_path):
    rng, y = np.random.default_rng(0), np.arange(160) % 4
    x = rng.integers(0, 60, (160, 8, 8, 3)).astype(np.uint8)
    x[np.arange(160), :, :, 0] += (50 * y[:, None, None]).astype(np.uint8)
    for name in ("train", "test"):
        np.savez(tmp_path / f"{name}.npz", x=x, y=y)
    given = ["--train", tmp_path / "train.npz", "--test", tmp_path / "test.npz"]
    given += ["--width", 16, "--blocks", 1, "--epochs", 15, "--batch-size", 16]
    main = example("train_vision_transformer").main
    ann, snn, same, driven, energy, _ = ran(
        main, *given, "--timesteps", 8, "--output", tmp_path
    )
    assert ann > 60 and abs(ann - snn) < 5 and same > 95
    assert 90 < driven < 100  # the convolution reads pixels
    assert 0 < energy < 5
    model, spiking = (
        keras.saving.load_model(tmp_path / f"vision_transformer{end}.keras")
        for end in ("", "_snn")
    )
    images = x[:40].astype("float32") / 255
    right = np.asarray(model(images)).argmax(-1) == y[:40]
    assert 100 * right.mean() > ann - 20
    classes = np.asarray(spiking(images)).argmax(-1)
    assert (classes == np.asarray(model(images)).argmax(-1)).mean() > 0.9


@pytest.mark.slow
def test_a_text_decoder(example, tmp_path):
    (tmp_path / "text.txt").write_text("One spike, two spikes, no spike. " * 60)
    given = ["--text", tmp_path / "text.txt", "--length", 12, "--width", 16]
    given += ["--blocks", 1, "--epochs", 2, "--steps", 60, "--count", 40]
    main = example("train_text_decoder").main
    ann, snn, same, driven, energy, _ = ran(main, *given, "--timesteps", 8)
    assert ann > 60 and abs(ann - snn) < 5 and same > 95
    assert driven > 99 and 0 < energy < 5


def test_the_decoder_sees_nothing_of_what_comes(example):
    decoder = example("train_text_decoder")
    model = decoder.build(length=6, width=8, blocks=1, heads=2)
    x = np.arange(6)[None] + 65
    other = x.copy()
    other[0, 4:] = 90
    a, b = np.asarray(model(x)), np.asarray(model(other))
    np.testing.assert_allclose(a[:, :4], b[:, :4], atol=1e-6)
    assert np.abs(a[:, 4:] - b[:, 4:]).min(-1).max() > 0


def test_windows_of_a_text_have_the_next_bytes(example):
    decoder = example("train_text_decoder")
    x, y = decoder.parts(np.arange(50, dtype=np.uint8), 4, 10)
    assert x[0, 0] == 0 and y[-1, -1] == 49 and x.shape == y.shape == (4, 10)
    assert (y == x + 1).all()


@pytest.mark.slow
def test_a_class_token_and_a_tied_readout_spike(example):
    parts = example("transformer")
    tokens = keras.Input((4,), dtype="int32")
    embedding = keras.layers.ReversibleEmbedding(20, 8)
    x = embedding(tokens)
    first = keras.ops.zeros_like(x[:, :1, 0], dtype="int32")
    x = keras.ops.concatenate([keras.layers.Embedding(1, 8)(first), x], 1)
    x = parts.block(parts.with_positions(x), "block", 2)
    x = keras.layers.LayerNormalization()(x)
    model = keras.Model(tokens, embedding(x[:, 0], reverse=True))
    models.randomise(model)
    feed = np.random.default_rng(0).integers(0, 20, (40, 4)).astype("int32")
    snn = tfsnn.convert(model, feed, "few_spikes", timesteps=12, strict=True)
    expected = model.predict(feed, verbose=0)
    error = np.abs(snn.predict(feed, verbose=0) - expected).max()
    assert error < 0.02 * np.abs(expected).max()
