"""The command line in a process of its own: imports, streams, signals, a full disk."""

import json
import signal
import subprocess

import models
import numpy as np
import pytest
from command_line import MAIN, fill, start

pytestmark = [pytest.mark.processes, pytest.mark.slow]

# As a user would start it, and with all that it says.
AS_A_USER = {
    "unset": ("TF_CPP_MIN_LOG_LEVEL", "PYTHONWARNINGS"),
    "stdout": subprocess.PIPE,
    "stderr": subprocess.PIPE,
    "text": True,
}


def run(*arguments, code=MAIN):
    process = start(*arguments, code=code, **AS_A_USER)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture
def converting(tmp_path):
    fill(tmp_path, models.cnn, 16)
    return (
        *("convert", tmp_path / "model.keras", "--calibration", tmp_path / "data.npz"),
        *("--output", tmp_path / "snn.keras"),
    )


def files(folder):
    return {path.name for path in folder.iterdir()}


def test_help_imports_nothing_heavy():
    code = """
import sys
from tfsnn_cli.main import cli
for command in ("", "convert", "choose", "evaluate", "serve", "export nir"):
    cli([*command.split(), "--help"], standalone_mode=False)
heavy = {"tensorflow", "keras", "numpy", "matplotlib", "tfsnn", "h11", "asyncio"}
print(heavy & set(sys.modules))
"""
    code, out, err = run(code=code)
    assert code == 0 and err == ""
    assert "Usage: " in out and out.endswith("set()\n")


def test_results_on_stdout_and_talk_on_stderr(converting, tmp_path):
    code, out, err = run(*converting)
    assert code == 0
    assert out.startswith("ttfs (timesteps=1")
    data, output = tmp_path / "data.npz", tmp_path / "snn.keras"
    assert err == f"calibrating with {data}\nwrote {output}\n"
    code, out, err = run(
        *("evaluate", output, "--data", data, "--ann", tmp_path / "model.keras"),
        *("--json", "--plot", tmp_path / "accuracy.svg"),
    )
    assert code == 0
    assert json.loads(out)["samples"] == 16
    assert err == f"wrote {tmp_path / 'accuracy.svg'}\n"


def test_ctrl_c_leaves_nothing(converting, tmp_path):
    np.savez(tmp_path / "data.npz", x=np.ones((200_000, 6, 6, 2), np.uint8))
    before = files(tmp_path)
    # A shell starts jobs in the background with the signal ignored.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    slowly = (*converting, "-o", "batch_size", 1)
    process = start(*slowly, code=f"{heeding}; {MAIN}", **AS_A_USER)
    assert process.stderr.readline().startswith("calibrating with")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and out == ""
    assert err.strip() == "Aborted!"
    assert files(tmp_path) == before


def test_a_full_disk_leaves_nothing(converting, tmp_path):
    before = files(tmp_path)
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    code, out, err = run(*converting, code=f"{full}; {MAIN}")
    assert code == 1 and out == ""
    assert err.count("Error: ") == 1 and "snn.keras cannot be written" in err
    assert "bug" not in err
    assert files(tmp_path) == before
