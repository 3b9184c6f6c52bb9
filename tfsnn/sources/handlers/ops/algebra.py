"""Handlers of matrix products and Einstein's sums, of signals and constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.linear import contract
from tfsnn.sources.handlers.ops.arithmetic import sample, spread
from tfsnn.sources.handlers.registry import handles_operation

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def pair(builder: Builder) -> tuple[Any, Any]:
    """Return the two arguments x1 and x2: signals, and arrays of float32."""
    given = (builder.argument(0, "x1"), builder.argument(1, "x2"))
    first, second = (
        x if isinstance(x, Signal) else np.asarray(x, np.float32) for x in given
    )
    return first, second


@handles_operation("Matmul")
def matmul(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate x @ y: a dense node where one of them is a constant."""
    first, second = pair(builder)
    if isinstance(first, Signal) and isinstance(second, Signal):
        shapes = [builder.shape(name) for name in (first, second)]
        if len(shapes[0]) != len(shapes[1]) or len(shapes[0]) < 2:
            raise Unsupported(
                f"it multiplies signals of shapes {shapes}: samples would be mixed; "
                "give both equally many axes, at least two each"
            )
        rows = builder.broadcast([shape[:-2] for shape in shapes])
        shape = (*rows, shapes[0][-2], shapes[1][-1])
        return builder.function("matmul", (first, second), shape)
    signal, constant = (first, second) if isinstance(first, Signal) else (second, first)
    rank = len(builder.shape(signal))
    constant = _without_ones(constant)
    own = LETTERS[: rank + 1]
    if constant.ndim == 1:
        term, new = own[-1] if signal is first else own[-2], ""
    elif constant.ndim == 2 and signal is first:
        term, new = own[-1] + "Z", "Z"
    elif constant.ndim == 2:
        term, new = "Z" + own[-2], "Z"
    else:
        return _stacked(first, second, signal, builder)
    summed = term.replace("Z", "")
    result = own.replace(summed, new)
    return contract(f"{own},{term}->{result}", signal, constant, None, builder)


def _without_ones(constant: np.ndarray) -> np.ndarray:
    """Return a stack of one matrix as that matrix."""
    while constant.ndim > 2 and constant.shape[0] == 1:
        constant = constant[0]
    return constant


def _stacked(first: Any, second: Any, signal: Signal, builder: Builder) -> Signal:
    """Add the product with a stack of constant matrices, as one of signals."""
    shape = builder.shape(signal)
    signals = [
        x if isinstance(x, Signal) else spread(sample(x, len(shape)), builder, shape)
        for x in (first, second)
    ]
    rows = builder.broadcast([builder.shape(x)[:-2] for x in signals])
    after = (*rows, builder.shape(signals[0])[-2], builder.shape(signals[1])[-1])
    return builder.function("matmul", signals, after)


def _mixing(what: str) -> Unsupported:
    return Unsupported(
        f"the {what} of two signals pairs every sample with every other: use "
        "keras.ops.matmul or einsum, with the batch in both operands and the result"
    )


def _signal_and_constant(what: str, builder: Builder) -> tuple[Signal, Any]:
    """Return the operands of a product, a signal and behind it a constant.

    Raises:
        Unsupported: if both are signals, or the constant comes first.
    """
    first, second = pair(builder)
    if isinstance(first, Signal) and isinstance(second, Signal):
        raise _mixing(what)
    if not isinstance(first, Signal):
        raise Unsupported(
            "the constant comes first, and so would its axes before the batch: give "
            "the signal first"
        )
    return first, second


