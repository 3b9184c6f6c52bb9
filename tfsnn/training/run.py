"""How a training run is set, how it goes, where it is, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfsnn.errors import OptionError
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.defaults import TUNING_BATCH_SIZE, TUNING_HOLDOUT
from tfsnn_numpy.tasks import Wanted

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


@dataclass(frozen=True, kw_only=True)
class LearningSettings:
    """The settings that every training with a teacher has.

    Attributes:
        epochs: passes over the training data.
        learning_rate: the largest rate of the schedule; the default's if None.
        batch_size: samples of a step.
        augment: any of "flip" and "shift", for pictures that may be changed so.
        temperature, weight: of the teacher (:class:`tfsnn.training.Distillation`).
        holdout: the most training samples held out to judge by, where there is no
            validation data.
        seed: of all random choices.
        task: what the outputs answer, as for :func:`tfsnn.evaluate`.
        checkpoint: the file, ``.npz``, from which a run that was stopped continues;
            None for none.
        watch: called with a position (step, samples per second, time left) after
            each step.
    """

    epochs: int
    learning_rate: float | None = None
    batch_size: int = TUNING_BATCH_SIZE
    augment: tuple[str, ...] = ()
    temperature: float = 2.0
    weight: float = 1.0
    holdout: int = TUNING_HOLDOUT
    seed: int = 0
    task: Wanted = None
    checkpoint: Path | None = None
    watch: Callable[[Position], None] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            OptionError: that names the value.
        """
        for name in ("epochs", "batch_size", "holdout"):
            check_count(name, getattr(self, name))
        if self.checkpoint is not None and self.checkpoint.suffix != ".npz":
            raise OptionError(f"checkpoint={self.checkpoint} does not end in .npz")

    def told(self) -> dict[str, Any]:
        """Return what the course of a run depends on, JSON."""
        names = ("learning_rate", "augment", "temperature", "weight")
        return {
            **{name: getattr(self, name) for name in names},
            "task": repr(self.task),
        }
