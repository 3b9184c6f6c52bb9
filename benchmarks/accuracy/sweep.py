"""Run a table of settings over convert and evaluate."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any, NamedTuple

import click
import keras

import tfsnn
from benchmarks.drawn import drawn
from benchmarks.inputs import Task, takes_task
from benchmarks.tables import Page, Report


class Setting(NamedTuple):
    """A conversion, the time steps that are read from it, and what its rows say."""

    method: str
    options: dict[str, Any]
    timesteps: tuple[int, ...]
    about: dict[str, Any]


def sweep(
    page: Page, settings: Mapping[str, Setting], draw: bool = False
) -> click.Command:
    """Make a command that measures settings and writes them as `page` says.

    A row, of one setting at one T, has the fields of its setting and of
    :func:`tfsnn.evaluate`, "points", the accuracy less that of the ANN, and "energies",
    the energy ratio by each model. Rows that the output has already are kept. With
    `draw`, calibration is on 1,024 samples of an npz file.
    """

    @click.command()
    @takes_task
    @click.option("--setting", "chosen", multiple=True, type=click.Choice(settings))
    def main(task: Task, chosen: tuple[str, ...]) -> None:
        """Measure every setting; write JSON, Markdown and, for some, a drawing."""
        name = task.model.name
        report = Report(task.output, page, keep=True, model=name)
        known = {(row["model"], row["setting"]) for row in report.document["rows"]}
        calibration: Any = task.calibration
        if draw:
            calibration = drawn(task.model, task.calibration)
        for label in chosen or settings:
            if (name, label) in known:
                continue
            method, options, timesteps, about = settings[label]
            snn = tfsnn.convert(task.model, calibration, method, **options)
            found = tfsnn.evaluate(
                snn, task.data, ann=task.model, timesteps=timesteps, limit=task.limit
            )
            setting = {"model": name, "setting": label, "method": method, **about}
            setting["used"] = snn.report.options
            report.document["samples"] = found.samples
            report.document["ann_accuracy"] = found.ann_accuracy
            for row, work in zip(found.to_dict()["rows"], found.counts, strict=True):
                row["energies"] = {
                    name: model.ratio(work)
                    for name, model in tfsnn.energy.profiles().items()
                }
                points = 100 * (row["accuracy"] - found.ann_accuracy)
                report.add({**setting, **row, "points": points, "loss": 0.0 - points})
            del snn
            keras.backend.clear_session()
            gc.collect()

    return main
