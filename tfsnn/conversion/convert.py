"""From a trained Keras model to a spiking network: the whole story."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras

from tfsnn.conversion import methods
from tfsnn.conversion.calibration import calibrated
from tfsnn.conversion.correct.smooth import correct_where_it_helps
from tfsnn.conversion.default import default_method, without_loss
from tfsnn.conversion.integers import in_integers, on_grid, with_reset
from tfsnn.conversion.integers.bounds import SAMPLES
from tfsnn.conversion.integers.equalise import equalised
from tfsnn.conversion.integers.settings import NAMES as INTEGER_SETTINGS
from tfsnn.conversion.integers.settings import integer_settings
from tfsnn.conversion.normalize import normalize_with_units
from tfsnn.conversion.plan import Corrections
from tfsnn.conversion.precision import check_precision, with_precision
from tfsnn.conversion.report import report_conversion
from tfsnn.conversion.settings import ENDS, SETTINGS, split, split_ends
from tfsnn.conversion.spiking_ends import counted_alike, with_ends
from tfsnn.conversion.trial import refined
from tfsnn.data import Progress
from tfsnn.network.roles import refuse_running_sums
from tfsnn.simulation.model import SpikingModel
from tfsnn.sources.keras_model.structure import output_keys
from tfsnn.sources.parts import part_of
from tfsnn_numpy.defaults import METHOD, PRECISION


def convert(
    model: keras.Model,
    calibration: Any,
    method: str | None = None,
    *,
    precision: str = PRECISION,
    progress: Progress | None = None,
    **options: Any,
) -> SpikingModel:
    """Convert a trained model into a spiking network.

    Args:
        model: Functional or Sequential, trained; it is left as it is.
        calibration: samples like those of training, a few hundred: an array
            ``(N, *input shape)``, or anything that :func:`tfsnn.open_data` takes. Or
            what :func:`tfsnn.calibration` made of the model and such data, for several
            conversions.
        method: a name from :func:`tfsnn.methods.methods`. None, without options: for a
            network whose activations are all quantised, "radix" with a step for each
            bit, which loses nothing, for others "ttfs". None, with options:
            "augmapping".
        precision: the precision of synapses that receive spikes, "float32" or
            "bfloat16" (:mod:`tfsnn.conversion.precision`); or the format of integer
            weights, "int8", "int4", "int2" or "ternary", which makes everything an
            integer (:mod:`tfsnn.conversion.integers`).
        progress: wraps the batches, for a progress bar (:data:`tfsnn.data.Progress`).
        options: options of the method, ``timesteps`` among them; for integers
            `scales`, "channel" or "layer", what has a scale of its own, and
            `potential_bits`, the width of potentials; `spiking_input` and
            `spiking_output`, for inputs that come as spikes and outputs that are counts
            of spikes (:mod:`tfsnn.conversion.spiking_ends`); and the settings of
            :func:`tfsnn.calibration`: `raw`, `strict`, `limit`, `seed`, `batch_size`,
            and `over_time` for samples that are sequences, ``(N, F, *input shape)``. A
            recurrent model is then converted for one element at a time
            (:meth:`tfsnn.SpikingModel.stream`), and samples are as it takes them,
            ``(N, F, ...)``, of any length.

    Raises:
        OptionError: for an unknown method, option or setting, and for a setting that
            is not that of the calibration given.
        ModelError: for a model that cannot be converted; UnsupportedError names layers.
        DataError: for calibration data that does not fit.
        CalibrationError: for data from which no thresholds follow.
    """
    check_precision(precision)
    settings, own = split(options)
    integers, own = integer_settings(precision, own)
    ends, own = split_ends(own)
    asked = method is not None or bool(own)
    method = method or METHOD
    chosen = methods.make(method, own, (*SETTINGS, *INTEGER_SETTINGS, *ENDS))
    known = calibrated(model, calibration, settings)
    if not asked:
        method, usual = default_method(known.graph)
        chosen = methods.make(method, usual)
    graph, wanted = with_ends(known.prepared(chosen), ends, known), chosen.samples
    statistics = known.statistics(graph, samples=wanted, progress=progress)
    plan = chosen.plan(graph, statistics)
    plan = refined(chosen, plan, graph, statistics, known.samples, progress)
    if integers is not None:
        plan = with_reset(plan, integers)
        plan = equalised(graph, plan, integers, known.ranges, chosen.timesteps)
    if ends.spiking_output:
        plan = counted_alike(plan, graph)
    normalized = normalize_with_units(graph, plan)
    if known.strict:
        refuse_running_sums(normalized.graph)  # scales may have changed what is pooled
    if integers is not None:
        steps = chosen.timesteps
        normalized = on_grid(normalized, integers, known.ranges, steps)
    spiking = correct_where_it_helps(
        graph,
        normalized,
        known.samples(wanted),
        chosen.timesteps,
        Corrections() if plan.exact else replace(chosen.corrections, seed=known.seed),
        progress,
    )
    if integers is None:
        spiking, counted = with_precision(spiking, precision), None
    else:
        x = known.samples(SAMPLES)
        spiking, counted = in_integers(spiking, normalized.grid, chosen.timesteps, x)
    report = report_conversion(spiking, statistics, plan, method, chosen.values)
    return SpikingModel(
        spiking,
        chosen.timesteps,
        replace(
            report,
            quantized=without_loss(graph, plan.exact),
            strict=known.strict,
            precision=precision,
            integers=counted,
            raw=known.raw,
            ranges=known.ranges,
            heads={output.name: output.head for output in known.outputs},
            tasks=known.tasks(),
            part=part_of(model),
        ),
        output_keys(model),
        name=f"{model.name}_snn",
    )
