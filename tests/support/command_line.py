"""The command line as a user runs it, in this process or its own; and files for it."""

import os
import subprocess
import sys

import models
import numpy as np
from click.testing import CliRunner

import tfsnn
from tfsnn_cli.exports import FORMATS
from tfsnn_cli.main import COMMANDS, cli

EVERY = [(name,) for name in COMMANDS] + [("export", name) for name in FORMATS]
MAIN = "from tfsnn_cli.main import main; main()"


def run(*arguments):
    """Run a command in this process; its exit code, output and errors."""
    return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="tfsnn")


def succeed(*arguments):
    """Run a command that must succeed; what it prints on standard output."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def start(*arguments, code=MAIN, unset=(), **pipes):
    """Start Python code with these arguments, the command line if it is not given."""
    environment = {k: v for k, v in os.environ.items() if k not in unset}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        **pipes,
    )


def fill(folder, build, samples, *conversion, **options):
    """Write model.keras and data.npz, whose labels are the model's own, and snn.keras.

    The last where a method is given for the conversion, with its options.
    """
    model = models.randomise(build())
    model.save(folder / "model.keras")
    x = models.samples(model, samples)
    np.savez(folder / "data.npz", x=x, y=model.predict(x, verbose=0).argmax(-1))
    if conversion or options:
        snn = tfsnn.convert(model, x, *conversion, **options)
        snn.save(folder / "snn.keras")
    return folder
