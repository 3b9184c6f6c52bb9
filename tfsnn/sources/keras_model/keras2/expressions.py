"""Expressions of operations of ``keras.ops``, in which TensorFlow's functions are told.

They are data: an expression names operations, and arguments of TensorFlow's function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


class Unmigrated(Exception):
    """What Keras 3 has no form of; the reason, without the layer."""


@dataclass(frozen=True)
class Argument:
    """The value of an argument of TensorFlow's function.

    Attributes:
        name: what TensorFlow calls it.
        change: makes of its value what Keras expects.
    """

    name: str
    change: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Step:
    """One operation of ``keras.ops``.

    Attributes:
        kind: the name of its class.
        inputs: what it is called with: arguments, other steps, or constants.
        options: what it is made with, by Keras's names: arguments or constants.
        layer: whether the layer of that name is meant, and not the operation.
    """

    kind: str
    inputs: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    layer: bool = False


# Some functions are other operations with other arguments.
Row = Step | Callable[[Mapping[str, Any]], Step]


def used(expression: Any) -> Iterator[str]:
    """Yield the names of the arguments that an expression reads."""
    if isinstance(expression, Argument):
        yield expression.name
    elif isinstance(expression, Step):
        yield from used([*expression.inputs, *expression.options.values()])
    elif isinstance(expression, list | tuple):
        for item in expression:
            yield from used(item)


def on(kind: str, *names: str, **options: Any) -> Step:
    """Return one operation on arguments; texts among the options are arguments' names.

    An option that is itself a text is given as ``Argument`` or in a list.
    """
    return Step(
        kind,
        tuple(map(Argument, names)),
        {
            key: Argument(value) if isinstance(value, str) else value
            for key, value in options.items()
        },
    )
