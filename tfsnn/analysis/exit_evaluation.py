"""What a network's early exit does: accuracy, steps, and time, measured."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.results import top_class


@dataclass(frozen=True)
class ExitEvaluation:
    """A network whose samples leave when they are decided.

    Attributes:
        rule: by which they do.
        timesteps: T, at which the last ones leave.
        mean_steps: of a sample.
        accuracy: share of samples whose label is the top class; None without labels.
        agreement: share of samples with the top class that T steps give.
        images_per_second: that came out, with early exit.
        images_per_second_all_steps: with T steps for every sample.
    """

    rule: ExitRule
    timesteps: int
    mean_steps: float
    accuracy: float | None
    agreement: float
    images_per_second: float
    images_per_second_all_steps: float

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)

    def __str__(self) -> str:
        right = "" if self.accuracy is None else f"{100 * self.accuracy:.2f} % right, "
        return (
            f"early exit by {self.rule.kind} at {self.rule.threshold:.4g}: {right}"
            f"{100 * self.agreement:.2f} % as after T={self.timesteps}; "
            f"{self.mean_steps:.2f} steps on average, "
            f"{self.images_per_second:,.0f} images per second instead of "
            f"{self.images_per_second_all_steps:,.0f}"
        )


def evaluate_exit(
    snn: SpikingModel, batches: Iterable[tuple[Any, np.ndarray | None]]
) -> ExitEvaluation:
    """Simulate batches with the network's early exit and without.

    The first batch is simulated once more before, so that no time is that of compiling.

    Args:
        snn: whose ``early_exit`` is set.
        batches: of inputs and labels, or None.
    """
    rule: Any = snn.early_exit
    right, agreed, steps = 0, 0, 0
    samples, labelled, seconds = 0, False, np.zeros(2)
    for x, y in batches:
        if not samples:
            _timed(snn, x, rule), _timed(snn, x, None)
        (found, with_exit), (plain, without) = (
            _timed(snn, x, rule),
            _timed(snn, x, None),
        )
        seconds += with_exit, without
        top = top_class(found.outputs[0].numpy())
        samples += len(top)
        steps += int(found.steps.numpy().sum())
        agreed += int((top == top_class(plain.outputs[0].numpy())).sum())
        if y is not None:
            labelled = True
            right += int((top == y).sum())
    return ExitEvaluation(
        rule=rule,
        timesteps=snn.timesteps,
        mean_steps=steps / samples,
        accuracy=right / samples if labelled else None,
        agreement=agreed / samples,
        images_per_second=samples / seconds[0],
        images_per_second_all_steps=samples / seconds[1],
    )


def _timed(snn: SpikingModel, x: Any, rule: ExitRule | None) -> tuple[Any, float]:
    start = time.perf_counter()
    found = snn.run(x, early_exit=rule)
    found.outputs[0].numpy()
    return found, time.perf_counter() - start
