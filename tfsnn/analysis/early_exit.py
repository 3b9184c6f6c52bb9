"""The threshold of an early exit, for a stated loss on data held out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.data import Progress, open_data
from tfsnn.errors import CalibrationError, OptionError
from tfsnn.network.neurons.integrate_fire import without_gradients
from tfsnn.network.nodes import without_heads
from tfsnn.simulation.early_exit import check_can_exit
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.simulate import simulate
from tfsnn.simulation.steps import OUTPUTS
from tfsnn_numpy.defaults import BATCH_SIZE, EXIT_KIND, MAX_LOSS

CANDIDATES = 500  # thresholds that are tried, by the share of answers above them
LEAST = 50  # samples


@dataclass(frozen=True)
class ExitCalibration:
    """What :func:`calibrate_exit` found, on the samples given.

    Attributes:
        rule: to be set as ``snn.early_exit``.
        timesteps: T, at which the last samples leave.
        samples: how many.
        mean_steps: that the samples take.
        loss: in points: accuracy below that after T steps, or without labels the share
            of samples whose top class is not that after T steps.
        labelled: whether the loss is one of accuracy.
    """

    rule: ExitRule
    timesteps: int
    samples: int
    mean_steps: float
    loss: float
    labelled: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)

    def __str__(self) -> str:
        what = "accuracy" if self.labelled else "agreement with the last step"
        return (
            f"early exit by {self.rule.kind} at {self.rule.threshold:.4g}: "
            f"{self.mean_steps:.2f} of {self.timesteps} steps on average, "
            f"{self.loss:.2f} points of {what} lost on {self.samples} samples"
        )


def calibrate_exit(
    snn: SpikingModel,
    data: Any,
    kind: str = EXIT_KIND,
    *,
    max_loss: float = MAX_LOSS,
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
) -> ExitCalibration:
    """Find when samples may leave, so that little is lost.

    Taken is the smallest threshold above which no other one loses more than `max_loss`.

    Args:
        snn: a classifier from :func:`tfsnn.convert`; it is left as it is.
        data: held out: neither the ANN nor the conversion has seen it; anything that
            :func:`tfsnn.open_data` takes, with labels or without.
        kind: of :class:`tfsnn.simulation.early_exit.ExitRule`.
        max_loss: points that may be lost against T steps for all samples.
        batch_size: samples simulated at a time.
        progress: wraps the batches, for a progress bar.

    Raises:
        OptionError: for an unknown kind, a negative loss, or a network that cannot
            exit early.
        DataError: for data that does not fit.
        CalibrationError: for fewer than 50 samples.
    """
    rule = ExitRule(kind, 1)
    if not max_loss >= 0:
        raise OptionError(f"max_loss={max_loss}: give a number of points from 0 up")
    check_can_exit(snn.graph)
    logits, labels = _recorded(snn, data, batch_size, progress)
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
    snn: SpikingModel,
    data: Any,
    batch_size: int,
    progress: Progress | None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """The mean currents after each step ``(T, N, classes)``, and labels."""
    inputs = snn.inputs_by_name
    opened = open_data(data, inputs, default_split="test", raw=snn.whole_inputs)
    graph = without_heads(snn.graph)
    key = f"{OUTPUTS}/{graph.outputs[0]}"

    @tf.function(autograph=False, reduce_retracing=True)
    @without_gradients()
    def simulated(x: Any) -> Any:
        found = simulate(graph, x, snn.timesteps, observe=(OUTPUTS,))
        return found.observed[key]

    parts, labels = [], []
    for x, y in opened.batches(batch_size, progress, "simulating"):
        parts.append(simulated(tf.nest.map_structure(tf.constant, x)).numpy())
        if y is not None:
            labels.append(y)
    return np.concatenate(parts, 1), np.concatenate(labels) if labels else None


def _signal(rule: ExitRule, logits: np.ndarray, top: np.ndarray) -> np.ndarray:
    """How sure the readout is after each step, ``(T, N)``."""
    streak = np.ones_like(top)
    for t in range(1, len(top)):
        streak[t] = np.where(top[t] == top[t - 1], streak[t - 1] + 1, 1)
    steps = np.arange(1, len(top) + 1, dtype=np.int32)[:, None]
    return rule.signal(tf.constant(logits), tf.constant(steps), streak).numpy()


def _thresholds(signal: np.ndarray) -> np.ndarray:
    """Some of all values, the largest first."""
    shares = np.linspace(1, 0, CANDIDATES)
    return np.unique(np.quantile(signal, shares, method="nearest"))[::-1]


def _steps_used(signal: np.ndarray, least: float) -> np.ndarray:
    """The first step at which the signal is large enough, or T, ``(N,)``."""
    decided = signal >= least
    decided[-1] = True
    return decided.argmax(0) + 1
