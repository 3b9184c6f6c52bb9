"""From a trained Keras model to a spiking network: the whole story."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np

from tfsnn import methods
from tfsnn.calibrate import calibrate
from tfsnn.data import open_data
from tfsnn.errors import ModelError
from tfsnn.graph import Graph
from tfsnn.model import SpikingModel
from tfsnn.normalize import normalize
from tfsnn.passes import simplify
from tfsnn.report import report_conversion
from tfsnn.sources import import_model

Progress = Callable[[Iterable[Any], int | None, str], Iterable[Any]]


def convert(
    model: keras.Model,
    calibration: Any,
    method: str = "augmapping",
    *,
    seed: int = 0,
    batch_size: int = 64,
    progress: Progress | None = None,
    **options: Any,
) -> SpikingModel:
    """Convert a trained model into a spiking network.

    Args:
        model: Functional or Sequential, trained; it is left as it is.
        calibration: samples like those of training, a few hundred: an array
            ``(N, *input shape)``, or anything that :func:`tfsnn.open_data` takes.
        method: a name from :func:`tfsnn.methods.methods`.
        seed: of the places that are drawn for the statistics.
        batch_size: of the calibration sweep.
        progress: ``(batches, number of batches or None, label) -> batches``, for a
            progress bar.
        options: of the method; ``timesteps`` among them.

    Raises:
        OptionError: for an unknown method or option.
        ModelError: for a model that cannot be converted; UnsupportedError names layers.
        DataError: for calibration data that does not fit.
        CalibrationError: for data from which no thresholds follow.
    """
    chosen = methods.make(method, options)
    graph = simplify(import_model(model))
    data = open_data(calibration, graph.nodes[0].shape)
    batches = _Counted(x for x, _ in data.batches(batch_size))
    count = None if data.size is None else -(-data.size // batch_size)
    sweep = progress(batches, count, "calibrating") if progress else batches
    check_weights(graph)
    statistics = calibrate(graph, sweep, seed=seed)
    plan = chosen.plan(graph, statistics)
    report = report_conversion(
        graph,
        statistics,
        plan,
        method=method,
        options=dataclasses.asdict(chosen),  # type: ignore[call-overload]
        samples=batches.samples,
    )
    return SpikingModel(
        normalize(graph, plan),
        chosen.timesteps,
        report,
        _output_keys(model),
        name=f"{model.name}_snn",
    )


def check_weights(graph: Graph) -> None:
    """Refuse weights that are not finite.

    Raises:
        ModelError: naming the layers.
    """
    broken = [
        node.layer
        for node in graph
        if not all(np.isfinite(values).all() for values in node.arrays().values())
    ]
    if broken:
        raise ModelError(
            f"the weights of {', '.join(broken)} hold NaN or infinite values: the "
            "model's training diverged or its file is damaged"
        )


def _output_keys(model: keras.Model) -> list[str] | bool:
    if isinstance(model, keras.Sequential):
        return False
    outputs = model.output
    if isinstance(outputs, dict):
        return list(outputs)
    return isinstance(outputs, list | tuple)


class _Counted:
    """Batches, whose samples are counted as they pass."""

    def __init__(self, batches: Iterator[np.ndarray]) -> None:
        self.batches, self.samples = batches, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for x in self.batches:
            self.samples += len(x)
            yield x
