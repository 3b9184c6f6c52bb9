"""Scores, nearness to the ANN, spikes and operations of a network against time.

The costs of operations are those of :mod:`tfsnn.hardware.energy`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import tensorflow as tf

import tfsnn_numpy.evaluation
from tfsnn.analysis.early_exit import ExitEvaluation, evaluate_exit
from tfsnn.data import OverTime, Progress, open_for
from tfsnn.errors import ModelError, OptionError
from tfsnn.hardware.energy import DEFAULT, EnergyProfile, profile
from tfsnn.simulation.devices.strategy import (
    shared_out,
    summed,
    task_number,
    workers_of,
)
from tfsnn.simulation.engines import Engine, as_engine
from tfsnn.simulation.engines.elements import ElementEngine
from tfsnn.simulation.engines.frames import StillFrames, frames_of
from tfsnn.simulation.engines.judging import judging
from tfsnn.simulation.over_time import refuse_frames
from tfsnn.simulation.results import Results
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn.simulation.sweep import sweep
from tfsnn_numpy.checks import check_counts
from tfsnn_numpy.defaults import BATCH_SIZE
from tfsnn_numpy.results import doubling
from tfsnn_numpy.sums import Sums
from tfsnn_numpy.tasks import Wanted

NETWORK, ANN = "network", "ann"


@dataclass(frozen=True)
class Evaluation(tfsnn_numpy.evaluation.Evaluation):
    """The result of :func:`evaluate`.

    Attributes:
        early_exit: the result of early exit, for a network that has one.
    """

    early_exit: ExitEvaluation | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; "early_exit" is there if the network has one."""
        exits = (
            {} if self.early_exit is None else {"early_exit": asdict(self.early_exit)}
        )
        return {**super().to_dict(), **exits}

    def __str__(self) -> str:
        early_exit = [str(self.early_exit)] if self.early_exit else []
        return "\n".join([super().__str__(), *early_exit])