@handles_operation("Dot")
def dot(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate dot with a constant: a dense node."""
    first, second = pair(builder)
    if isinstance(first, Signal) and isinstance(second, Signal):
        raise _mixing("dot product")
    signal = first if isinstance(first, Signal) else second
    constant = second if signal is first else first
    if constant.ndim == 0:
        return builder.affine(signal, float(constant))
    own = LETTERS[: len(builder.shape(signal)) + 1]
    if signal is first:
        rest = LETTERS[len(own) : len(own) + constant.ndim - 1]
        term = rest[:-1] + own[-1] + rest[-1:]
        result = own[:-1] + rest
        return contract(f"{own},{term}->{result}", signal, constant, None, builder)
    raise Unsupported(
        "the constant comes first, and so would its axes before the batch: give the "
        "signal first, or use keras.ops.einsum"
    )


@handles_operation("Inner")
def inner(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate inner with a constant: a dense node over the last axis."""
    first, second = _signal_and_constant("inner product", builder)
    own = LETTERS[: len(builder.shape(first)) + 1]
    rest = LETTERS[len(own) : len(own) + second.ndim - 1]
    equation = f"{own},{rest + own[-1]}->{own[:-1] + rest}"
    return contract(equation, first, second, None, builder)


@handles_operation("Tensordot")
def tensordot(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate tensordot with a constant: a dense node over some axes."""
    first, second = _signal_and_constant("tensor product", builder)
    rank, axes = len(builder.shape(first)), operation.axes
    if isinstance(axes, int):
        pairs: list[list[int]] = [
            list(range(rank + 1 - axes, rank + 1)),
            [*range(axes)],
        ]
    else:
        pairs = [np.atleast_1d(side).tolist() for side in axes]
    own = LETTERS[: rank + 1]
    summed = [own[builder.axis(axis, rank) + 1] for axis in pairs[0]]
    term = list(LETTERS[rank + 1 : rank + 1 + second.ndim])
    for letter, axis in zip(summed, pairs[1], strict=True):
        term[axis] = letter
    result = [c for c in own if c not in summed] + [c for c in term if c not in summed]
    equation = f"{own},{''.join(term)}->{''.join(result)}"
    return contract(equation, first, second, None, builder)


@handles_operation("Cross")
def cross(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate cross: the vector product along the last axis, of three values each."""
    axes = (operation.axisa, operation.axisb, operation.axisc)
    signals = [x for x in pair(builder) if isinstance(x, Signal)]
    shape = builder.shape(signals[0])
    given = [
        x if isinstance(x, Signal) else spread(sample(x, len(shape)), builder, shape)
        for x in pair(builder)
    ]
    lasts = {builder.axis(axis, len(shape)) for axis in axes}
    last = len(shape) - 1
    if lasts != {last} or any(builder.shape(x)[-1] != 3 for x in given):
        raise Unsupported(
            "give it vectors of three values, along the last axis of both"
        )
    one, other = (
        builder.function("multiply", [builder.take(x, last, p) for x, p in turned])
        for turned in (
            zip(given, ((1, 2, 0), (2, 0, 1)), strict=True),
            zip(given, ((2, 0, 1), (1, 2, 0)), strict=True),
        )
    )
    return builder.total([one, builder.affine(other, -1.0, suffix="_negated")])


@handles_operation("Einsum")
def einsum(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Einstein's sum of signals and constants, in any order."""
    equation = operation.subscripts.replace(" ", "")
    given: list[Any] = [
        x if isinstance(x, Signal) else np.asarray(x, np.float32) for x in builder.args
    ]
    terms, result = _spelt(equation, given, builder)
    signals = [i for i, x in enumerate(given) if isinstance(x, Signal)]
    batch = result[:1]
    first = [terms[i][:1] == batch and batch not in terms[i][1:] for i in signals]
    shared = [i for i, term in enumerate(terms) if i not in signals and batch in term]
    if not batch or not all(first) or shared:
        raise Unsupported(
            f"the equation {equation!r} mixes samples: the batch must be the first "
            "axis of every signal and of the result, and in no constant"
        )
    if len(signals) == 1 and len(given) == 2:
        ((at,), (other,)) = signals, {0, 1} - {*signals}
        own = f"{terms[at]},{terms[other]}->{result}"
        return contract(own, given[at], given[other], None, builder)
    if len(given) == 1 and len({*terms[0]}) == len(terms[0]):
        return _of_one(terms[0], result, given[0], builder)
    lengths: dict[str, int] = {}
    named = []
    for i, x in enumerate(given):
        if i not in signals:
            terms[i] = batch + terms[i]
            given[i] = builder.constant(x)
        named.append(str(given[i]))
        lengths |= dict(zip(terms[i][1:], builder.shape(given[i]), strict=True))
    shape = tuple(lengths[c] for c in result[1:])
    own = f"{','.join(terms)}->{result}"
    return builder.function("einsum", named, shape, equation=own)


def _spelt(
    equation: str, given: Sequence[Any], builder: Builder
) -> tuple[list[str], str]:
    """Return the terms and the result of an equation, with "..." as letters."""
    left, _, right = equation.partition("->")
    terms = left.split(",")
    ranks = [
        len(builder.shape(x)) + 1 if isinstance(x, Signal) else x.ndim for x in given
    ]
    if len(terms) != len(ranks):
        raise Unsupported(f"the equation {equation!r} has not {len(ranks)} operands")
    free = "".join(c for c in LETTERS if c not in equation)
    most = max(
        rank - len(term.replace("...", ""))
        for term, rank in zip(terms, ranks, strict=True)
    )
    dots = free[:most]
    for i, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        count = rank - len(term.replace("...", ""))
        terms[i] = term.replace("...", dots[most - count :])
    if "->" not in equation:
        letters = left.replace("...", "").replace(",", "")
        once = sorted({c for c in letters if letters.count(c) == 1})
        right = ("..." if "..." in equation else "") + "".join(once)
    return terms, right.replace("...", dots)


def _of_one(term: str, result: str, x: Signal, builder: Builder) -> str:
    """Add sums over the letters that are not in the result, and a transposition."""
    axes = tuple(i for i, c in enumerate(term[1:]) if c not in result)
    y = builder.reduce(x, "sum", axes, keepdims=False) if axes else x
    left = [c for c in term[1:] if c in result]
    order = [left.index(c) for c in result[1:]]
    y = builder.transpose(y, order, "_transpose" if axes else "")
    return y if y != x else builder.drop([x], "the order stays the same")
