"""Accuracy, agreement, spikes and operations of a spiking network against time.

The costs of operations are those of :mod:`tfsnn.hardware.energy`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import tensorflow as tf

from tfsnn.analysis.early_exit import ExitEvaluation, evaluate_exit
from tfsnn.data import Progress, open_for
from tfsnn.errors import ModelError, OptionError
from tfsnn.hardware.energy import DEFAULT, EnergyProfile, profile
from tfsnn.simulation.devices.strategy import (
    shared_out,
    summed,
    task_number,
    workers_of,
)
from tfsnn.simulation.engines import Engine, as_engine
from tfsnn.simulation.results import Results
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn.simulation.sweep import sweep
from tfsnn_numpy.checks import check_counts
from tfsnn_numpy.defaults import BATCH_SIZE
from tfsnn_numpy.results import Row, doubling, evaluation_text
from tfsnn_numpy.sums import Sums

NETWORK, ANN = "network", "ann"


@dataclass(frozen=True)
class Evaluation:
    """The result of :func:`evaluate`.

    Attributes:
        samples: number of samples evaluated.
        ann_accuracy: the original network's; None without it or without labels.
        rows: one row for each number of steps.
        energy: what an operation was taken to cost.
        early_exit: the result of early exit, for a network that has one.
    """

    samples: int
    ann_accuracy: float | None
    rows: tuple[Row, ...]
    energy: EnergyProfile
    early_exit: ExitEvaluation | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; "early_exit" is there if the network has one."""
        found = {**asdict(self), "rows": [asdict(row) for row in self.rows]}
        if self.early_exit is None:
            del found["early_exit"]
        return found

    def __str__(self) -> str:
        lines = evaluation_text(self.samples, self.ann_accuracy, self.rows, self.energy)
        if self.early_exit:
            lines.append(str(self.early_exit))
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
    energy: str | EnergyProfile = DEFAULT,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a spiking network after each of some numbers of steps.

    One simulation of the largest number gives every row, for outputs can be read after
    any step. On one device, a network with an early exit is then run with and without
    it, to measure the steps and the time that it saves.

    Args:
        network: a network from :func:`tfsnn.convert`, or anything that
            :func:`tfsnn.simulation.engines.as_engine` takes; its first output is
            evaluated.
        data: anything that :func:`tfsnn.open_data` takes, with labels or without.
        ann: the network it was converted from, for agreement and its accuracy: a Keras
            model, or an engine.
        timesteps: T of each row; 1, 2, 4, ... up to the network's T if None.
        limit: the most samples to use.
        batch_size: samples simulated at a time, on each device.
        strategy: its devices and workers share the batches; models loaded in its
            scope have their weights on each device. Every worker gets the result,
            which is that of one process (:mod:`tfsnn.simulation.devices.strategy`). The
            data has to come in the same order on each worker.
        energy: an energy profile or its name (:mod:`tfsnn.hardware.energy`).
        progress: wraps the batches, for a progress bar (:data:`tfsnn.data.Progress`).

    Raises:
        OptionError: if `timesteps` is empty, not positive, or more than the network can
            run, for a network without time, and for an unknown energy profile.
        DataError: if data, labels or `ann` do not fit.
        WorkerError: if a worker was lost, or was given other data or arguments.
    """
    prices = profile(energy)
    engine = as_engine(network)
    if engine.timesteps is None:
        raise OptionError(
            f"{engine.name} is not a spiking network, so nothing of it changes with "
            "time: convert it first"
        )
    wanted = doubling(engine.timesteps) if timesteps is None else timesteps
    steps = check_counts("timesteps", wanted)
    engine = engine.until(steps[-1])
    reference = None if ann is None else _matched(as_engine(ann), engine)
    opened = open_for(engine, data, limit=limit)
    used = [engine] if reference is None else [engine, reference]
    workers = workers_of(strategy)
    if strategy is not None:
        _check_traceable(used)
    networks: dict[str, Callable[[Any], Results]] = {
        NETWORK: partial(engine.run, observe=(OUTPUTS, COUNTS))
    }
    if reference is not None:
        networks[ANN] = reference.run
    totals, costs = Sums(steps), engine.costs()
    batches = shared_out(opened, batch_size, workers, progress, "evaluating")
    for swept in sweep(
        networks,
        batches,
        steps=steps,
        costs=costs,
        strategy=strategy,
        batch_size=batch_size,
    ):
        ann_top = None if reference is None else swept.seen[ANN].top[-1]
        totals.add(swept.seen[NETWORK], swept.y, ann_top)
        workers.check()
    if len(workers) > 1:
        sample = tf.nest.flatten(next(iter(opened.part(0, 1).batches(1))))
        asked = steps, batch_size, opened.size, opened.limit, prices
        digests = [each.digest for each in used]
        task = task_number(asked, *digests, *sample)
        totals.set(summed(strategy, workers, totals.vector(), task))
    labelled, compared = opened.has_labels, reference is not None
    found = Evaluation(
        totals.samples,
        totals.ann_right / totals.samples if labelled and compared else None,
        totals.rows(costs, prices, labelled=labelled, compared=compared),
        prices,
    )
    if engine.early_exit is None or strategy is not None:
        return found
    batches = opened.batches(batch_size, progress, "with early exit")
    return replace(found, early_exit=evaluate_exit(as_engine(network), batches))


def _check_traceable(engines: Sequence[Engine]) -> None:
    for engine in engines:
        if not engine.traceable:
            raise OptionError(
                f"the engine {engine.kind} of {engine.name} cannot run on the devices "
                "of a strategy: leave the strategy out"
            )


def _matched(ann: Engine, engine: Engine) -> Engine:
    """Return the ANN, after checking that it takes the network's inputs."""
    if list(ann.inputs.values()) != list(engine.inputs.values()):
        raise ModelError(
            f"the ANN {ann.name} takes {dict(ann.inputs)}, the network "
            f"{dict(engine.inputs)}: give the model that was converted"
        )
    return ann
