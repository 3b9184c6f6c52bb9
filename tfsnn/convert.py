"""From a trained Keras model to a spiking network: the whole story."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from tfsnn import methods
from tfsnn.calibrate import Reservoir, calibrate
from tfsnn.correct import correct
from tfsnn.data import Progress, open_data
from tfsnn.model import SpikingModel
from tfsnn.normalize import normalize_with_units
from tfsnn.passes import simplify
from tfsnn.report import report_conversion
from tfsnn.roles import refuse_running_sums
from tfsnn.sources import import_model


def convert(
    model: keras.Model,
    calibration: Any,
    method: str = "augmapping",
    *,
    raw: bool = False,
    strict: bool = False,
    limit: int | None = None,
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
        raw: whether to keep 8-bit values at 0..255, instead of 0..1.
        strict: whether to refuse a network that needs running sums, which send analog
            values: all that is not linear then is made of spikes.
        limit: calibration samples used at most.
        seed: of the places that are drawn for the statistics.
        batch_size: of the calibration sweep.
        progress: wraps the batches, for a progress bar (:data:`tfsnn.data.Progress`).
        options: of the method; ``timesteps`` among them.

    Raises:
        OptionError: for an unknown method or option.
        ModelError: for a model that cannot be converted; UnsupportedError names layers.
        DataError: for calibration data that does not fit.
        CalibrationError: for data from which no thresholds follow.
    """
    chosen = methods.make(method, options)
    graph = methods.prepare(chosen, simplify(import_model(model), strict=strict))
    if strict:
        refuse_running_sums(graph)
    kept = raw or graph.whole_inputs
    data = open_data(calibration, graph.inputs, raw=kept, limit=limit)
    batches = data.batches(batch_size, progress, "calibrating")
    drawn = Reservoir(chosen.corrections.samples if chosen.corrections else 0, seed)
    seen = (drawn.pass_on(graph.feed(x)) for x, _ in batches)
    statistics = calibrate(graph, seen, seed=seed)
    plan = chosen.plan(graph, statistics)
    spiking = correct(
        graph,
        normalize_with_units(graph, plan),
        drawn.samples(),
        chosen.timesteps,
        chosen.corrections,
        seed=seed,
        progress=progress,
    )
    chosen_options = dataclasses.asdict(chosen)  # type: ignore[call-overload]
    report = report_conversion(
        graph, statistics, plan, method=method, options=chosen_options, strict=strict
    )
    return SpikingModel(
        spiking,
        chosen.timesteps,
        report,
        _output_keys(model),
        name=f"{model.name}_snn",
    )


def _output_keys(model: keras.Model) -> list[str] | bool:
    """How the model arranges its outputs, as SpikingModel takes it."""
    if isinstance(model, keras.Sequential):
        return False
    outputs = model.output
    if isinstance(outputs, dict):
        return list(outputs)
    return isinstance(outputs, list | tuple)
