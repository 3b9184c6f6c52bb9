"""Scores of a network by its tasks, after each of some numbers of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tfsnn.data import Data
from tfsnn.simulation.engines import Engine, as_engine
from tfsnn.simulation.results import Results
from tfsnn.simulation.steps import OUTPUTS
from tfsnn.simulation.sweep import sweep
from tfsnn_numpy.defaults import BATCH_SIZE
from tfsnn_numpy.judging import Judged, Judging
from tfsnn_numpy.results import doubling
from tfsnn_numpy.sums import Sums
from tfsnn_numpy.tasks import Figures, Labels

NETWORK, TEACHER = "network", "teacher"


@dataclass(frozen=True)
class Scores:
    """How a network does on data.

    Attributes:
        steps: the numbers of steps; empty for a network without time.
        outputs: each output, judged by its task after each of these steps.
    """

    steps: tuple[int, ...]
    outputs: tuple[Judged, ...]

    @property
    def value(self) -> float:
        """One number at the last step, the larger the better; a mean over outputs."""
        return self._value(-1)

    @property
    def values(self) -> list[float]:
        """The value of each row, as :attr:`value` is that of the last."""
        return [self._value(row) for row in range(len(self.outputs[0].figures))]

    def _value(self, row: int) -> float:
        found = [_value(judged.figures[row]) for judged in self.outputs]
        known = [value for value in found if value is not None]
        return sum(known) / len(known) if known else 0.0

    @property
    def measures(self) -> str:
        """What :attr:`value` is, in words: of the first output."""
        first = self.outputs[0]
        if first.figures[-1].score is not None:
            return first.metric.replace("_", " ")
        if first.figures[-1].agreement is not None:
            return "agreement with the ANN"
        return "error against the ANN, negative"


def _value(figures: Figures) -> float | None:
    for found in (figures.score, figures.agreement):
        if found is not None:
            return found
    return None if figures.output_error is None else -figures.output_error


class Scoring:
    """The scoring of a network on data, again and again while it learns.

    Without labels the score is how near the network is to its teacher.

    Attributes:
        count: the number of samples, once they were scored.
    """

    def __init__(
        self,
        data: Data,
        judging: Judging,
        teacher: Any = None,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        """Take what is scored on, and how.

        Args:
            data: samples, with labels or without.
            judging: the tasks of the outputs.
            teacher: the ANN, a Keras model or an engine; None to compare with none.
            batch_size: samples simulated at a time.
        """
        self.data, self.judging, self.batch_size = data, judging, batch_size
        self.first: Labels | None = data.first_labels()
        self._teacher = None if teacher is None else as_engine(teacher)
        self.count = 0

    def against(self, teacher: Any) -> Scoring:
        """Return the same scoring, which also compares with a teacher."""
        return Scoring(self.data, self.judging, teacher, self.batch_size)

    def __call__(self, model: Any, steps: Sequence[int] | None = None) -> Scores:
        """Return the scores of a network after 1, 2, 4, ... steps up to its own."""
        engine = as_engine(model).with_all_steps()
        if engine.timesteps is None:
            rows: list[int] = []
        else:
            rows = doubling(engine.timesteps) if steps is None else list(steps)
        judging = Judging.with_labels(self.judging.tasks, self.first)
        sums = Sums(rows or [0], judging, compared=self._teacher is not None)
        for swept in sweep(
            self._networks(engine, bool(rows)),
            self.data.batches(self.batch_size),
            steps=rows,
        ):
            reference = swept.seen[TEACHER].outputs if self._teacher else None
            sums.add(swept.seen[NETWORK], judging.read(swept.y), reference)
        self.count = sums.samples
        return Scores(tuple(rows), sums.judged())

    def _networks(
        self, engine: Engine, over_time: bool
    ) -> Mapping[str, Callable[[Any], Results]]:
        observe = (OUTPUTS,) if over_time else ()
        networks: dict[str, Callable[[Any], Results]] = {
            NETWORK: partial(engine.run, observe=observe)
        }
        if self._teacher is not None:
            networks[TEACHER] = self._teacher.run
        return networks
