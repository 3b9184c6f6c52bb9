"""The base of all kinds of neurons, and the registry of the kinds.

Everything about a kind is stated in its class and nowhere else: others ask the
population. A new kind is a file with a class, and an import of it in
:mod:`tfsnn.network.neurons`.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.neurons.in_nir import Never, Written


class Emission(NamedTuple):
    """The spikes of a population in some steps, lists of ``(B, *units)``.

    Attributes:
        values: what synapses receive, in units of activation.
        events: the coefficients of the spikes, integers, which are counted.
        potentials: the potentials after firing, in units of activation.
    """

    values: list[Any]
    events: list[Any]
    potentials: list[Any]


class Population(ABC):
    """A kind of neuron with its parameters: scalars, or arrays that broadcast.

    A kind is a frozen dataclass, registered with :func:`neuron_kind`. Its fields are
    the parameters that it honours, all with a default; others are refused. The facts
    below have defaults that are safe for every neuron, and a kind that extends another
    one does not inherit them: it says what is true of itself.

    Attributes:
        kind: the name of the kind, which saved files hold.
        description: what its neurons are called in messages, a plural; made from the
            name by default.
        whole: whether :meth:`advance` needs all steps of the simulation at once; if
            not, it may be called with a few steps at a time.
        integers: whether the values that it sends are integers at threshold 1.
        encodes_input: whether it stands behind an input of the network, not in place of
            an activation; corrections leave such neurons out.
        in_integers: whether it can be computed in integers alone
            (:class:`tfsnn.network.neurons.counting.Counting`).
        still: whether it takes its current to be the same in every step, so that it
            cannot follow one that changes.
    """

    kind: ClassVar[str]
    description: ClassVar[str] = ""
    whole: ClassVar[bool] = True
    integers: ClassVar[bool] = False
    encodes_input: ClassVar[bool] = False
    in_integers: ClassVar[bool] = False
    still: ClassVar[bool] = False

    @property
    def closed_form(self) -> bool:
        """Whether the spikes of all steps follow from the mean current alone.

        That is, for a current I in every step, n steps (or what they weigh together)
        and V(0) in [0, theta), all of them carry
        ``clip(floor((V(0) + n (I + drive)) / theta), 0, n * max_coefficient)``.
        """
        return False

    @property
    def rectifies(self) -> bool:
        """Whether it sends what a ReLU does, up to its bound.

        That is, nothing for currents below 0, and above it in proportion: corrections
        of currents rest on that.
        """
        return True

    def in_nir(self) -> Written | Never:
        """Return what NIR can write of these neurons; by default nothing."""
        return Never(
            f"has {self.description} (kind {self.kind!r}), and NIR has no such neuron: "
            "convert with a method of integrate-and-fire neurons (data_norm), or "
            "export a SavedModel or StableHLO, which have every kind"
        )

    # Values of a kind that does not have them as parameters.

    @property
    def threshold(self) -> Any:
        """The activation that a spike of coefficient 1 stands for."""
        return 1.0

    @property
    def initial_potential(self) -> Any:
        """The potential before the first step, in units of activation."""
        return 0.0

    @property
    def negative_threshold(self) -> Any:
        """The potential below which spikes are negative; None for unsigned spikes."""
        return None

    @property
    def max_coefficient(self) -> Any:
        """The most that a spike carries; None for no bound."""
        return 1.0

    @property
    def drive(self) -> float:
        """A constant current beside that of the synapses, in thresholds."""
        return 0.0

    @property
    def largest_spike(self) -> float:
        """The integer that no value exceeds; infinite if there is none."""
        most = self.max_coefficient
        if not self.integers or most is None:
            return float("inf")
        counts = getattr(self, "counts", False)
        if not counts and np.any(np.asarray(self.threshold) != 1):
            return float("inf")
        return float(np.max(np.asarray(most)))

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        """Return the names of the parameters that the kind honours."""
        return tuple(spec.name for spec in dataclasses.fields(cls))  # type: ignore[arg-type]

    def response(self, current: Any) -> Any:
        """Compute the mean value that these neurons send for a mean current.

        That is what the mean over many steps tends to, with a gradient: by default the
        current clipped to [0, max_coefficient * threshold].

        Args:
            current: the weighted mean of the currents of all steps, ``(B, *units)``.
        """
        rate = tf.maximum(current, 0.0)
        if self.max_coefficient is None:
            return rate
        return tf.minimum(rate, self.max_coefficient * self.threshold)

    @abstractmethod
    def initial_state(self, shape: Any) -> Any:
        """Return the state before the first step for units of `shape`, (B, *units)."""

    @abstractmethod
    def advance(self, currents: list[Any], state: Any) -> tuple[Emission, Any]:
        """Go through the currents of some steps, each ``(B, *units)``."""


# Parameters that a node states for neurons of every kind.
STATED = ("threshold", "initial_potential", "negative_threshold", "max_coefficient")
FACTS = (
    *("description", "whole", "integers", "in_integers", "encodes_input", "still"),
    *("closed_form", "in_nir", "rectifies"),
)
KINDS: dict[str, type[Population]] = {}

Kind = TypeVar("Kind", bound=type[Population])


def neuron_kind(name: str) -> Callable[[Kind], Kind]:
    """Register a kind of neuron, a frozen dataclass, under a name.

    A fact that its own class does not state gets the default of :class:`Population`.

    Raises:
        ValueError: if the name is taken.
        TypeError: for a class that is no dataclass itself, whose fields are not known.
    """

    def register(cls: Kind) -> Kind:
        if name in KINDS:
            raise ValueError(f"neurons of kind {name!r} already exist: take another")
        if "__dataclass_fields__" not in vars(cls):
            raise TypeError(
                f"{cls.__name__} is no dataclass: put @dataclass(frozen=True) between "
                f"@neuron_kind({name!r}) and the class"
            )
        for fact in FACTS:
            if fact not in vars(cls):
                setattr(cls, fact, vars(Population)[fact])
        cls.kind = name
        cls.description = cls.description or f"{name.replace('_', ' ')} neurons"
        KINDS[name] = cls
        return cls

    return register


def populate(
    kind: str, stated: Mapping[str, Any], settings: Mapping[str, Any], where: str = ""
) -> Population:
    """Make a population from what a node or a plan says of its neurons.

    Args:
        kind: a name in :data:`KINDS`.
        stated: parameters stated for neurons of every kind, by :data:`STATED`. One
            that this kind does not take must equal the kind's own value.
        settings: parameters of this kind alone, by name.
        where: the name of the node, for errors.

    Raises:
        OptionError: for an unknown kind, or a parameter that the kind does not honour.
    """
    place = f"{where}: " if where else ""
    if kind not in KINDS:
        raise OptionError(
            f"{place}there are no neurons of kind {kind!r}: take one of "
            f"{', '.join(sorted(KINDS))}, or import the module that registers it"
        )
    cls = KINDS[kind]
    taken = cls.parameters()
    takes = f"{cls.description} (kind {kind!r}), which take {', '.join(taken)}"
    for name in settings:
        if name not in taken or name in STATED:
            raise OptionError(f"{place}{name} is no setting of {takes}: leave it out")
    made = cls(**{n: v for n, v in stated.items() if n in taken}, **settings)
    for name, value in stated.items():
        own = getattr(made, name)
        if name not in taken and not _is_same(value, own):
            raise OptionError(
                f"{place}{name}={value} means nothing for {takes}: give {own}"
            )
    return made


def _is_same(value: Any, own: Any) -> bool:
    """Return whether a value equals the kind's own, or is an unknown tensor."""
    if value is None or own is None:
        return value is own
    known = isinstance(value, int | float | np.ndarray | np.generic)
    return not known or bool(np.all(np.asarray(value) == own))
