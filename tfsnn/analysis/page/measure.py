"""Measure each sample for the page, in one sweep over the data.

:func:`tfsnn.evaluate` gives means over samples; confidence intervals need their spread,
and the page shows the samples on which the two networks differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np

from tfsnn.analysis.intervals import Interval, mean
from tfsnn.analysis.page.columns import OutputBatch, OutputColumns
from tfsnn.analysis.page.outputs import OutputMeasured, Sample
from tfsnn.data import Batch
from tfsnn.errors import OptionError
from tfsnn.simulation.engines import as_engine
from tfsnn.simulation.results import Results
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn.simulation.sweep import sweep
from tfsnn_numpy.counts import Counts
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.sums import Sums


@dataclass(frozen=True)
class Measured:
    """The results of every sample after each of some numbers of steps.

    Attributes:
        steps: time steps of the rows, in order.
        outputs: what was measured of each output.
        counts: spikes, coefficients, and the accumulates of both, from the start,
            ``(rows, N, 4)``.
        work, work_events: all work of a sample in each row, by layer; a spike of
            coefficient c is c spikes in the first, one in the second.
        chosen: the samples asked for, by their number, as the first output has them.
    """

    steps: tuple[int, ...]
    outputs: tuple[OutputMeasured, ...]
    counts: np.ndarray
    work: tuple[Counts, ...]
    work_events: tuple[Counts, ...]
    chosen: dict[int, Sample]

    @property
    def samples(self) -> int:
        """The number of samples N."""
        return self.counts.shape[1]

    def count(self, row: int, column: int) -> Interval:
        """Return the mean over samples of one of the counts."""
        return mean(self.counts[row, :, column])

    def sample(self, number: int) -> Sample:
        """Return a sample that was asked for, or one of those that differ most."""
        differing = {each.number: each for each in self.outputs[0].differing}
        return self.chosen.get(number) or differing[number]


def measure(
    model: keras.Model,
    network: Any,
    batches: Iterable[Batch],
    steps: Sequence[int],
    judging: Judging,
    *,
    wanted: Collection[int] = (),
) -> Measured:
    """Run both networks on all samples.

    Args:
        model: the ANN.
        network: the converted network or its engine.
        batches: the samples in batches, perhaps with a progress bar.
        steps: time steps of the rows, in order.
        judging: the tasks of the outputs.
        wanted: samples that are to be kept, counted from 0.

    Raises:
        DataError: for labels that do not fit their task.
        OptionError: if there is no such sample as one wanted.
    """
    engine = as_engine(network).until(steps[-1])
    networks: dict[str, Callable[[Any], Results]] = {
        "network": partial(engine.run, observe=(OUTPUTS, COUNTS)),
        "ann": as_engine(model).run,
    }
    columns = [OutputColumns(task) for task in judging.tasks]
    sums = Sums(steps, judging, compared=True)
    counts = []
    costs = engine.costs()
    chosen: dict[int, Sample] = {}
    for x, y, seen, _ in sweep(networks, batches, steps=steps, costs=costs):
        found, ann, labels = seen["network"], seen["ann"].last, judging.read(y)
        counts.append(found.counts)
        done = sums.samples
        sums.add(found, labels, seen["ann"].outputs)
        parts = [
            OutputBatch(done, x, *of_output)
            for of_output in zip(found.outputs, ann, labels, strict=True)
        ]
        for column, part in zip(columns, parts, strict=True):
            column.add(part)
        for number in wanted:
            if done <= number < sums.samples:
                chosen[number] = parts[0].sample(judging.tasks[0], number - done)
    if missing := sorted(set(wanted) - set(range(sums.samples))):
        raise OptionError(
            f"there is no sample {', '.join(map(str, missing))}: there are "
            f"{sums.samples}, counted from 0"
        )
    outputs = zip(columns, sums.judged(), strict=True)
    return Measured(
        steps=tuple(steps),
        outputs=tuple(column.measured(judged) for column, judged in outputs),
        counts=np.concatenate(counts, 1),
        work=sums.all_work(costs),
        work_events=sums.all_work(costs, events=True),
        chosen=chosen,
    )
