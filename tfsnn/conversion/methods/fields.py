"""Options of methods: dataclass fields with a meaning, parsed by their type hints."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from tfsnn.errors import OptionError

TYPES = (bool, int, float, str)
BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}


def option(
    default: Any,
    meaning: str,
    choices: tuple[Any, ...] = (),
    *,
    low: float = -np.inf,
    high: float = np.inf,
) -> Any:
    """Declare an option of a method: a dataclass field, its meaning, what it may be.

    Its type is that of the field's annotation: bool, int, float, str, a ``Literal`` of
    such values, and ``None`` or several of these in a union.

    Args:
        default: its value if it is not given.
        meaning: a phrase, for the command line and the docs.
        choices: all values that it may have; any if empty.
        low, high: the least and the greatest of its numbers.
    """
    metadata = {"meaning": meaning, "choices": choices, "low": low, "high": high}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class OptionSpec:
    """The specification of a method's option.

    Attributes:
        name, default, meaning: its name, its value if not given, and a phrase.
        types: the Python types of its values.
        nullable: whether it may be None.
        choices: all values that it may have; any of its types if empty.
        low, high: the least and the greatest of its numbers.
    """

    name: str
    default: Any
    meaning: str
    types: tuple[type, ...]
    nullable: bool
    choices: tuple[Any, ...]
    low: float
    high: float

    def parse(self, value: Any, method: str) -> Any:
        """Return the value of the option; a text is parsed to the option's type.

        Raises:
            OptionError: for a value of another type, no choice, or out of range.
        """
        if isinstance(value, str):
            value = self._of_text(value)
        shown = f"{method}: {self.name}={value!r}"
        if not self._fits(value):
            raise OptionError(
                f"{shown} is not of type {self._type_name()}: give one, or leave it "
                f"out for {self.default!r}"
            )
        if self.choices and value is not None and value not in self.choices:
            expected = ", ".join(map(str, self.choices))
            raise OptionError(f"{shown}; expected one of {expected}")
        if not self.allows(value):
            raise OptionError(f"{shown} is not a number from {self.low} to {self.high}")
        return value

    def allows(self, value: Any) -> bool:
        """Return whether a value, if it is a number, is in the range of the option."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return bool(np.isfinite(value)) and self.low <= value <= self.high

    def _of_text(self, text: str) -> Any:
        """Return the value that a text stands for; the text itself if there is none."""
        if text.lower() == "none" and self.nullable:
            return None
        if bool in self.types and text.lower() in BOOLEANS:
            return BOOLEANS[text.lower()]
        for kind in (int, float):
            if kind in self.types:
                try:
                    return kind(text)
                except ValueError:
                    continue
        return text

    def _fits(self, value: Any) -> bool:
        if value is None:
            return self.nullable
        if isinstance(value, bool):  # which are integers, in Python
            return bool in self.types
        numbers = (int,) if float in self.types else ()
        return isinstance(value, self.types + numbers)

    def _type_name(self) -> str:
        names = [kind.__name__ for kind in self.types]
        return " | ".join(names + ["None"] * self.nullable)


@functools.cache
def specs(cls: type) -> dict[str, OptionSpec]:
    """Return the options of a method's class by name, in the order of its fields.

    Raises:
        ValueError: for a field that is not made by :func:`option`, or whose type
            options cannot have.
    """
    hints = typing.get_type_hints(cls)
    return {
        spec.name: _spec(cls, spec, hints[spec.name])
        for spec in dataclasses.fields(cls)
    }


def _spec(cls: type, spec: dataclasses.Field, hint: Any) -> OptionSpec:
    told = spec.metadata
    if "meaning" not in told:
        raise ValueError(
            f"{cls.__name__}.{spec.name} has no meaning: declare it by "
            "tfsnn.methods.option(default, meaning)"
        )
    kinds: list[type] = []
    literals: list[Any] = []
    nullable = False
    for part in _parts(hint):
        if part is types.NoneType:
            nullable = True
        elif typing.get_origin(part) is Literal:
            values = typing.get_args(part)
            literals += [value for value in values if value is not None]
            nullable |= None in values
        elif part in TYPES:
            kinds.append(part)
        else:
            raise ValueError(
                f"{cls.__name__}.{spec.name} is of type {part}, which no option can "
                "be: annotate it with bool, int, float, str, Literal[...] or None"
            )
    if literals and kinds:
        raise ValueError(
            f"{cls.__name__}.{spec.name} may be some values of a type and all values "
            "of another: annotate it with one of Literal[...] and types"
        )
    return OptionSpec(
        spec.name,
        spec.default,
        told["meaning"],
        tuple(kinds) or tuple(dict.fromkeys(map(type, literals))),
        nullable,
        told["choices"] or tuple(literals),
        told["low"],
        told["high"],
    )


def _parts(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type alone."""
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return typing.get_args(hint) if union else (hint,)
