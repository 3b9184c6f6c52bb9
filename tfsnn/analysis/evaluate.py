"""Accuracy, agreement, spikes and operations of a spiking network against time.

What an operation costs is said by :mod:`tfsnn.hardware.energy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.analysis.exit_evaluation import ExitEvaluation, evaluate_exit
from tfsnn.data import Progress, open_data
from tfsnn.errors import ModelError, OptionError
from tfsnn.hardware.energy import DEFAULT, EnergyProfile, profile
from tfsnn.simulation.devices.strategy import (
    on_devices,
    rows,
    shared_out,
    summed,
    task_number,
    workers_of,
)
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn.sources.keras_model.forward import first_output
from tfsnn_numpy.defaults import BATCH_SIZE
from tfsnn_numpy.results import (
    Row,
    Sums,
    check_labels,
    doubling,
    evaluation_text,
    top_class,
)


@dataclass(frozen=True)
class Evaluation:
    """What :func:`evaluate` found.

    Attributes:
        samples: that were evaluated.
        ann_accuracy: of the original network; None without it or without labels.
        rows: after each number of steps.
        energy: what an operation was taken to cost.
        early_exit: of a network that has one.
    """

    samples: int
    ann_accuracy: float | None
    rows: tuple[Row, ...]
    energy: EnergyProfile
    early_exit: ExitEvaluation | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON; "early_exit" is there if the network has one."""
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
    snn: SpikingModel,
    data: Any,
    *,
    ann: keras.Model | None = None,
    timesteps: Sequence[int] | None = None,
    limit: int | None = None,
    batch_size: int = BATCH_SIZE,
    strategy: tf.distribute.Strategy | None = None,
    energy: str | EnergyProfile = DEFAULT,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a spiking network after each of some numbers of steps.

    One simulation to the largest gives every row, for the readout is anytime. A network
    with an early exit is then run with it, and without, for the steps and the time that
    it saves; not so on several devices.

    Args:
        snn: from :func:`tfsnn.convert`; its first output is evaluated.
        data: anything that :func:`tfsnn.open_data` takes, with labels or without.
        ann: the network it was converted from, for agreement and its accuracy.
        timesteps: for the rows; 1, 2, 4, ... up to ``snn.timesteps`` if None.
        limit: samples used at most.
        batch_size: samples simulated at a time, on each device.
        strategy: whose devices and workers share the batches; models loaded in its
            scope have their weights on each device. Every worker gets the result,
            which is that of one process (:mod:`tfsnn.simulation.devices.strategy`). The
            data has to come in the same order on each.
        energy: what an operation costs (:mod:`tfsnn.hardware.energy`), by name or
            itself.
        progress: wraps the batches, for a progress bar (:data:`tfsnn.data.Progress`).

    Raises:
        OptionError: if `timesteps` is empty or not positive, or for an unknown energy
            profile.
        DataError: if data, labels or `ann` do not fit.
        WorkerError: if a worker was lost, or was given something else.
    """
    costs = profile(energy)
    steps = sorted(set(doubling(snn.timesteps) if timesteps is None else timesteps))
    if not steps or steps[0] < 1:
        raise OptionError(f"timesteps={steps} must be positive, and at least one")
    inputs = snn.inputs_by_name
    forward = None if ann is None else first_output(_matched(ann, inputs))
    kept = snn.whole_inputs
    opened = open_data(data, inputs, default_split="test", raw=kept, limit=limit)
    workers = workers_of(strategy)

    def compute(x: Any) -> tuple[Any, ...]:
        observed = snn.run(x, steps[-1], (OUTPUTS, COUNTS)).observed
        return (observed,) if forward is None else (observed, forward(x))

    totals = _Totals(snn, steps)
    batches = shared_out(opened, batch_size, workers, progress, "evaluating")
    for (x, y), results in on_devices(strategy, compute, batches, batch_size):
        totals.add(rows(x), y, *results)
        workers.check()
    if len(workers) > 1:
        models = [snn] if ann is None else [snn, ann]
        weights = [values for model in models for values in model.get_weights()]
        sample = tf.nest.flatten(next(iter(opened.part(0, 1).batches(1))))
        asked = steps, batch_size, opened.size, opened.limit, snn.report.method, costs
        task = task_number(asked, *weights, *sample)
        totals.set(summed(strategy, workers, totals.vector(), task))
    found = _evaluation(totals, snn, costs, opened.has_labels, ann is not None)
    if snn.early_exit is None or strategy is not None:
        return found
    batches = opened.batches(batch_size, progress, "with early exit")
    return replace(found, early_exit=evaluate_exit(snn, batches))


def _matched(ann: keras.Model, inputs: Mapping[str, tuple[int, ...]]) -> keras.Model:
    """The ANN, if it takes what the SNN takes."""
    shapes = [tuple(tensor.shape[1:]) for tensor in ann.inputs]
    if shapes != list(inputs.values()):
        raise ModelError(
            f"the ANN {ann.name} takes {shapes}, the SNN {inputs}: "
            "give the model that was converted"
        )
    return ann


class _Totals(Sums):
    """Sums over samples, of what a network was seen to do."""

    def __init__(self, snn: SpikingModel, steps: list[int]) -> None:
        super().__init__(steps, snn.graph.clock.pre_steps)
        self.output = f"{OUTPUTS}/{snn.graph.outputs[0]}"
        self.populations = set(snn.populations)
        self.ann_right = 0
        # Counted now: that cannot be done while a strategy's function is traced.
        self.operations = snn.operations_per_sample

    def add(
        self,
        samples: int,
        y: np.ndarray | None,
        observed: dict[str, tf.Tensor],
        reference: tf.Tensor | None = None,
    ) -> None:
        """Add a batch, of which the first `samples` count."""
        outputs = tf.gather(observed[self.output], [t - 1 for t in self.steps]).numpy()
        top = outputs.reshape(*outputs.shape[:2], -1).argmax(-1)[:, :samples]
        classes = int(np.prod(outputs.shape[2:]))
        self.samples += samples
        if y is not None:
            check_labels(y, classes)
            self.right += (top == y).sum(1)
        if reference is not None:
            ann_top = top_class(reference)[:samples]
            self.agreed += (top == ann_top).sum(1)
            self.ann_right += 0 if y is None else int((ann_top == y).sum())
        for key, values in observed.items():
            kind, name = key.split("/", 1)
            if kind == COUNTS:
                self.count(values.numpy()[:, :samples], name in self.populations)

    def vector(self) -> np.ndarray:
        """All sums, float64, as :meth:`set` takes them."""
        of_all = [self.samples, self.ann_right]
        return np.concatenate([of_all, self.right, self.agreed, self.counts.ravel()])

    def set(self, vector: np.ndarray) -> None:
        """Take these sums in place of one's own."""
        n = len(self.steps)
        of_all, self.right, self.agreed, counts = np.split(
            vector, [2, 2 + n, 2 + 2 * n]
        )
        self.samples, self.ann_right = (int(value) for value in of_all)
        self.counts = counts.reshape(n, 4)


def _evaluation(
    totals: _Totals,
    snn: SpikingModel,
    costs: EnergyProfile,
    labelled: bool,
    compared: bool,
) -> Evaluation:
    clock, operations = snn.graph.clock, totals.operations
    rows = tuple(
        totals.row(
            i,
            latency=clock.latency(t, snn.depth, totals.steps[-1]),
            macs=operations.macs(clock.pre_steps + t),
            ann_macs=operations.ann_macs,
            energy=costs,
            labelled=labelled,
            compared=compared,
        )
        for i, t in enumerate(totals.steps)
    )
    accuracy = None
    if labelled and compared:
        accuracy = totals.ann_right / totals.samples
    return Evaluation(totals.samples, accuracy, rows, costs)
