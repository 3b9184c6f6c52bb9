"""Surrogates: slopes that stand for the derivative of a spike in training.

A neuron spikes where its potential U reaches the threshold θ. With x = (U - θ) / θ the
spike is the step H(x), whose derivative is 0 almost everywhere. Backward, training
takes the slope of a smooth step in its place::

    forward   s = H(x)              backward   ds/dx = slope(x)

Every surrogate is a frozen object of a few numbers: it is compared by value, saved with
the layer that has it, and widened by :func:`tfsnn.training.balance`.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

import tensorflow as tf

from tfsnn.errors import OptionError

__all__ = [
    "SURROGATES",
    "ArcTan",
    "Rectangle",
    "Sigmoid",
    "StraightThrough",
    "SuperSpike",
    "Surrogate",
    "Triangle",
    "as_surrogate",
]


@dataclass(frozen=True)
class Surrogate(ABC):
    """A smooth step with its slope; x is the distance to the threshold, in thresholds.

    Attributes:
        name: the name by which layers, options and saved files know the kind.
        steep: whether its numbers are steepnesses, the inverse of widths.
    """

    name: ClassVar[str]
    steep: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse numbers that are not positive.

        Raises:
            OptionError: that names the number.
        """
        for name, value in dataclasses.asdict(self).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and 0 < value < math.inf):
                raise OptionError(
                    f"surrogate {self.name!r}: {name}={value!r} must be a positive "
                    "number"
                )

    @abstractmethod
    def value(self, x: Any) -> Any:
        """Compute the smooth step: a function whose derivative is :meth:`slope`."""

    @abstractmethod
    def slope(self, x: Any) -> Any:
        """Compute the slope, >= 0, that stands for the derivative of the spike."""

    @property
    @abstractmethod
    def area(self) -> float:
        """The integral of the slope over all x."""

    def widened(self, factor: float) -> Self:
        """Return the surrogate stretched along x by a factor, > 0.

        One of a fixed area becomes lower, one of a fixed height does not.
        """
        power = -1 if self.steep else 1
        numbers = dataclasses.asdict(self)
        changed = {name: n * factor**power for name, n in numbers.items()}
        return dataclasses.replace(self, **changed)

    def spike(self, x: Any, levels: int = 1) -> Any:
        """Fire: H(x), or floor(x + 1) up to `levels`; backward the surrogate's slope.

        Args:
            x: (U - θ) / θ, of any shape.
            levels: the most that a spike carries, C. Above 1 the slopes of the steps at
                U = θ, 2 θ, ..., C θ are added.

        Returns:
            Coefficients of the spikes, integers 0 to C as floats of x's type.
        """
        x = tf.convert_to_tensor(x)
        if levels == 1:
            sent = tf.cast(x >= 0, x.dtype)
            slope = self.slope(x)
        else:
            sent = tf.clip_by_value(tf.floor(x + 1.0), 0.0, float(levels))
            slope = tf.add_n([self.slope(x - k) for k in range(levels)])
        # The bracket is exactly 0. It is no custom gradient, which TensorFlow would
        # keep for good with all that it reads.
        return tf.stop_gradient(sent) + tf.stop_gradient(slope) * (
            x - tf.stop_gradient(x)
        )

    def get_config(self) -> dict[str, Any]:
        """Return the name and the numbers, JSON, for :func:`as_surrogate`."""
        return {"name": self.name, **dataclasses.asdict(self)}


SURROGATES: dict[str, type[Surrogate]] = {}
Kind = TypeVar("Kind", bound=type[Surrogate])


def surrogate(name: str) -> Callable[[Kind], Kind]:
    """Register a kind of surrogate, a frozen dataclass whose fields are numbers.

    Raises:
        ValueError: if the name is taken.
    """

    def register(cls: Kind) -> Kind:
        if name in SURROGATES:
            raise ValueError(f"a surrogate {name!r} already exists: take another name")
        cls.name = name
        SURROGATES[name] = cls
        return cls

    return register


def as_surrogate(given: Surrogate | str | Mapping[str, Any]) -> Surrogate:
    """Return a surrogate from its name, its config, or itself.

    Raises:
        OptionError: for an unknown name, or numbers that the kind does not take.
    """
    if isinstance(given, Surrogate):
        return given
    config = {"name": given} if isinstance(given, str) else dict(given)
    name = config.pop("name", None)
    if name not in SURROGATES:
        known = ", ".join(sorted(SURROGATES))
        raise OptionError(f"there is no surrogate {name!r}: take one of {known}")
    fields = {spec.name for spec in dataclasses.fields(SURROGATES[name])}
    if unknown := sorted(config.keys() - fields):
        raise OptionError(
            f"the surrogate {name!r} has no {', '.join(unknown)}: it takes "
            f"{', '.join(sorted(fields)) or 'nothing'}"
        )
    return SURROGATES[name](**config)


