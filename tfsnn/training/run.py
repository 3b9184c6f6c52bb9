"""How a training run goes, where it is, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 60.0  # between two checkpoints


@dataclass(frozen=True)
class Position:
    """Where a training run is, for those who watch.

    Attributes:
        epoch, epochs: the number of the epoch, from 0, and of all.
        step, steps: batches done of all epochs together, and of all there are.
        loss: the mean loss of the epoch so far.
        rate: samples per second, since the run was started or continued.
        left: seconds left, without validation.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    rate: float
    left: float


@dataclass(frozen=True)
class Run:
    """How a training run goes.

    Attributes:
        epochs: passes over the data.
        checkpoint: the file of its checkpoints, ``.npz``; None to write none.
        told: what else the run was started with, JSON: another run's checkpoint is
            refused.
        watch: called with the :class:`Position` after each step.
        seconds: time between checkpoints, but for those at the ends of epochs.
        before: the score before the training, where it is known already.
    """

    epochs: int = 1
    checkpoint: Path | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    watch: Callable[[Position], None] | None = None
    seconds: float = SECONDS
    before: float | None = None


@dataclass(frozen=True)
class Fitted:
    """The result of a training run.

    Attributes:
        epochs: whole epochs done.
        steps: batches done.
        losses: the mean loss of each epoch (of one that was continued, since then).
        scores: the score before the training, and after each epoch, larger is better.
        best: the number of the epoch with the best score, 0 for before.
        stopped: why the run ended before its end; None if it did not.
        interrupted: whether that was Ctrl-C, so that it can be continued.
    """

    epochs: int
    steps: int
    losses: tuple[float, ...]
    scores: tuple[float, ...]
    best: int
    stopped: str | None = None
    interrupted: bool = False
