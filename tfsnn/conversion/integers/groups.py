"""Signals that share a scale: what is added up has to be in the same integers.

The value of a signal in normal form is an integer times its *quantum*. Spikes are
integers already: their quantum is 1. Currents that meet in a sum, or in a population,
form a group with one quantum for each channel; that of a population's group is one
over its threshold. What is not linear or has weights of its own starts a new group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


@dataclass(eq=False)
class Group:
    """Signals that share a quantum.

    Attributes:
        channels: the number of channels.
        uniform: whether all channels share one number, for channels are mixed.
        nodes: names of the nodes whose weights are in this quantum.
        readers: for each population that reads a signal of the group, the signal's
            quanta in one of the group.
        quantum: the number, or one for each channel, once it is chosen.
    """

    channels: int
    uniform: bool = False
    nodes: list[str] = field(default_factory=list)
    readers: list[int] = field(default_factory=list)
    quantum: np.ndarray | None = None
    joined: Group | None = None

    @property
    def root(self) -> Group:
        """The group that this one has become a part of."""
        return self if self.joined is None else self.joined.root

    def join(self, other: Group) -> Group:
        """Make one group of two."""
        one, two = self.root, other.root
        if one is two:
            return one
        one.uniform = one.uniform or two.uniform or one.channels != two.channels
        one.nodes += two.nodes
        one.readers += two.readers
        two.joined = one
        return one


class Quantum(NamedTuple):
    """The quantum of a signal: known, or that of its group divided by a number.

    Attributes:
        group: the group, or None for a signal whose integers are what they are.
        known: the quantum of such a signal; one number, or an array that broadcasts.
        parts: the signal's quanta in one of the group.
    """

    group: Group | None = None
    known: np.ndarray = np.ones(1)
    parts: int = 1

    @property
    def value(self) -> np.ndarray:
        """The quantum.

        Raises:
            TypeError: if that of the group is not chosen.
        """
        if self.group is None:
            return self.known
        quantum = self.group.root.quantum
        if quantum is None:
            raise TypeError("the quantum of this group is not chosen yet")
        return quantum / self.parts


WHOLE = Quantum()  # of spikes


def same(quanta: Sequence[Quantum]) -> bool:
    """Whether all signals are in groups, with as many quanta in one of theirs."""
    grouped = all(quantum.group is not None for quantum in quanta)
    return grouped and len({quantum.parts for quantum in quanta}) == 1
