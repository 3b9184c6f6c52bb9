"""Early exit: find its threshold on held-out data, and measure what it saves."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.data import Batch, Progress, open_for
from tfsnn.errors import CalibrationError, OptionError
from tfsnn.simulation.engines import Engine, as_engine
from tfsnn.simulation.engines.judging import judging
from tfsnn.simulation.exit_rule import ExitRule, class_scores
from tfsnn.simulation.results import Results
from tfsnn.simulation.steps import OUTPUTS
from tfsnn.simulation.sweep import sweep
from tfsnn_numpy.defaults import BATCH_SIZE, EXIT_KIND, MAX_LOSS
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.results import percent
from tfsnn_numpy.tasks import TASKS, Tally, Wanted

CANDIDATES = 500  # thresholds that are tried, by the share of answers above them
LEAST = 50  # samples
DECIDING = ("classification", "binary")  # tasks of which a step can decide


@dataclass(frozen=True)
class ExitEvaluation:
    """The result of :func:`evaluate_exit`: what early exit costs and saves.

    Attributes:
        rule: the rule by which samples leave.
        timesteps: T, at which the last ones leave.
        mean_steps: steps of a sample on average.
        metric: the name of the score of the first output's task.
        score: that score; None without labels.
        agreement: share of decisions that are those after T steps; None for a task
            without decisions.
        output_error: root mean square difference from the outputs after T steps, over
            their standard deviation.
        images_per_second: throughput with early exit.
        images_per_second_all_steps: throughput with T steps for every sample.
    """

    rule: ExitRule
    timesteps: int
    mean_steps: float
    metric: str
    score: float | None
    agreement: float | None
    output_error: float | None
    images_per_second: float
    images_per_second_all_steps: float

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dict."""
        return asdict(self)

    @property
    def _score(self) -> str:
        of = next(task for task in TASKS.values() if task.metric == self.metric)
        return of.text(self.score)

    def __str__(self) -> str:
        near = f"outputs off by {percent(self.output_error)} of their deviation"
        if self.agreement is not None:
            near = f"{percent(self.agreement)} as after T={self.timesteps}"
        if self.score is not None:
            near = f"{self.metric} {self._score}, {near}"
        return (
            f"early exit by {self.rule.kind} at {self.rule.threshold:.4g}: {near}; "
            f"{self.mean_steps:.2f} steps on average, "
            f"{self.images_per_second:,.0f} images per second instead of "
            f"{self.images_per_second_all_steps:,.0f}"
        )


@dataclass(frozen=True)
class ExitCalibration:
    """The result of :func:`calibrate_exit` on the samples given.

    Attributes:
        rule: the rule to set as ``snn.early_exit``.
        timesteps: T, at which the last samples leave.
        samples: number of samples.
        mean_steps: steps that a sample takes on average.
        loss: points of accuracy below that after T steps, or without labels the share
            of samples whose decision is not that after T steps.
        labelled: whether the loss is a loss of accuracy.
    """

    rule: ExitRule
    timesteps: int
    samples: int
    mean_steps: float
    loss: float
    labelled: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dict."""
        return asdict(self)

    def __str__(self) -> str:
        what = "accuracy" if self.labelled else "agreement with the last step"
        return (
            f"early exit by {self.rule.kind} at {self.rule.threshold:.4g}: "
            f"{self.mean_steps:.2f} of {self.timesteps} steps on average, "
            f"{self.loss:.2f} points of {what} lost on {self.samples} samples"
        )


def calibrate_exit(
    network: Any,
    data: Any,
    kind: str = EXIT_KIND,
    *,
    max_loss: float = MAX_LOSS,
    batch_size: int = BATCH_SIZE,
    task: Wanted = None,
    progress: Progress | None = None,
) -> ExitCalibration:
    """Find the threshold at which samples may leave with little loss.

    This is the smallest one for which neither it nor any larger loses over `max_loss`.

    Args:
        network: a network from :func:`tfsnn.convert` whose first output decides for
            one class, or yes or no; or its engine. It is left as it is.
        data: samples that neither the ANN nor the conversion has seen; anything that
            :func:`tfsnn.open_data` takes, with labels or without.
        kind: the kind of :class:`tfsnn.ExitRule`.
        max_loss: points that may be lost against T steps for all samples.
        batch_size: samples simulated at a time.
        task: what the outputs answer, as for :func:`tfsnn.evaluate`.
        progress: wraps the batches, for a progress bar.

    Raises:
        OptionError: for an unknown kind or task, a negative loss, or a network that
            cannot exit early, or has nothing to decide.
        DataError: for data that does not fit.
        CalibrationError: for fewer than 50 samples.
    """
    rule = ExitRule(kind, 1)
    if not max_loss >= 0:
        raise OptionError(f"max_loss={max_loss}: give a number of points from 0 up")
    whole = as_engine(network)
    engine = whole.deciding()
    opened = open_for(engine, data)
    judged_by = judging(whole, opened, task)
    first = judged_by.tasks[0]
    if first.name not in DECIDING:
        raise OptionError(
            f"early exit: the output {first.output.name} of {whole.name} is judged as "
            f"{first.name}, where no step decides for one class: "
            f"it needs {' or '.join(DECIDING)} (--task, task=...)"
        )
    batches = opened.batches(batch_size, progress, "simulating")
    logits, labels = _recorded(engine, batches, judged_by)
    steps, samples = logits.shape[:2]
    if samples < LEAST:
        raise CalibrationError(
            f"{samples} samples say too little about a loss of {max_loss:g} points: "
            f"give {LEAST} or more, better a thousand"
        )
    top = logits.argmax(-1)
    signal = _signal(rule, logits, top)
    right = top == (top[-1] if labels is None else labels)
    best = None
    for least in _thresholds(signal):
        left = _steps_used(signal, least)
        kept = np.take_along_axis(right, left[None] - 1, 0).mean()
        loss = 100 * float(right[-1].mean() - kept)
        if loss > max_loss + 1e-9:
            break
        best = least, float(left.mean()), loss
    if best is None:  # the last threshold lets nobody leave before T
        best = np.inf, float(steps), 0.0
    threshold = abs(best[0]) if kind == "entropy" else best[0]
    return ExitCalibration(
        ExitRule(kind, float(threshold)),
        steps,
        samples,
        best[1],
        best[2],
        labels is not None,
    )


def _recorded(
    engine: Engine, batches: Iterable[Batch], judged_by: Judging
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the scores after each step ``(T, N, classes)``, and the labels."""
    networks = {"network": partial(engine.run, observe=(OUTPUTS,))}
    parts, labels = [], []
    for _, y, _, results in sweep(networks, batches):
        scores = tf.convert_to_tensor(results["network"].over_time[0])
        parts.append(class_scores(scores).numpy())
        known, *_ = judged_by.read(y)
        if known is not None:
            labels.append(known)
    return np.concatenate(parts, 1), np.concatenate(labels) if labels else None


