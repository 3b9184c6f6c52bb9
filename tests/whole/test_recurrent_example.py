"""The example of recurrent networks trains, converts and tells both accuracies."""

import re
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
def test_rows_of_images(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    y = np.arange(160) % 10
    x = rng.integers(0, 60, (160, 6, 8, 1)).astype(np.uint8)
    x[np.arange(160), y % 5, y // 5 * 4] = 255  # a bright pixel tells the class
    for name in ("train", "test"):
        np.savez(tmp_path / f"{name}.npz", x=x, y=y)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delitem(sys.modules, "train_recurrent_mnist", raising=False)
    from train_recurrent_mnist import main

    files = ["--train", tmp_path / "train.npz", "--test", tmp_path / "test.npz"]
    options = ["--kind", "gru", "--epochs", 12, "--batch-size", 16, "--timesteps", 16]
    given = [*files, *options, "--output", tmp_path]
    result = CliRunner().invoke(main, list(map(str, given)), catch_exceptions=False)
    ann, snn = map(float, re.findall(r"nn ([\d.]+) % on 160", result.output))
    assert ann > 60 and abs(ann - snn) < 5
    scores = keras.saving.load_model(tmp_path / "gru_snn.keras")(x[:40, ..., 0] / 255)
    assert 100 * (np.asarray(scores).argmax(-1) == y[:40]).mean() > ann - 15
