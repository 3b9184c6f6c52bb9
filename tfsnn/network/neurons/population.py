"""What a population of neurons is to the simulation."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Protocol


class Sent(NamedTuple):
    """What a population did in some steps, lists of ``(B, *units)``.

    Attributes:
        values: what synapses receive, in units of activation.
        events: the coefficients of the spikes, integers; what is counted.
        potentials: after firing, in units of activation.
    """

    values: list[Any]
    events: list[Any]
    potentials: list[Any]


class Population(Protocol):
    """A kind of neuron with its parameters: scalars, or arrays that broadcast.

    Attributes:
        whole: whether :meth:`advance` needs all steps of the simulation at once.
        integers: whether the values that it sends are integers at threshold 1.
    """

    whole: ClassVar[bool]
    integers: ClassVar[bool]

    def initial_state(self, shape: Any) -> Any:
        """The state before the first step for units of `shape`, ``(B, *units)``."""
        ...

    def advance(self, currents: list[Any], state: Any) -> tuple[Sent, Any]:
        """Go through the currents of some steps, each ``(B, *units)``."""
        ...
