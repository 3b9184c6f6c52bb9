"""The README and the pages of docs/ as tests read them: blocks, commands, files."""

import functools
import re
import shlex
import textwrap

import keras
import numpy as np
from click.testing import CliRunner
from keras import layers
from repository import ROOT

from tfsnn_cli.main import cli

SHIPPED = ROOT / "saved_models" / "mnist_cnn"
FENCED = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
ENDS = {"|", "||", ">", "2>", "<", "&", "&&", ";"}  # of a command, in a shell


def blocks(text):
    """The fenced blocks of a page, in order: language and content."""
    found = FENCED.findall(text)
    return [(language, textwrap.dedent(content)) for _, language, content in found]


def commands(block):
    """The arguments of each command of tfsnn in a block, without the program's name.

    Lines of other programs are left out, and variables that a shell would set.
    """
    found = []
    for line in block.replace("\\\n", " ").splitlines():
        line = re.sub(r"^\s*(\$ )?(\w+=('[^']*'|\S*) +)*", "", line)
        if line.startswith("tfsnn "):
            words = shlex.split(line, comments=True)
            end = next((i for i, word in enumerate(words) if word in ENDS), None)
            found.append(words[1:end])
    return found


def run_commands(block):
    """Run each line of a block, all of which are commands of tfsnn."""
    lines = [line for line in block.replace("\\\n", " ").splitlines() if line.strip()]
    found = commands(block)
    assert len(found) == len(lines), f"not all are commands of tfsnn:\n{block}"
    for arguments in found:
        result = CliRunner().invoke(cli, arguments, prog_name="tfsnn")
        assert result.exit_code == 0, f"{arguments}\n{result.output}"


@functools.cache
def network():
    """A small network for MNIST: random convolutions, and least squares behind them.

    It has learnt enough in a moment, and all that the pages do to it is quick.
    """
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.AveragePooling2D(2, name="small"),
            layers.Conv2D(12, 5, activation="relu", name="conv"),
            layers.AveragePooling2D(2, name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(10, activation="softmax", name="dense"),
        ],
        name="cnn",
    )
    with np.load(SHIPPED / "calibration.npz") as samples:
        x, y = samples["x"].astype("float32") / 255, samples["y"]
    features = keras.Model(model.inputs[0], model.get_layer("flat").output)(x).numpy()
    seen = np.column_stack([features, np.ones(len(features))])
    ridge = seen.T @ seen + 0.1 * np.eye(seen.shape[1])
    weights = np.linalg.solve(ridge, seen.T @ (8 * np.eye(10)[y]))
    model.get_layer("dense").set_weights([weights[:-1], weights[-1]])
    return model


def write_files(folder):
    """The files that the pages speak of, with a small network and few samples."""
    network().save(folder / "cnn.keras")
    for name, of, count in (("train", "calibration", 64), ("test", "test", 50)):
        with np.load(SHIPPED / f"{of}.npz") as samples:
            few = {key: values[:count] for key, values in samples.items()}
        np.savez(folder / f"{name}.npz", **few)
