"""``tfsnn early-exit``: a file with a rule, that evaluate and predict follow."""

import json

import numpy as np
import pytest
from command_line import run

import tfsnn


@pytest.fixture(scope="module")
def files(trained, tmp_path_factory):
    model, x = trained
    folder = tmp_path_factory.mktemp("exit")
    snn = tfsnn.convert(model, x[:50], "termapping", timesteps=10, correct="none")
    snn.save(folder / "snn.keras")
    late = tfsnn.convert(model, x[:50], "paced", timesteps=4, correct="none")
    late.save(folder / "late.keras")
    np.savez(folder / "held.npz", x=x, y=snn.predict(x, verbose=0).argmax(-1))
    return folder


@pytest.mark.slow
def test_the_rule_is_in_the_file(files):
    output = files / "fast.keras"
    given = (files / "snn.keras", "--data", files / "held.npz", "--output", output)
    found = run("early-exit", *given, "--max-loss", 1, "--json")
    assert found.exit_code == 0, found.output
    said = json.loads(found.stdout)
    assert said["loss"] <= 1 + 1e-6 and said["mean_steps"] < 10 and said["labelled"]
    loaded = tfsnn.load_model(output)
    assert loaded.early_exit == tfsnn.ExitRule(**said["rule"])
    assert tfsnn.load_model(files / "snn.keras").early_exit is None
    again = run("early-exit", *given)
    assert again.exit_code == 1 and "exists already" in again.output
    shown = run("evaluate", output, "--data", files / "held.npz", "--json")
    exited = json.loads(shown.stdout)["early_exit"]
    assert exited["mean_steps"] == pytest.approx(said["mean_steps"])


@pytest.mark.parametrize(
    ("name", "more", "code", "message"),
    [
        ("late.keras", (), 2, "after each step"),
        ("snn.keras", ("--limit", 20), 1, "50 or more"),
        ("snn.keras", ("--kind", "luck"), 2, "luck"),
        ("snn.keras", ("--max-loss", -1), 2, "max-loss"),
        ("none.keras", (), 1, "none.keras"),
    ],
)
def test_what_cannot_be_is_one_error_and_no_file(files, name, more, code, message):
    output = files / "refused.keras"
    given = (files / name, "--data", files / "held.npz", "--output", output)
    found = run("early-exit", *given, *more)
    assert found.exit_code == code and message in found.output
    assert not output.exists() and "Traceback" not in found.output