def evaluate(
    network: Any,
    data: Any,
    *,
    ann: Any = None,
    timesteps: Sequence[int] | None = None,
    limit: int | None = None,
    batch_size: int = BATCH_SIZE,
    strategy: tf.distribute.Strategy | None = None,
    energy: str | EnergyProfile = DEFAULT,
    task: Wanted = None,
    progress: Progress | None = None,
    over_time: bool | OverTime = False,
    steps_per_frame: int | None = None,
    readout: str | int | None = None,
) -> Evaluation:
    """Evaluate a spiking network after each of some numbers of steps.

    One simulation of the largest number gives every row, for outputs can be read after
    any step. On one device, a network with an early exit is then run with and without
    it, to measure the steps and the time that it saves.

    With `over_time` samples are sequences of frames, which the network takes as a
    :meth:`tfsnn.SpikingModel.stream` does; a row is what it says after a frame, and
    what all frames so far have cost. The ANN takes each frame by itself, a recurrent
    one with the state that it has, and what it says of them is read in the same way.

    Args:
        network: a network from :func:`tfsnn.convert`, or anything that
            :func:`tfsnn.simulation.engines.as_engine` takes.
        data: anything that :func:`tfsnn.open_data` takes, with labels or without. Over
            time, sequences ``(N, F, *input shape)`` and labels of samples.
        ann: the network it was converted from, for its score and how near the two are:
            a Keras model, or an engine.
        timesteps: T of each row; 1, 2, 4, ... up to the network's T if None. Over
            time, the numbers of frames; all of them if None.
        limit: the most samples to use.
        batch_size: samples simulated at a time, on each device.
        strategy: its devices and workers share the batches; models loaded in its
            scope have their weights on each device. Every worker gets the result,
            which is that of one process (:mod:`tfsnn.simulation.devices.strategy`). The
            data has to come in the same order on each worker.
        energy: an energy profile or its name (:mod:`tfsnn.hardware.energy`).
        task: what the outputs answer (:mod:`tfsnn_numpy.tasks`), one for all or by
            output; found from heads, shapes and labels where it is not given.
        progress: wraps the batches, for a progress bar (:data:`tfsnn.data.Progress`).
        over_time: whether inputs change over time; an :class:`tfsnn.OverTime` says
            how sequences are read, of how many frames.
        steps_per_frame, readout: as for :meth:`tfsnn.SpikingModel.stream`.

    Raises:
        OptionError: if `timesteps` is empty, not positive, or more than the network can
            run, for a network without time, and for an unknown energy profile or task.
            With `over_time` for a network that needs the whole input, and a strategy.
        DataError: if data, labels or `ann` do not fit.
        WorkerError: if a worker was lost, or was given other data or arguments.
    """
    prices = profile(energy)
    engine = as_engine(network)
    total = engine.timesteps
    if total is None:
        raise OptionError(
            f"{engine.name} is not a spiking network, so nothing of it changes with "
            "time: convert it first"
        )
    reference = None
    if ann is not None:
        reference = _matched(_ann_engine(ann, engine), engine)
    opened = open_for(engine, data, limit=limit, over_time=over_time)
    if opened.frames is not None:
        engine = frames_of(engine, opened.frames, steps_per_frame, readout)
        usual = list(range(1, engine.timesteps + 1))
        if reference is not None:
            reference = StillFrames(reference, engine.timesteps, engine.readout)
    else:
        refuse_frames(steps_per_frame, readout)
        usual = doubling(total)
    steps = check_counts("timesteps", usual if timesteps is None else timesteps)
    engine = engine.until(steps[-1])
    judged_by = judging(engine, opened, task)
    used = [engine] if reference is None else [engine, reference]
    workers = workers_of(strategy)
    if strategy is not None:
        _check_traceable(used)
    networks: dict[str, Callable[[Any], Results]] = {
        NETWORK: partial(engine.run, observe=(OUTPUTS, COUNTS))
    }
    if reference is not None:
        networks[ANN] = reference.run
    totals = Sums(steps, judged_by, compared=reference is not None)
    costs = engine.costs()
    if len(workers) > 1:
        judged_by.where += " (in the part of this worker)"
    batches = shared_out(opened, batch_size, workers, progress, "evaluating")
    for swept in sweep(
        networks,
        batches,
        steps=steps,
        costs=costs,
        strategy=strategy,
        batch_size=batch_size,
    ):
        ann_outputs = None if reference is None else swept.seen[ANN].outputs
        totals.add(swept.seen[NETWORK], judged_by.read(swept.y), ann_outputs)
        workers.check()
    if len(workers) > 1:
        sample = tf.nest.flatten(next(iter(opened.part(0, 1).batches(1))))
        names = [task.name for task in judged_by.tasks]
        asked = steps, batch_size, opened.size, opened.limit, prices, names
        digests = [each.digest for each in used]
        number = task_number(asked, *digests, *sample)
        totals.set(summed(strategy, workers, totals.vector(), number))
    judged = totals.judged()
    rows = totals.rows(costs, prices, judged)
    found = Evaluation(totals.samples, rows, judged, prices, opened.over_time)
    if engine.early_exit is None or strategy is not None:
        return found
    batches = opened.batches(batch_size, progress, "with early exit")
    exits = evaluate_exit(as_engine(network), batches, judged_by)
    return replace(found, early_exit=exits)


def _check_traceable(engines: Sequence[Engine]) -> None:
    for engine in engines:
        if not engine.traceable:
            raise OptionError(
                f"the engine {engine.kind} of {engine.name} cannot run on the devices "
                "of a strategy: leave the strategy out"
            )


def _ann_engine(ann: Any, engine: Engine) -> Engine:
    """Return the engine of the ANN, which takes what the network takes."""
    return ElementEngine.of(ann) if engine.by_element else as_engine(ann)


def _matched(ann: Engine, engine: Engine) -> Engine:
    """Return the ANN, after checking that it takes the network's inputs."""
    if list(ann.inputs.values()) != list(engine.inputs.values()):
        raise ModelError(
            f"the ANN {ann.name} takes {dict(ann.inputs)}, the network "
            f"{dict(engine.inputs)}: give the model that was converted"
        )
    return ann
