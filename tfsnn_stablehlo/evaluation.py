"""Scores, spikes, operations and energy against time, as ``tfsnn evaluate`` has them.

Table and JSON are the same, but for what compares with the ANN, which is not here. A
test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfsnn_numpy.energy import Energy
from tfsnn_numpy.errors import OptionError
from tfsnn_numpy.evaluation import Evaluation
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.opening import open_data
from tfsnn_numpy.results import doubling
from tfsnn_numpy.samples import Progress
from tfsnn_numpy.sums import Costs, Sums, batch_result
from tfsnn_numpy.tasks import Wanted
from tfsnn_stablehlo.manifest import EVALUATE
from tfsnn_stablehlo.program import Program


def evaluate(
    program: Program,
    data: Any,
    *,
    timesteps: Sequence[int] | None = None,
    limit: int | None = None,
    raw: bool = False,
    task: Wanted = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a program on data, after each of some numbers of steps.

    Args:
        program: a program from :func:`tfsnn_stablehlo.load`.
        data: anything that :func:`tfsnn_stablehlo.open_data` takes.
        timesteps: T of each row; 1, 2, 4, ... up to the program's T if None.
        limit: the most samples to use.
        raw: whether 8-bit values stay at 0..255, instead of 0..1.
        task: what the outputs answer (:mod:`tfsnn_numpy.tasks`), one for all or by
            output; found from heads, shapes and labels where it is not given.
        progress: wraps the batches, for a progress bar.

    Raises:
        OptionError: for steps that the program does not simulate, and an impossible
            `data`, `limit` or `task`.
        DataError: if data or labels do not fit.
        ProgramError: if the program cannot run on its device.
    """
    most = program.timesteps
    steps = sorted(set(doubling(most) if timesteps is None else timesteps))
    if not steps or steps[0] < 1 or steps[-1] > most:
        raise OptionError(
            f"timesteps={steps} must be from 1 to {most}, which the program simulates"
        )
    known = program.manifest["evaluation"]
    kept = True if raw else program.whole_inputs
    opened = open_data(data, program.inputs, raw=kept, limit=limit)
    judging = Judging.of(program.outputs, opened, task, program.hints)
    totals, costs = Sums(steps, judging), costs_of(known)
    for x, y in opened.batches(program.batch_size, progress, "evaluating"):
        seen = program.observed(program.run(EVALUATE, x))
        result = batch_result(steps, seen.over_time, seen.counts, costs)
        totals.add(result, judging.read(y))
    judged, energy = totals.judged(), Energy(**known["energy"])
    return Evaluation(
        totals.samples, totals.rows(costs, energy, judged), judged, energy
    )


def costs_of(known: dict[str, Any]) -> Costs:
    """Return the costs of the program, from "evaluation" of the manifest."""
    return Costs(
        known["pre_steps"],
        known["ann_macs"],
        [step["macs"] for step in known["steps"]],
        [step["latency"] for step in known["steps"]],
        {node["node"] for node in known["counted"] if node["spikes"]},
        multiplies=known.get("multiplies", False),
    )
