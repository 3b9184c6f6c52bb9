"""A small language of patterns on the operation graph.

``Op("Mul", X, Op("Sigmoid", X))`` matches a multiplication of a tensor by its own
sigmoid, in either order. Where a pattern can match in several ways, all are tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfsnn.sources.saved_model.frozen_graph import Network

COMMUTATIVE = frozenset(("Mul", "Add", "AddV2", "Maximum", "Minimum"))
ADD = ("AddV2", "Add")

Bindings = dict[str, Any]


@dataclass(frozen=True)
class LiveTensor:
    """Any tensor that depends on the input; one name is the same tensor throughout."""

    name: str


@dataclass(frozen=True)
class Const:
    """A constant: a scalar of this value, or any, which is bound to the name."""

    name: str = ""
    value: float | None = None


@dataclass(frozen=True, init=False)
class Op:
    """The first output of an operation of one of these types."""

    types: tuple[str, ...]
    arguments: tuple[Any, ...]

    def __init__(self, types: str | tuple[str, ...], *arguments: Any) -> None:
        """Take a type or several, and a pattern for each argument."""
        object.__setattr__(self, "types", (types,) if isinstance(types, str) else types)
        object.__setattr__(self, "arguments", arguments)


X = LiveTensor("x")


def number(value: float) -> Const:
    """Return the pattern of a scalar constant of this value."""
    return Const(value=value)


def match(pattern: Any, tensor: Any, network: Network) -> Bindings | None:
    """Match a tensor; return what the pattern's names stand for, None if none match."""
    return next(_matches(pattern, tensor, network, {}), None)


def match_any(
    patterns: tuple[Any, ...], tensor: Any, network: Network
) -> Bindings | None:
    """Return the first match of several patterns, None if none match."""
    for pattern in patterns:
        if (found := match(pattern, tensor, network)) is not None:
            return found
    return None


def _matches(
    pattern: Any, tensor: Any, network: Network, bound: Bindings
) -> Iterator[Bindings]:
    tensor = network.source(tensor)
    if isinstance(pattern, Const):
        value = network.constant(tensor)
        if value is not None and _fits(pattern, value):
            yield {**bound, pattern.name: value} if pattern.name else bound
    elif not network.is_live(tensor):
        return
    elif isinstance(pattern, LiveTensor):
        if pattern.name not in bound:
            yield {**bound, pattern.name: tensor}
        elif bound[pattern.name] is tensor:
            yield bound
    elif tensor.op.type in pattern.types and tensor.value_index == 0:
        yield from _arguments(pattern, tensor.op, network, bound)


def _arguments(
    pattern: Op, operation: Any, network: Network, bound: Bindings
) -> Iterator[Bindings]:
    given = list(operation.inputs)
    if len(given) != len(pattern.arguments):
        return
    orders = [given]
    if operation.type in COMMUTATIVE:
        orders.append(given[::-1])
    for order in orders:
        found = [bound]
        for argument, tensor in zip(pattern.arguments, order, strict=True):
            found = [
                wider
                for narrow in found
                for wider in _matches(argument, tensor, network, narrow)
            ]
        yield from found


def _fits(pattern: Const, value: np.ndarray) -> bool:
    if pattern.value is None:
        return True
    return value.size == 1 and bool(
        np.isclose(float(value.reshape(())), pattern.value, rtol=1e-5, atol=1e-12)
    )
