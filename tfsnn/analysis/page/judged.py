"""What the page says of each output: its table, its figures, and where it differs."""

from __future__ import annotations

import math
from typing import NamedTuple

from tfsnn.analysis import plot
from tfsnn.analysis.page import formats
from tfsnn.analysis.page.figures import Figure, figure
from tfsnn.analysis.page.measure import Measured
from tfsnn.analysis.page.outputs import OutputMeasured
from tfsnn.analysis.page.samples import ShownSample, shown_sample
from tfsnn.analysis.page.table import Table
from tfsnn.analysis.plot.evaluation import panels_of


class ShownOutput(NamedTuple):
    """An output as the page shows it.

    Attributes:
        name: its name, empty where it is the only one.
        task: the name of its task.
        figures: score, agreement and error against time steps.
        table: the same as numbers.
        scatters: the SNN's outputs against the ANN's, for numbers.
        differing: a sentence on the samples below.
        samples: those that differ most.
    """

    name: str
    task: str
    figures: list[Figure]
    table: Table
    scatters: list[Figure]
    differing: str
    samples: list[ShownSample]


def shown_outputs(measured: Measured) -> list[ShownOutput]:
    """Return each output as the page shows it."""
    several = len(measured.outputs) > 1
    return [
        ShownOutput(
            name=found.judged.output if several else "",
            task=found.judged.task,
            figures=_over_time(measured, found, f"judged-{i}"),
            table=_table(measured, found),
            scatters=_scatters(found, f"outputs-{i}"),
            differing=_differing(measured, found),
            samples=[shown_sample(found, sample) for sample in found.differing],
        )
        for i, found in enumerate(measured.outputs)
    ]


def key_figures(measured: Measured) -> list[tuple[str, str, str]]:
    """Return name, value and remark of the key figures of all outputs."""
    keys, last = [], len(measured.steps) - 1
    for found in measured.outputs:
        task, of = found.task, ""
        if len(measured.outputs) > 1:
            of = f"{found.judged.output}: "
        title = task.title()
        title = title if title.isupper() else title.lower()
        for name, score in (("SNN", found.score(last)), ("ANN", found.ann_score)):
            if score is not None:
                value = task.text(score.value)
                interval = formats.score_interval(task, score)
                keys.append((f"{of}{name} {title}", value, interval))
        for name, share in (
            ("Agreement", found.agreement(last)),
            ("Output error", found.error(last)),
        ):
            if share is not None:
                value = formats.share(share.value)
                keys.append((f"{of}{name}", value, formats.share_interval(share)))
    return keys


def _over_time(measured: Measured, found: OutputMeasured, name: str) -> list[Figure]:
    """Draw the panels of an output."""
    rows = list(enumerate(measured.steps))
    score, agreement, error = (
        [(t, estimate) for i, t in rows if (estimate := of(i)) is not None]
        for of in (found.score, found.agreement, found.error)
    )
    ann = found.ann_score
    panels = panels_of(
        type(found.task), score, agreement, error, ann and float(ann.value)
    )
    of = f"{found.judged.output}: " if len(measured.outputs) > 1 else ""
    figures = []
    for i, panel in enumerate(panels):
        names = list(panel.curves)
        text = " and ".join([names[0], *(each.lower() for each in names[1:])])
        text = text.replace("the ann", "the ANN")
        drawn = plot.over_time(
            panel.curves, panel.axis, level=panel.level, unit=panel.unit
        )
        known = (found for points in panel.curves.values() for _, found in points)
        bands = "; bands are 95 % intervals"
        if all(math.isnan(found.low) for found in known):
            bands = ""
        caption = f"{of}{text} against time steps{bands}."
        figures.append(figure(drawn, f"{name}-{i}", caption))
    return figures


def _table(measured: Measured, found: OutputMeasured) -> Table:
    """Return all that is known of an output, a row for each T and one for the ANN."""
    task, last = found.task, len(measured.steps) - 1
    columns: dict[str, list[str]] = {"T": [*map(str, measured.steps), "ANN"]}
    rows = range(last + 1)

    def add(name: str, values: list[str], intervals: list[str]) -> None:
        columns[name], columns[f"{name}, 95 %"] = values, intervals

    scores = [*(found.score(i) for i in rows), found.ann_score]
    if any(score is not None for score in scores):
        values = [task.text(score and score.value) for score in scores]
        intervals = [formats.score_interval(task, score) for score in scores]
        add(task.title(), values, intervals)
    for name, of in (("agreement", found.agreement), ("output error", found.error)):
        shares = [of(i) for i in rows]
        if any(share is not None for share in shares):
            values = [formats.share(share and share.value) for share in shares]
            intervals = [formats.share_interval(share) for share in shares]
            add(name, [*values, formats.NONE], [*intervals, formats.NONE])
    of_ann = found.judged.ann.scores if found.judged.ann else {}
    for name in found.figures(last).scores:
        if name != task.metric:
            each = [*(found.figures(i).scores for i in rows), of_ann]
            columns[name.replace("_", " ")] = [
                f"{scores[name]:.4f}" if name in scores else formats.NONE
                for scores in each
            ]
    if not of_ann and found.ann_score is None:
        columns = {name: values[:-1] for name, values in columns.items()}
    return Table(tuple(columns), list(zip(*columns.values(), strict=True)))


def _scatters(found: OutputMeasured, name: str) -> list[Figure]:
    """Draw numbers of the SNN against those of the ANN, a figure for each."""
    if found.drawn is None:
        return []
    ann, snn = found.drawn
    return [
        figure(
            plot.decoded(ann[:, i], snn[:, i], f"{found.judged.output} {i}", seed=0),
            f"{name}-{i}",
            f"Value {i} of {found.judged.output} for {len(ann):,} samples, SNN "
            "against ANN; on the line they are equal.",
        )
        for i in range(ann.shape[1])
    ]


def _differing(measured: Measured, found: OutputMeasured) -> str:
    """Return a sentence on the samples that differ."""
    task, count, shown = found.task, found.different, len(found.differing)
    of = f"{count:,} of {measured.samples:,} samples"
    if not count:
        return f"On none of the {measured.samples:,} samples."
    if task.kept:
        return f"The {shown} of {measured.samples:,} samples whose vectors differ most."
    if not task.decides:
        return (
            f"The {shown} of {measured.samples:,} samples with the largest errors, the "
            "root mean square difference of the two outputs, in their unit."
        )
    if task.decided != "samples":
        return (
            f"{of} have other decisions in some of their {task.decided}; the {shown} "
            "that have most of them."
        )
    first = f"; the first {shown} of them" if count > shown else ""
    numbers = "1 is yes and 0 is no"
    if task.output.size > 1:
        numbers = "Classes are counted from 0"
    steps = ", ".join(map(str, measured.steps))
    return f"{of}{first}. {numbers}; last, those of the SNN after {steps} steps."


def stretched(outputs: list[ShownOutput]) -> bool:
    """Return whether any picture was stretched to its own range."""
    return any(
        image.stretched
        for output in outputs
        for sample in output.samples
        for image in sample.pictures
    )
