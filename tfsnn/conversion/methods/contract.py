"""The contract of conversion methods: frozen options and up to three pure functions.

``prepare(graph)`` may change the ANN, ``plan(graph, statistics)`` plans its neurons,
and ``refine(plan, graph, statistics, probe)`` may have plans simulated, by a callable
that it is given. A method never sees Keras, never touches weights, never loops over
time, and imports nothing that does.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from tfsnn.conversion.methods.spikes import Spikes
from tfsnn.conversion.plan import Corrections, Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.graph import Graph


class Probed(NamedTuple):
    """The result of simulating a plan.

    Attributes:
        divergence: that of its outputs from the ANN's, in nats: the mean over the
            samples, and the sum over the outputs, of the symmetric Kullback-Leibler
            divergence of their softmax, sum (p - q) (log p - log q).
        spikes: of each rate node by name, the mean over the samples of the sum over its
            neurons and all steps; a spike of coefficient c counts abs(c).
    """

    divergence: float
    spikes: dict[str, float]


class PlanProbe(Protocol):
    """A callable that simulates plans, always on the same calibration samples."""

    def __call__(self, plan: Plan) -> Probed:
        """Simulate a plan for the method's time steps."""
        ...

    def each(self, things: Iterable[Any], total: int, label: str) -> Iterable[Any]:
        """Pass on the things that plans are tried for, shown by a progress bar."""
        ...


class Method(ABC):
    """A conversion method: a frozen dataclass whose fields are its options.

    Subclasses are registered by :func:`tfsnn.methods.method`, declare `alphabet` and an
    option `timesteps`, and define at least :meth:`plan`.

    Attributes:
        timesteps: T, the number of steps that it plans for.
        alphabet: what its spikes carry, and which of its options set that.
        candidate: options with which :func:`tfsnn.choose` tries the method, after
            those of its own tables, for each alphabet that it can send; None if it is
            tried only where it is named.
        windows: whether a time step is a window of many ticks, so that T does not
            compare with that of other methods.
        probe_samples: calibration samples that :meth:`refine` simulates plans on, at
            most.
    """

    timesteps: int
    alphabet: ClassVar[Spikes]
    candidate: ClassVar[Mapping[str, Any] | None] = None
    windows: ClassVar[bool] = False
    probe_samples: int = 0

    @abstractmethod
    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan the neurons of every rate node, by name.

        Args:
            graph: the ANN, as :meth:`prepare` left it.
            statistics: statistics of its activations on the samples, by rate node.
        """

    def prepare(self, graph: Graph) -> Graph:
        """Return the ANN's graph as the method has it; most take it as it is."""
        return graph

    def refine(
        self,
        plan: Plan,
        graph: Graph,
        statistics: Mapping[str, Statistics],
        probe: PlanProbe,
    ) -> Plan:
        """Return the plan after trying others by simulation; most leave it as it is.

        Args:
            plan: the plan from :meth:`plan`.
            graph, statistics: what it was made from.
            probe: simulates a plan on `probe_samples` calibration samples.
        """
        return plan

    @property
    def corrections(self) -> Corrections:
        """The corrections by simulation: none, unless a method has some."""
        return Corrections()

    @property
    def samples(self) -> int:
        """The calibration samples that the method wants to simulate on, at most."""
        corrected = self.corrections.samples if self.corrections else 0
        return max(corrected, self.probe_samples)

    @property
    def values(self) -> dict[str, Any]:
        """The options by name, ready for JSON."""
        return dataclasses.asdict(self)  # type: ignore[call-overload]


def prepare(chosen: Method, graph: Graph) -> Graph:
    """Return the ANN's graph as a method has it, which may put neurons in."""
    return chosen.prepare(graph)


def samples(chosen: Method) -> int:
    """Return how many calibration samples a method wants to simulate on, at most."""
    return chosen.samples
