"""A node of a graph: one operation on one sample, and all that is true of its kind.

The rooms above ask a node what they have to know of it: how it advances over time, how
units pass through it, what spikes cost behind it, how it is called. So a new kind is
one class (:mod:`tfsnn.network.nodes` has those of the package). All but
:meth:`Node.apply` has a default that is right for every function: such a node is a
running sum (:mod:`tfsnn.network.running_sum`), which reads and sends the ANN's own
units, ends spikes, and costs one operation for each value.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from tfsnn.network import running_sum
from tfsnn.network.axes import Order
from tfsnn.network.clock import Clock
from tfsnn.network.fields import read_fields
from tfsnn.network.signals import Advanced, Signal
from tfsnn.network.units import ONE, Rescaled

Shape = tuple[int, ...]


def array(default: Any = dataclasses.MISSING, trained: bool = False) -> Any:
    """Make a field that holds an array, trained or not, for ``Graph.map_arrays``."""
    meta = {"array": True, "trained": trained}
    return field(default=default, metadata=meta, kw_only=True)


@dataclass(frozen=True, eq=False)
class Node:
    """One operation of a network on one sample; the base of all kinds.

    Attributes:
        name: unique in its graph; that of the Keras layer where there is one.
        inputs: names of the nodes whose outputs it reads, in order.
        shape: the output's, for one sample: no batch, no time; channels last.
        layer: the Keras layer that it was made from.

    Facts of a kind, each with its default:

    Attributes:
        linear: whether the output of a step is :meth:`apply` of the inputs of that
            step, and its mean that of their means. False: a running sum.
        spikes: whether it is a population of spiking neurons, or stands for one.
        passes_on: whether spikes that it reads leave it as spikes, at no cost. False:
            what it sends are analog values.
        event_driven: whether it computes only where a spike arrives. False: in each
            step.
        multiplies: whether its operations are multiply-accumulates (MACs), as the ANN's
            cost counts them. True.
        reads_values: whether the values of its inputs count, not only the number of
            samples. True.
        joins_constants: whether constants beside spikes are to it what weights are, so
            that spikes alone make it compute. False.
        pools_digits: whether it finds a maximum digit by digit, so that it sends spikes
            whatever a step weighs. False.
    """

    kinds: ClassVar[dict[str, type[Node]]] = {}

    linear: ClassVar[bool] = False
    spikes: ClassVar[bool] = False
    passes_on: ClassVar[bool] = False
    event_driven: ClassVar[bool] = False
    multiplies: ClassVar[bool] = True
    reads_values: ClassVar[bool] = True
    joins_constants: ClassVar[bool] = False
    pools_digits: ClassVar[bool] = False

    name: str
    inputs: tuple[str, ...]
    shape: Shape
    layer: str = field(default="", kw_only=True)

    def __init_subclass__(cls) -> None:
        """Make the kind known by its class name, for ``Graph.from_config``.

        Raises:
            ValueError: for the name of a kind that another module defines.
        """
        other = Node.kinds.setdefault(cls.__name__, cls)
        if other.__module__ != cls.__module__:
            raise ValueError(
                f"{cls.__name__} is a kind of node already, of {other.__module__}: "
                "give the class another name, for saved files know it by that"
            )
        Node.kinds[cls.__name__] = cls

    # The ANN.

    def apply(self, *inputs: Any) -> Any:
        """Compute the operation in the ANN: tensors ``(N, *shape)`` in and out."""
        raise NotImplementedError(f"{type(self).__name__} has no operation: add apply")

    @property
    def homogeneous(self) -> bool:
        """Whether f(t * x) = t * f(x) for t > 0; by default not."""
        return False

    @property
    def partial(self) -> bool:
        """Whether f may be infinite or NaN for finite inputs; by default not."""
        return False

    @property
    def keeps_channels(self) -> bool:
        """Whether each output channel reads that input channel; by default not."""
        return False

    @property
    def integers(self) -> bool:
        """Whether what it sends are single spikes of integers, where it reads such.

        By default not: it joins, scales or replaces them.
        """
        return False

    @property
    def is_sum(self) -> bool:
        """Whether it is the sum of its inputs; by default not."""
        return False

    def reordered(self, order: Order) -> Self | None:
        """Return the node for another order of all axes, or None where it depends."""
        return None

    # Names.

    @property
    def label(self) -> str:
        """The kind, as reports name it: by default its class name."""
        return type(self).__name__

    def describe(self) -> str:
        """Say in a few words what a layer becomes that is made into this node."""
        return self.label if self.linear else f"running sum of {self.label}"

    # Over time.

    @property
    def needs_all_steps(self) -> bool:
        """Whether :meth:`advance` needs all steps at once; by default not."""
        return False

    def prepared(self) -> Self:
        """Return the node with all work done that the loop need not repeat."""
        return self

    def without_gradients(self) -> Self:
        """Return the node with spikes that pass no gradients on, if it sends any."""
        return self

    def initial_state(self, batch: Any, shapes: Sequence[Shape | None]) -> Any:
        """Return the state before the first step; None for a node without a state.

        Args:
            batch: B, a number or a scalar tensor.
            shapes: the inputs' shapes for one sample; None for a constant input.
        """
        if self.linear:
            return None
        return running_sum.initial_state(self.shape, batch, shapes)

    def advance(self, reads: Sequence[Signal], state: Any, clock: Clock) -> Advanced:
        """Advance by the k steps of its inputs, of which one at least changes."""
        if self.linear:
            return Advanced(self.apply(*(signal.folded() for signal in reads)))
        return running_sum.advance(self, reads, state, clock)

    # Units and sizes.

    def rescaled(
        self, units: Sequence[np.ndarray], shapes: Sequence[Shape], wish: np.ndarray
    ) -> Rescaled:
        """Write units into the weights; by default keep the ANN's own units.

        Args:
            units: the units of its inputs (:mod:`tfsnn.network.units`).
            shapes: the shapes of its inputs.
            wish: the unit that its readers want, per channel.
        """
        return Rescaled(self, ONE, [ONE] * len(units))

    def in_integers(self, shapes: Sequence[Shape]) -> tuple[Self, int] | None:
        """Return the node that sends integers for integers, a multiple of this one.

        And the factor. By default None. Not asked of nodes with weights.
        """
        return None

    def bound(self, reads: Sequence[float]) -> float:
        """Return n: each value of a step is some k / 2^i with abs(k) <= n.

        Infinite, the default, where values are no such numbers, or have no bound.

        Args:
            reads: the bounds of its inputs.
        """
        return math.inf

    def shifted(self, shift: np.ndarray) -> Self | None:
        """Return the node with ``(C,)`` added to its output.

        By default None: the node cannot do it.
        """
        return None

    def passes_shift(self, shapes: Sequence[Shape]) -> Sequence[int]:
        """Return the indices of inputs that pass an added ``(C,)`` on unchanged.

        By default none, for inputs of these shapes.
        """
        return ()

    # Costs.

    def operations(self, shapes: Sequence[Shape]) -> int:
        """Count the operations of one evaluation, for inputs of these shapes.

        By default one for each value read or written, whichever are more, and none of a
        linear node. Not asked of an event-driven node: its operations are the sum of
        :meth:`accumulates` over the values that it reads.
        """
        if self.linear:
            return 0
        return max(math.prod(shape) for shape in (*shapes, self.shape))

    def accumulates(self, shapes: Sequence[Shape]) -> Sequence[np.ndarray]:
        """Count the accumulates (ACs) that a spike of each unit that it reads causes.

        By default one. They follow from shapes alone.

        Args:
            shapes: the shapes of its inputs.

        Returns:
            For each input an array of integers, which broadcasts to its shape.
        """
        return [np.ones((), np.int64)] * len(shapes)

    def accumulates_behind(
        self, behind: np.ndarray, shapes: Sequence[Shape]
    ) -> Sequence[np.ndarray]:
        """Count the ACs that a spike of each unit that it reads causes behind it.

        Asked where :attr:`passes_on` and :attr:`linear` hold; a spike that is split or
        scaled counts as one in each place that it reaches.

        Args:
            behind: ACs of a spike of each unit of the output, an array of integers that
                broadcasts to its shape.
            shapes: as for :meth:`accumulates`, whose result this has as well.
        """
        raise NotImplementedError(
            f"{self.label} passes spikes on and does not count what they cost behind "
            "it: give it accumulates_behind"
        )

    def filled(
        self, reads: Sequence[np.ndarray | None], shapes: Sequence[Shape]
    ) -> np.ndarray | None:
        """Return which values of its output are more than zeros of a padding.

        By default None: all of them. The products of other values are no operations.

        Args:
            reads: the same of its inputs: ``(*shape)`` of bool each, or None.
            shapes: the shapes of its inputs.
        """
        return None

    # Fields.

    def replace(self, **changes: Any) -> Self:
        """Return a copy with these fields changed."""
        return dataclasses.replace(self, **changes)

    def arrays(self) -> dict[str, Any]:
        """Return the fields that hold an array now, by name."""
        found = {}
        for spec in dataclasses.fields(self):
            value = getattr(self, spec.name)
            if spec.metadata.get("array") and np.ndim(value):
                found[spec.name] = value
        return found

    def to_config(self) -> dict[str, Any]:
        """Return the fields as JSON, an array as ``{"array": shape}``."""
        config: dict[str, Any] = {"kind": type(self).__name__}
        arrays = self.arrays()
        for spec in dataclasses.fields(self):
            value = getattr(self, spec.name)
            if spec.name in arrays:
                value = {"array": [int(n) for n in value.shape]}
            config[spec.name] = value
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Node:
        """Make a node from its :meth:`to_config`, with arrays of zeros.

        Raises:
            ModelError: for a kind that is not known, and fields that cannot be.
        """
        known, fields = read_fields(config, Node.kinds)
        return known(**fields)
