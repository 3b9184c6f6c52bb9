"""From a trained Keras model to a spiking network: the whole story."""

from __future__ import annotations

from typing import Any

import keras

from tfsnn.conversion import methods
from tfsnn.conversion.calibration import calibrated
from tfsnn.conversion.correct import correct
from tfsnn.conversion.normalize import normalize_with_units
from tfsnn.conversion.precision import check_precision, with_precision
from tfsnn.conversion.report import report_conversion
from tfsnn.conversion.trial import refined
from tfsnn.data import Progress
from tfsnn.simulation.model import SpikingModel
from tfsnn.sources.keras_model.structure import output_keys


def convert(
    model: keras.Model,
    calibration: Any,
    method: str = "augmapping",
    *,
    precision: str = "float32",
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
            ``(N, *input shape)``, or anything that :func:`tfsnn.open_data` takes. Or
            what :func:`tfsnn.calibration` made of the model and such data, with the
            settings from `raw` to `batch_size`, for several conversions.
        method: a name from :func:`tfsnn.methods.methods`.
        precision: of the synapses that receive spikes, "float32" or "bfloat16"
            (:mod:`tfsnn.conversion.precision`).
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
    check_precision(precision)
    chosen = methods.make(method, options)
    known = calibrated(
        model,
        calibration,
        raw=raw,
        strict=strict,
        limit=limit,
        seed=seed,
        batch_size=batch_size,
    )
    graph, wanted = known.prepared(chosen), chosen.samples
    statistics = known.statistics(graph, samples=wanted, progress=progress)
    plan = chosen.plan(graph, statistics)
    plan = refined(chosen, plan, graph, statistics, known.samples, progress)
    spiking = correct(
        graph,
        normalize_with_units(graph, plan),
        known.samples(wanted),
        chosen.timesteps,
        chosen.corrections,
        seed=known.seed,
        progress=progress,
    )
    report = report_conversion(
        graph,
        statistics,
        plan,
        method=method,
        options=chosen.values,
        strict=known.strict,
        precision=precision,
    )
    return SpikingModel(
        with_precision(spiking, precision),
        chosen.timesteps,
        report,
        output_keys(model),
        name=f"{model.name}_snn",
    )