@surrogate("rectangle")
@dataclass(frozen=True)
class Rectangle(Surrogate):
    """The rectangle of STBP (Wu et al. 2018) and tdBN: area 1.

    Attributes:
        width: where the slope is 1 / width, abs(x) < width / 2.
    """

    width: float = 1.0
    area: ClassVar[float] = 1.0

    def value(self, x: Any) -> Any:
        """Compute the ramp from 0 to 1 over the width."""
        return tf.clip_by_value(x / self.width + 0.5, 0.0, 1.0)

    def slope(self, x: Any) -> Any:
        """Compute 1 / width inside, 0 outside."""
        return tf.where(tf.abs(x) < self.width / 2, 1.0 / self.width, 0.0)


@surrogate("triangle")
@dataclass(frozen=True)
class Triangle(Surrogate):
    """The triangle of TET (Deng et al., ICLR 2022): area 1.

    Attributes:
        width: half the base, γ: slope max(0, γ - abs(x)) / γ².
    """

    width: float = 1.0
    area: ClassVar[float] = 1.0

    def value(self, x: Any) -> Any:
        """Compute the integral: two parabolas from 0 to 1."""
        x = tf.clip_by_value(x / self.width, -1.0, 1.0)
        return 0.5 + x - 0.5 * x * tf.abs(x)

    def slope(self, x: Any) -> Any:
        """Compute max(0, width - abs(x)) / width²."""
        return tf.maximum(self.width - tf.abs(x), 0.0) / self.width**2


@surrogate("arctan")
@dataclass(frozen=True)
class ArcTan(Surrogate):
    """The slope of an arc tangent, of PLIF and SEW-ResNet (Fang et al. 2021): area 1.

    Attributes:
        alpha: steepness: slope (α / 2) / (1 + (π α x / 2)²).
    """

    alpha: float = 2.0
    steep: ClassVar[bool] = True
    area: ClassVar[float] = 1.0

    def value(self, x: Any) -> Any:
        """Compute atan(π α x / 2) / π + 1/2."""
        return tf.atan(x * (math.pi / 2 * self.alpha)) / math.pi + 0.5

    def slope(self, x: Any) -> Any:
        """Compute (α / 2) / (1 + (π α x / 2)²)."""
        return self.alpha / 2 / (1.0 + tf.square(x * (math.pi / 2 * self.alpha)))


@surrogate("sigmoid")
@dataclass(frozen=True)
class Sigmoid(Surrogate):
    """The slope of a sigmoid: area 1.

    Attributes:
        alpha: steepness: slope α p (1 - p), p = sigmoid(α x).
    """

    alpha: float = 4.0
    steep: ClassVar[bool] = True
    area: ClassVar[float] = 1.0

    def value(self, x: Any) -> Any:
        """Compute sigmoid(α x)."""
        return tf.sigmoid(x * self.alpha)

    def slope(self, x: Any) -> Any:
        """Compute α p (1 - p)."""
        p = tf.sigmoid(x * self.alpha)
        return self.alpha * p * (1.0 - p)


@surrogate("superspike")
@dataclass(frozen=True)
class SuperSpike(Surrogate):
    """The slope of SuperSpike (Zenke and Ganguli 2018): height 1, area 2 / α.

    Ledinauskas et al. (arXiv 2006.04436) tune its α for deep networks.

    Attributes:
        alpha: steepness: slope 1 / (1 + α abs(x))².
    """

    alpha: float = 10.0
    steep: ClassVar[bool] = True

    @property
    def area(self) -> float:
        """2 / α."""
        return 2.0 / self.alpha

    def value(self, x: Any) -> Any:
        """Compute x / (1 + α abs(x)), from -1/α to 1/α, and 1/α more."""
        return x / (1.0 + self.alpha * tf.abs(x)) + 1.0 / self.alpha

    def slope(self, x: Any) -> Any:
        """Compute 1 / (1 + α abs(x))²."""
        return 1.0 / tf.square(1.0 + self.alpha * tf.abs(x))


@surrogate("straight_through")
@dataclass(frozen=True)
class StraightThrough(Surrogate):
    """The gradient of the clipped potential, as converted neurons have it: height 1.

    Attributes:
        below: how far below the threshold the slope is 1, in thresholds.
        above: how far above it.
    """

    below: float = 1.0
    above: float = 1.0

    @property
    def area(self) -> float:
        """The width of the window, as the height is 1."""
        return self.below + self.above

    def value(self, x: Any) -> Any:
        """Compute the ramp of slope 1 through the window."""
        return tf.clip_by_value(x + self.below, 0.0, self.area)

    def slope(self, x: Any) -> Any:
        """Compute 1 inside the window, 0 outside."""
        return tf.where((x >= -self.below) & (x <= self.above), 1.0, 0.0)
