"""Compare conversion methods on one network and the same samples."""

from __future__ import annotations

import importlib.metadata
import json
import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from tfsnn.analysis.compare.checkpoint import RESULTS, FinishedRow, Rows
from tfsnn.analysis.compare.settings import Contest
from tfsnn.analysis.compare.stopwatch import Stopwatch
from tfsnn.analysis.comparison import ComparedOutput, ComparedRow, Comparison
from tfsnn.analysis.measured import Conditions, Setting, measured
from tfsnn.analysis.plot import comparison as comparison_figure
from tfsnn.analysis.plot import save
from tfsnn.conversion.calibration import HELD, Calibration, calibrated
from tfsnn.conversion.settings import grouped
from tfsnn.data import Progress, open_for
from tfsnn.data.digest import data_digest
from tfsnn.files import replacing
from tfsnn.hardware.energy import profile
from tfsnn.network.digest import model_digest
from tfsnn.sources import import_model

LOG = logging.getLogger(__name__)
# Settings of the calibration, by their names in compare.
OF_CALIBRATION = {
    "raw": "raw",
    "strict": "strict",
    "seed": "seed",
    "calibration_limit": "limit",
}
JUDGED = ("score", "agreement", "output_error")
MEASURED = ("latency", *JUDGED, "accuracy", "spikes", "synops", "energy_ratio")


def compare(
    model: keras.Model,
    calibration: Any,
    data: Any,
    contest: Contest | None = None,
    *,
    progress: Progress | None = None,
    **settings: Any,
) -> Comparison:
    """Convert a network by several methods, for several T each, and evaluate them all.

    Thresholds depend on T, so that each row is a conversion of its own, evaluated
    after its T steps. A method that fails gives a row that says why; the others go on.
    The logger "tfsnn" gets what is left out and what is written, at the level INFO.

    The seconds of a row are those of simulation alone, per sample, with spikes and
    operations counted: the best of up to three runs of the first batch, after one that
    traces and compiles. They hold for this machine and this `batch_size`.

    Args:
        model: the trained network, Functional or Sequential; it is not changed.
        calibration: samples like those of training, a few hundred; anything that
            :func:`tfsnn.open_data` takes, or a :class:`tfsnn.Calibration`.
        data: samples to evaluate on, with labels or without.
        contest: what is compared, and how; the defaults if None.
        progress: wraps the batches, for a progress bar (:data:`tfsnn.data.Progress`).
        settings: the fields of :class:`tfsnn.Contest` by name, and of the settings of
            :func:`tfsnn.calibration` `raw`, `strict`, `seed` and, as
            `calibration_limit`, `limit`.

    Raises:
        OptionError: for unknown methods, options, alphabets, or energy models.
        ModelError: for a model that cannot be converted by any method.
        DataError: for data that does not fit.
        OutputError: for a folder that cannot be written, or that holds the rows of
            another model, other data, another seed or another energy model.
    """
    wanted, of_calibration = grouped(Contest, contest, settings, OF_CALIBRATION)
    rows, left_out = wanted.contestants()
    for sentence in left_out:
        LOG.info(sentence)
    known = calibrated(model, calibration, of_calibration, HELD)
    raw = known.raw or ()
    evaluating = open_for(known.graph, data, raw=raw, limit=wanted.limit)
    costs, batch_size = profile(wanted.energy), wanted.batch_size
    folder = None if wanted.output is None else Path(wanted.output)
    compared: dict[str, Any] = {}
    if folder is not None:
        given = known.data if isinstance(calibration, Calibration) else calibration
        compared = {
            "tfsnn": importlib.metadata.version("tfsnn"),
            "model": model_digest(import_model(model)),
            "calibration": data_digest(given, known.data),
            "data": data_digest(data, evaluating),
            "calibration_limit": known.settings.limit,
            "limit": wanted.limit,
            "raw": list(raw),
            "seed": known.seed,
            "energy": [v for k, v in costs.to_dict().items() if k != "source"],
            "engine": wanted.engine,
            "task": wanted.task,
        }
    stopwatch = Stopwatch(evaluating, batch_size)
    conditions = Conditions(
        known,
        evaluating,
        costs,
        batch_size,
        stopwatch,
        wanted.engine,
        wanted.task,
    )
    finished = Rows(folder, compared, overwrite=wanted.overwrite)
    try:
        found = []
        for i, row in enumerate(rows, 1):
            of_row = finished.get(row)
            if row.error is not None:
                of_row = FinishedRow(row, 0, ())
            elif of_row is None:
                prefix = f"{i}/{len(rows)} {row.method} T={row.timesteps}"
                of_row = _finished(row, conditions, _prefixed(progress, prefix))
                finished.add(of_row)
            found.append(of_row)
    finally:
        finished.close()
    evaluated = [of_row for of_row in found if of_row.row.error is None]
    comparison = Comparison(
        evaluated[0].samples if evaluated else 0,
        tuple(of_row.row for of_row in found),
        evaluated[0].outputs if evaluated else (),
        costs,
        left_out,
    )
    if folder is not None:
        LOG.info(f"wrote {', '.join(_write(comparison, folder, model.name))}")
    return comparison


def _finished(
    row: ComparedRow, conditions: Conditions, progress: Progress | None
) -> FinishedRow:
    """Measure a row; one that cannot be measured gets the reason as its error."""
    steps: Any = row.timesteps  # None only in a row with an error
    setting = Setting(row.method, row.options, steps)
    found = measured(setting, conditions, progress)
    if isinstance(found, str):
        return FinishedRow(replace(row, error=found), 0, ())
    (at_end,) = found.evaluation.rows
    values: dict[str, Any] = {name: getattr(at_end, name) for name in MEASURED}
    judged = found.evaluation.outputs
    outputs = {
        each.output: {name: getattr(each.figures[0], name) for name in JUDGED}
        for each in judged
        if len(judged) > 1
    }
    whole = replace(row, **values, seconds=found.seconds, outputs=outputs)
    known = tuple(map(ComparedOutput.of, judged))
    return FinishedRow(whole, found.evaluation.samples, known)


def _prefixed(progress: Progress | None, prefix: str) -> Progress | None:
    """Prefix the label of a progress bar with the name of the row."""
    if progress is None:
        return None

    def of_row(things: Iterable[Any], total: int | None, label: str) -> Iterable[Any]:
        return progress(things, total, f"{prefix}: {label}")

    return of_row


def _write(comparison: Comparison, folder: Path, name: str) -> list[str]:
    """Write each result file, whole or not at all; return their paths."""
    table, document, plot = RESULTS
    texts = {
        table: comparison.to_csv(),
        document: json.dumps(comparison.to_dict(), indent=2) + "\n",
    }
    over, series = comparison.series()
    for file, text in texts.items():
        with replacing(folder / file, overwrite=True) as part:
            part.write_text(text, encoding="utf-8")
    written = [*texts]
    if series:
        with replacing(folder / plot, overwrite=True) as part:
            task = comparison.task or "classification"
            figure = comparison_figure(
                series, comparison.ann_score, name, task=task, over=over
            )
            save(figure, part)
        written.append(plot)
    else:
        (folder / plot).unlink(missing_ok=True)  # drawn by an earlier run
    return [str(folder / file) for file in written]