def _signal(rule: ExitRule, logits: np.ndarray, top: np.ndarray) -> np.ndarray:
    """Return how sure the readout is after each step, ``(T, N)``."""
    streak = np.ones_like(top)
    for t in range(1, len(top)):
        streak[t] = np.where(top[t] == top[t - 1], streak[t - 1] + 1, 1)
    steps = np.arange(1, len(top) + 1, dtype=np.int32)[:, None]
    return rule.signal(tf.constant(logits), tf.constant(steps), streak).numpy()


def _thresholds(signal: np.ndarray) -> np.ndarray:
    """Choose candidate thresholds among all values, the largest first."""
    shares = np.linspace(1, 0, CANDIDATES)
    return np.unique(np.quantile(signal, shares, method="nearest"))[::-1]


def _steps_used(signal: np.ndarray, least: float) -> np.ndarray:
    """Return the first step at which the signal is large enough, or T, ``(N,)``."""
    decided = signal >= least
    decided[-1] = True
    return decided.argmax(0) + 1


def evaluate_exit(
    engine: Engine, batches: Iterable[Batch], judged_by: Judging
) -> ExitEvaluation:
    """Run batches with and without a network's early exit, and time both.

    The first batch is run once untimed before, to compile.

    Args:
        engine: the engine of a network with an early exit.
        batches: inputs, with labels or None.
        judged_by: the tasks of the outputs, of which the first decides.
    """
    rule: Any = engine.early_exit
    early, whole = _TimedEngine(engine), _TimedEngine(engine.with_all_steps())
    samples = steps = 0
    tally = Tally(judged_by.tasks[0], labelled=judged_by.labelled[0], compared=True)
    for swept in sweep({"early": early, "whole": whole}, batches):
        outputs, at_end = (swept.seen[name].last[0] for name in ("early", "whole"))
        samples += len(outputs)
        steps += int(np.sum(swept.results["early"].steps))
        tally.add(outputs, judged_by.read(swept.y)[0], at_end)
    found = tally.figures()
    return ExitEvaluation(
        rule=rule,
        timesteps=engine.timesteps or 0,
        mean_steps=steps / samples,
        metric=tally.task.metric,
        score=found.score,
        agreement=found.agreement,
        output_error=found.output_error,
        images_per_second=samples / early.seconds,
        images_per_second_all_steps=samples / whole.seconds,
    )


class _TimedEngine:
    """An engine that times its runs, but for the first one, which compiles."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.seconds, self.warm = engine, 0.0, False

    def __call__(self, x: Any) -> Results:
        if not self.warm:
            self.engine.run(x)
            self.warm = True
        start = time.perf_counter()
        found = self.engine.run(x)
        np.asarray(found.outputs[0])  # waits for the end of the run on a GPU
        self.seconds += time.perf_counter() - start
        return found
