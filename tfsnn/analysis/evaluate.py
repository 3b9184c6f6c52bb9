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
from tfsnn.hardware.energy import DEFAULT, EnergyModel, profile, profiles
from tfsnn.hardware.energy.side_by_side import Priced, side_by_side, verdict
from tfsnn.simulation.compiled import TENSORFLOW
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
from tfsnn_numpy.counts import Counts
from tfsnn_numpy.defaults import BATCH_SIZE
from tfsnn_numpy.results import doubling
from tfsnn_numpy.sums import Costs, Sums
from tfsnn_numpy.tasks import Wanted

NETWORK, ANN = "network", "ann"


@dataclass(frozen=True)
class Evaluation(tfsnn_numpy.evaluation.Evaluation):
    """The result of :func:`evaluate`.

    Attributes:
        early_exit: the result of early exit, for a network that has one.
        counts: the work of a sample in each row, by layer, for energy models; a spike
            of coefficient c is c spikes. Empty where nothing is counted.
        counts_events: the same, each spike as one.
        simulated_by: the engine that simulated, and why not the one that was asked for.
    """

    early_exit: ExitEvaluation | None = None
    counts: tuple[Counts, ...] = ()
    counts_events: tuple[Counts, ...] = ()
    simulated_by: str = TENSORFLOW

    @property
    def energies(self) -> tuple[Priced, ...]:
        """The energy of the last row by every energy model."""
        if not self.counts:
            return ()
        return side_by_side(self.counts[-1], self.counts_events[-1], self.energy)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the energy, in sentences; none of arithmetic alone."""
        known = [each for each in self.energies if each.ratio is not None]
        if not known or not self.counts[-1].layers:
            return ()
        others = [each.text for each in known if each.name != self.energy.name]
        unit = "frame" if self.over_time else "T ="
        return (
            f"energy ratio by other models, {unit} {self.rows[-1].timesteps}: "
            f"{', '.join(others)}",
            verdict(known),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; "early_exit" is there if the network has one."""
        found = super().to_dict()
        if self.energies:
            found["energies"] = [each.to_dict() for each in self.energies]
            found["notes"] = list(self.notes)
        if self.early_exit is not None:
            found["early_exit"] = asdict(self.early_exit)
        if self.simulated_by != TENSORFLOW:
            found["simulated_by"] = self.simulated_by
        return found

    def __str__(self) -> str:
        lines = [super().__str__(), *self.notes]
        if self.early_exit:
            lines.append(str(self.early_exit))
        if self.simulated_by != TENSORFLOW:
            lines.append(f"simulated by {self.simulated_by}")
        return "\n".join(lines)


def evaluate(
    network: Any,
    data: Any,
    *,
    ann: Any = None,
    timesteps: Sequence[int] | None = None,
    limit: int | None = None,
    batch_size: int = BATCH_SIZE,
    strategy: tf.distribute.Strategy | None = None,
    energy: str | EnergyModel = DEFAULT,
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
        energy: an energy model or its name (:mod:`tfsnn.hardware.energy`).
        task: what the outputs answer (:mod:`tfsnn_numpy.tasks`), one for all or by
            output; found from heads, shapes and labels where it is not given.
        progress: wraps the batches, for a progress bar (:data:`tfsnn.data.Progress`).
        over_time: whether inputs change over time; an :class:`tfsnn.OverTime` says
            how sequences are read, of how many frames.
        steps_per_frame, readout: as for :meth:`tfsnn.SpikingModel.stream`.

    Raises:
        OptionError: if `timesteps` is empty, not positive, or more than the network can
            run, for a network without time, for an unknown energy model or task, and
            for an energy model that reads layers where an engine counts none.
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
    check_counted(prices, costs, engine)
    totals.expect(costs)
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
    found = Evaluation(
        totals.samples,
        rows,
        judged,
        prices,
        opened.over_time,
        counts=totals.all_work(costs),
        counts_events=totals.all_work(costs, events=True),
        simulated_by=engine.ran_by,
    )
    if engine.early_exit is None or strategy is not None:
        return found
    batches = opened.batches(batch_size, progress, "with early exit")
    exits = evaluate_exit(as_engine(network), batches, judged_by)
    return replace(found, early_exit=exits)


def check_counted(energy: EnergyModel, costs: Costs | None, engine: Engine) -> None:
    """Refuse an energy model that reads layers where an engine counts totals alone.

    Raises:
        OptionError: then; it says what can be taken.
    """
    if not energy.needs_layers or (costs is not None and costs.structure is not None):
        return
    simple = [name for name, each in profiles().items() if not each.needs_layers]
    raise OptionError(
        f"the energy model {energy.name} reads the counts of each layer, and the "
        f"engine {engine.kind} of {engine.name} has none: give the network from "
        f"tfsnn.convert, or take {', '.join(simple)}"
    )


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
