"""Measure SNN Toolbox for ``against.py``, run by another Python.

    python -m benchmarks.toolboxes.snntoolbox_side FOLDER

FOLDER is as ``side.py`` says. The steps are those of the toolbox's own
``run_pipeline``: parse, normalise on the calibration images by the 99.9th percentile,
build, simulate in INIsim, with its defaults (rate code, constant input, reset by
subtraction); only the time steps, the batch size and its printing are set. Nothing is
saved, plotted or logged, and of the simulation only ``reset`` and ``simulate`` are
timed, without what its ``run`` adds (an ANN pass and statistics). Its output layer is
the softmax neuron that it has for a softmax, or the plain one in the second setting.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from snntoolbox.bin.utils import import_target_sim, update_setup
from snntoolbox.conversion.utils import normalize_parameters
from snntoolbox.parsing.model_libs.keras_input_lib import ModelParser

from benchmarks.toolboxes.keras_side import PROBED_STEPS, KerasSide, main

# name: section and option of its configuration
SETTINGS: dict[str, dict[str, Any]] = {
    "snntoolbox": {},
    "snntoolbox-relu": {"softmax_to_relu": True},
}


class Simulation:
    """The converted network for a number of steps and a batch size."""

    def __init__(self, parsed: Any, config: Any, timesteps: int, batch_size: int):
        config.set("simulation", "duration", str(timesteps))
        config.set("simulation", "batch_size", str(batch_size))
        self.batch_size = batch_size
        self.snn = import_target_sim(config).SNN(config)
        self.snn.build(parsed)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return spike counts of the classes after the last step."""
        return self.counts(x)[..., -1]

    def counts(self, x: np.ndarray) -> np.ndarray:
        """Simulate whole batches: counts up to each step, ``(N, classes, T)``."""
        parts = []
        unused = np.zeros(self.batch_size)  # labels, of which it prints an accuracy
        for start in range(0, len(x), self.batch_size):
            batch = x[start : start + self.batch_size]
            self.snn.reset(0)
            parts.append(self.snn.simulate(x_b_l=batch, truth_b=unused))
        return np.concatenate(parts)


def measure(side: KerasSide, name: str, timesteps: list[int]) -> list[dict[str, Any]]:
    """Convert once; the accuracies at all steps are those of one simulation."""
    tf.random.set_seed(0)  # its softmax neurons are random
    with tempfile.TemporaryDirectory() as folder, _silence():
        parsed, config = _converted(side, name, Path(folder))
        probes = {
            size: side.timed(Simulation(parsed, config, PROBED_STEPS, size), size, 1)
            for size in side.request["batch_sizes"]
        }
        size = min(probes, key=lambda size: probes[size]["milliseconds"])
        longest = Simulation(parsed, config, max(timesteps), size)
        counts = longest.counts(side.padded(side.images, size))
        rows = []
        for t in timesteps:
            timed = side.timed(Simulation(parsed, config, t, size), size)
            accuracy = side.accuracy(counts[..., t - 1])
            row = {"batch_size": size, "timesteps": t, "accuracy": accuracy}
            rows.append({**row, **timed})
    return rows


def _converted(side: KerasSide, name: str, folder: Path) -> tuple[Any, Any]:
    """Return the toolbox's parsed and normalised model, and its configuration."""
    model = side.network("softmax")
    model.compile("sgd", "categorical_crossentropy", ["accuracy"])
    # The toolbox checks that the files exist, though the arrays are given.
    for needed in ("ann.h5", "x_norm.npz", "x_test.npz", "y_test.npz"):
        (folder / needed).touch()
    given = configparser.ConfigParser()
    where = str(folder)
    given["paths"] = {"path_wd": where, "dataset_path": where, "filename_ann": "ann"}
    given["conversion"] = {key: str(value) for key, value in SETTINGS[name].items()}
    given["output"] = {"verbose": "0"}
    with (folder / "config").open("w") as file:
        given.write(file)
    config = update_setup(str(folder / "config"))
    config.set("simulation", "batch_size", str(side.request["batch_sizes"][0]))
    parser = ModelParser(model, config)
    parser.parse()
    parsed = parser.build_parsed_model()
    normalize_parameters(parsed, config, x_norm=side.calibration)
    return parsed, config


@contextlib.contextmanager
def _silence() -> Any:
    """Discard standard output, to which the toolbox prints at every step."""
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
        yield


if __name__ == "__main__":
    main("snntoolbox", measure)
