"""Small networks of every task, trained on the real images that come with tfsnn."""

import functools
import sys
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np
from repository import ROOT

sys.path.append(str(ROOT))  # for benchmarks, which are not installed

from benchmarks.tasks.problems import CUT, PROBLEMS

SHIPPED = {
    "mnist": "mnist_cnn",
    "fashion_mnist": "fashion_mnist_cnn",
    "cifar10": "resnet20_cifar10",
}
# What is less than in the benchmark, so that each is trained in some seconds.
SMALL = {
    "regression": {"samples": 1500, "epochs": 6},
    "binary": {"samples": 800, "epochs": 8},
    "multilabel": {"samples": 600, "epochs": 8},
    "places": {"samples": 400, "epochs": 10, "batch": 16},
    "mask": {"samples": 300, "epochs": 5, "batch": 16},
    "image": {"samples": 300, "epochs": 6, "batch": 16},
    "embedding": {"samples": 800, "epochs": 6},
    "two_outputs": {"samples": 1500, "epochs": 6},
}
DIGITS = 3  # that places tells apart, of so few samples
SAMPLES = 80


class Learnt(NamedTuple):
    """A trained network, inputs of its training, and others with labels."""

    model: keras.Model
    calibration: np.ndarray
    x: np.ndarray
    y: Any


@functools.cache
def images(part):
    """The shipped images by data set; part is "test" or "calibration"."""
    found = {}
    for name, folder in SHIPPED.items():
        with np.load(ROOT / "saved_models" / folder / f"{part}.npz") as arrays:
            found[name] = arrays["x"], arrays["y"].astype(np.int64)
    return found


@functools.cache
def learnt(name):
    """A problem's network, trained once in a session, and samples that it never saw."""
    if name in CUT:
        whole, without_end = CUT[name]
        return learnt(whole)._replace(model=without_end(learnt(whole).model))
    small = {"width": 8, "batch": 32, **SMALL[name]}
    problem = replace(PROBLEMS[name], **small)
    sets = [images("test"), images("calibration")]
    if name == "places":
        few = [each["mnist"][1] < DIGITS for each in sets]
        sets = [
            {**each, "mnist": tuple(a[chosen] for a in each["mnist"])}
            for each, chosen in zip(sets, few, strict=True)
        ]
    model = problem.trained(sets[0])
    calibration, _ = problem.draw(sets[0], np.random.default_rng(1), 128)
    x, y = problem.draw(sets[1], np.random.default_rng(2), SAMPLES)
    return Learnt(model, calibration, x, y)
