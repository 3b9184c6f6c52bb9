"""Conversion methods beside each other, on one network and the same samples."""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfsnn.analysis.compare.checkpoint import RESULTS, Finished, Rows
from tfsnn.analysis.compare.settings import TIMESTEPS, contestants
from tfsnn.analysis.comparison import ComparedRow, Comparison
from tfsnn.analysis.evaluate import evaluate
from tfsnn.analysis.plot import comparison as comparison_figure
from tfsnn.analysis.plot import save
from tfsnn.conversion.calibration import Calibration
from tfsnn.conversion.calibration import calibration as calibrate_for
from tfsnn.conversion.convert import convert
from tfsnn.data import Data, Progress, open_data
from tfsnn.data.digest import data_digest
from tfsnn.errors import DataError, OutputError, TfsnnError
from tfsnn.files import replacing
from tfsnn.hardware.energy import DEFAULT, EnergyProfile, profile
from tfsnn.network.digest import model_digest
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn.sources import import_model
from tfsnn_numpy.samples import check_count

REPEATS, LONG_ENOUGH = 3, 1.0  # runs that are timed at most; seconds after which fewer


def compare(
    model: keras.Model,
    calibration: Any,
    data: Any,
    methods: str | Sequence[str] = "all",
    timesteps: Sequence[int] = TIMESTEPS,
    alphabet: str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    raw: bool = False,
    limit: int | None = None,
    calibration_limit: int | None = None,
    seed: int = 0,
    batch_size: int = 50,
    energy: str | EnergyProfile = DEFAULT,
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> Comparison:
    """Convert a network by several methods, for several T each, and evaluate them all.

    Thresholds depend on T, so that each row is a conversion of its own, evaluated
    after its T steps. A method that fails gives a row that says why; the others go on.

    The seconds of a row are those of simulation alone, per sample, with spikes and
    operations counted: the best of up to three runs of the first batch, after one that
    traces and compiles. They are of this machine, and of `batch_size`.

    Args:
        model: trained, Functional or Sequential; it is left as it is.
        calibration: samples like those of training, a few hundred; anything that
            :func:`tfsnn.open_data` takes.
        data: to evaluate on, with labels or without.
        methods: names, in a list or with commas between; "all" for every method that
            can do the alphabet, at every T that it can do.
        timesteps: each T.
        alphabet: of the spikes (:func:`tfsnn.conversion.methods.alphabet.parse`); each
            method's own if None.
        options: of methods, by their names.
        raw: whether to keep 8-bit values at 0..255, instead of 0..1.
        limit, calibration_limit: samples used at most.
        seed: of conversions.
        batch_size: samples simulated at a time.
        energy: what an operation costs (:mod:`tfsnn.hardware.energy`), by name or
            itself.
        output: a folder. Each finished row is kept there at once, and not computed
            again when the same is compared; in the end it holds compare.csv,
            compare.json and compare.svg.
        overwrite: whether to start anew in a folder that holds another comparison.
        progress: wraps the batches, for a progress bar (:data:`tfsnn.data.Progress`).
        say: is told what is left out, and what is written.

    Raises:
        OptionError: for unknown methods, options, alphabets, or energy profiles.
        ModelError: for a model that cannot be converted by any method.
        DataError: for data that does not fit.
        OutputError: for a folder that cannot be written, or that holds the rows of
            another model, other data, another seed or another energy profile.
    """
    costs = profile(energy)
    wanted, left_out = contestants(methods, timesteps, alphabet, options)
    check_count("batch_size", batch_size)
    if say:
        for sentence in left_out:
            say(sentence)
    graph = import_model(model)
    kept = raw or graph.whole_inputs
    calibrating = open_data(
        calibration, graph.inputs, raw=kept, limit=calibration_limit
    )
    evaluating = open_data(
        data, graph.inputs, default_split="test", raw=kept, limit=limit
    )
    folder = None if output is None else Path(output)
    settings: dict[str, Any] = {}
    if folder is not None:
        settings = {
            "tfsnn": importlib.metadata.version("tfsnn"),
            "model": model_digest(graph),
            "calibration": data_digest(calibration, calibrating),
            "data": data_digest(data, evaluating),
            "calibration_limit": calibration_limit,
            "limit": limit,
            "raw": raw,
            "seed": seed,
            "energy": [costs.name, costs.mac_picojoules, costs.ac_picojoules],
        }
    known = calibrate_for(model, calibrating, seed=seed)
    finished = Rows(folder, settings, overwrite=overwrite)
    measure = _Measurement(model, known, evaluating, batch_size, costs)
    try:
        found = []
        for i, row in enumerate(wanted, 1):
            of_row = finished.get(row)
            if row.error is not None:
                of_row = Finished(row, 0, None)
            elif of_row is None:
                prefix = f"{i}/{len(wanted)} {row.method} T={row.timesteps}"
                of_row = measure(row, _prefixed(progress, prefix))
                finished.add(of_row)
            found.append(of_row)
    finally:
        finished.close()
    evaluated = [of_row for of_row in found if of_row.row.error is None]
    comparison = Comparison(
        evaluated[0].ann_accuracy if evaluated else None,
        evaluated[0].samples if evaluated else 0,
        tuple(of_row.row for of_row in found),
        costs,
        left_out,
    )
    if folder is not None:
        written = _write(comparison, folder, model.name)
        if say:
            say(f"wrote {', '.join(written)}")
    return comparison


class _Measurement:
    """Measures rows, on one network and the same samples."""

    def __init__(
        self,
        model: keras.Model,
        calibration: Calibration,
        data: Data,
        batch_size: int,
        costs: EnergyProfile,
    ) -> None:
        self.model, self.calibration, self.data = model, calibration, data
        self.batch_size, self.costs = batch_size, costs
        self.first_batch: Any = None

    def __call__(self, row: ComparedRow, progress: Progress | None) -> Finished:
        """The row with what was measured, or with why it could not be."""
        try:
            return self._measured(row, progress)
        except (DataError, OutputError):  # are no fault of the method
            raise
        except TfsnnError as error:
            return Finished(replace(row, error=str(error)), 0, None)
        finally:
            gc.collect()  # a Keras model is part of cycles, with its compiled functions

    def _measured(self, row: ComparedRow, progress: Progress | None) -> Finished:
        steps: Any = row.timesteps
        snn = convert(
            self.model,
            self.calibration,
            row.method,
            progress=progress,
            timesteps=steps,
            **row.options,
        )
        seconds = self._seconds(snn, steps)
        found = evaluate(
            snn,
            self.data,
            ann=self.model,
            timesteps=[steps],
            batch_size=self.batch_size,
            energy=self.costs,
            progress=progress,
        )
        (at_end,) = found.rows
        measured = replace(
            row,
            latency=at_end.latency,
            accuracy=at_end.accuracy,
            agreement=at_end.agreement,
            spikes=at_end.spikes,
            synops=at_end.synops,
            energy_ratio=at_end.energy_ratio,
            seconds=seconds,
        )
        return Finished(measured, found.samples, found.ann_accuracy)

    def _seconds(self, snn: SpikingModel, steps: int) -> float:
        """Seconds of simulation per sample; :func:`evaluate` then runs the same."""
        if self.first_batch is None:
            self.first_batch, _ = next(iter(self.data.batches(self.batch_size)))
        x = self.first_batch
        size = len(next(iter(x.values())) if isinstance(x, dict) else x)
        runs: list[float] = []
        for repeat in range(1 + REPEATS):
            start = time.perf_counter()
            # On a GPU a run has ended when its result is there.
            np.asarray(snn.run(x, steps, (OUTPUTS, COUNTS)).outputs[0])
            if repeat:  # the first one traces
                runs.append(time.perf_counter() - start)
            if sum(runs) > LONG_ENOUGH:
                break
        return min(runs) / size


def _prefixed(progress: Progress | None, prefix: str) -> Progress | None:
    """The progress bar, which says of which row it is."""
    if progress is None:
        return None

    def of_row(things: Iterable[Any], total: int | None, label: str) -> Iterable[Any]:
        return progress(things, total, f"{prefix}: {label}")

    return of_row


def _write(comparison: Comparison, folder: Path, name: str) -> list[str]:
    """Write the results, each whole or not at all, and say which."""
    table, document, plot = RESULTS
    texts = {
        table: comparison.to_csv(),
        document: json.dumps(comparison.to_dict(), indent=2) + "\n",
    }
    series: dict[str, list[ComparedRow]] = {}
    for row in comparison.rows:
        if row.error is None:
            series.setdefault(row.label, []).append(row)
    for file, text in texts.items():
        with replacing(folder / file, overwrite=True) as part:
            part.write_text(text, encoding="utf-8")
    written = [*texts]
    if series:
        with replacing(folder / plot, overwrite=True) as part:
            save(comparison_figure(series, comparison.ann_accuracy, name), part)
        written.append(plot)
    else:
        (folder / plot).unlink(missing_ok=True)  # is of an earlier run
    return [str(folder / file) for file in written]
