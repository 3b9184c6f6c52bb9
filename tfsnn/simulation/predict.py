"""Prediction of arrays in memory, in slices, without Keras's data pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from tfsnn.simulation.simulate import Result


class EarlyPrediction(NamedTuple):
    """The outputs of a network with early exit, and the steps that they took.

    Attributes:
        outputs: as ``predict`` gives them.
        steps: the steps that each sample took, ``(N,)`` int32.
    """

    outputs: Any
    steps: np.ndarray


def predict_arrays(
    run: Callable[[dict[str, Any]], Result],
    feed: Mapping[str, Any],
    batch_size: int,
    verbose: str | int,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Run all samples, `batch_size` at a time.

    Args:
        run: the simulation of a batch.
        feed: the samples ``(N, *shape)``, by input.
        batch_size: samples simulated at a time.
        verbose: whether a progress bar is shown.

    Returns:
        Each output ``(N, ...)``, and the steps of each sample ``(N,)`` int32.
    """
    count = len(next(iter(feed.values())))
    bar = keras.utils.Progbar(-(-count // batch_size), verbose=1 if verbose else 0)
    results = []
    for start in range(0, max(count, 1), batch_size):
        part = {name: x[start : start + batch_size] for name, x in feed.items()}
        results.append(run(part))
        bar.add(1)
    outputs = [
        np.concatenate([y.numpy() for y in parts])
        for parts in zip(*(result.outputs for result in results), strict=True)
    ]
    return outputs, np.concatenate([result.steps.numpy() for result in results])
