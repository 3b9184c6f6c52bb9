"""Options of commands that read data over time: sequences of frames, and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from tfsnn_numpy.defaults import TIME_UNITS

from .groups import EvaluationData
from .options import ABOVE_ZERO, AT_LEAST_ONE, DATA, Decorator, Numbers, together
from .rare import RareSetting

SEQUENCES = (
    f"{DATA} Over time: x (N, F, ...), folders of frames or GIFs by class, events "
    "(FILE.npz, or a folder of such by class), or tonic:NAME[:SPLIT]."
)


def over_time_options() -> Decorator:
    """Add the options of sequences and events; :data:`OVER_TIME_OF` has the rest."""
    return together(
        click.option(
            "--over-time",
            is_flag=True,
            help="Read sequences of inputs that change, a frame for each time step.",
        ),
        click.option(
            "--frames",
            type=AT_LEAST_ONE,
            metavar="N",
            help="Frames of each sequence, of longer ones the first; by default all, "
            "if all have as many.",
        ),
        click.option(
            "--step-ms",
            type=ABOVE_ZERO,
            metavar="X",
            help="Milliseconds of a frame of events.",
        ),
        click.option(
            "--event-window",
            "events_per_frame",
            type=AT_LEAST_ONE,
            metavar="N",
            help="Events in a frame, instead of --step-ms.",
        ),
    )


_SENSOR = "Its size as HEIGHT,WIDTH, if not the input's."
OVER_TIME_OF = (
    RareSetting("sensor", Numbers("n", 1), None, _SENSOR),
    RareSetting(
        "time_unit", click.Choice(TIME_UNITS), TIME_UNITS[0], "That of events."
    ),
)


@dataclass(frozen=True)
class SequenceData(EvaluationData):
    """The samples that --data names, which may be sequences.

    Attributes:
        over_time: whether they are; the others are fields of :class:`tfsnn.OverTime`.
    """

    over_time: bool = False
    frames: int | None = None
    step_ms: float | None = None
    events_per_frame: int | None = None
    sensor: Sequence[int] | None = None
    time_unit: str = TIME_UNITS[0]

    @property
    def sequences(self) -> Any:
        """How sequences are read, a :class:`tfsnn.OverTime`; False if none are.

        Raises:
            OptionError: for settings of sequences without --over-time.
        """
        from tfsnn import OptionError, OverTime

        names = ("frames", "step_ms", "events_per_frame", "sensor", "time_unit")
        settings = {name: getattr(self, name) for name in names}
        if self.over_time:
            return OverTime(**settings)
        plain = vars(SequenceData(self.data))
        given = [name for name in names if settings[name] != plain[name]]
        if given:
            raise OptionError(
                f"{', '.join(given)} given for samples that do not change: give "
                "--over-time as well"
            )
        return False
