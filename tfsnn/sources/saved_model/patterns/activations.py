"""Patterns of activations that Keras and TensorFlow write in several operations.

FORMS has, for each Keras activation, the forms in which it is found.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers

from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.patterns.matching import (
    ADD,
    Const,
    Op,
    X,
    match,
    match_any,
    number,
)
from tfsnn.sources.saved_model.registry import Composition, recognises

ONE_HALF = number(0.5)
RELU6_OF_X_3 = Op("Relu6", Op(ADD, X, number(3.0)))
CLIPPED_X_3 = (
    Op("Maximum", Op("Minimum", Op(ADD, X, number(3.0)), number(6.0)), number(0.0)),
    Op("Minimum", Op("Maximum", Op(ADD, X, number(3.0)), number(0.0)), number(6.0)),
    Op("Minimum", Op("Relu", Op(ADD, X, number(3.0))), number(6.0)),
    Op("ClipByValue", Op(ADD, X, number(3.0)), number(0.0), number(6.0)),
)
SIXTH = tuple(
    form
    for clipped in (RELU6_OF_X_3, *CLIPPED_X_3)
    for form in (
        Op("RealDiv", clipped, number(6.0)),
        Op("Mul", clipped, number(1 / 6)),
    )
)
ERF = Op("Erf", Op("Mul", X, number(0.5**0.5)))
ERF_DIVIDED = Op("Erf", Op("RealDiv", X, number(2**0.5)))
ERFCS = (
    Op("Erfc", Op("Mul", Op("Neg", X), number(0.5**0.5))),
    Op("Erfc", Op("Mul", X, number(-(0.5**0.5)))),
    Op("Erfc", Op("Neg", Op("Mul", X, number(0.5**0.5)))),
)
CUBE = Op("Pow", X, number(3.0))
CUBES = (
    CUBE,
    Op("Mul", X, Op("Square", X)),
    Op("Mul", X, Op("Mul", X, X)),
)
TANHS = tuple(
    Op("Tanh", form)
    for cube in CUBES
    for inner in (Op(ADD, X, Op("Mul", number(0.044715), cube)),)
    for form in (Op("Mul", number((2 / np.pi) ** 0.5), inner),)
)
ONE_PLUS = tuple(Op(ADD, number(1.0), y) for y in (ERF, ERF_DIVIDED))


def _half_times(y: Any) -> tuple[Any, ...]:
    """Return the patterns of x * y / 2, in all orders."""
    return (
        Op("Mul", Op("Mul", X, ONE_HALF), y),
        Op("Mul", X, Op("Mul", ONE_HALF, y)),
        Op("Mul", ONE_HALF, Op("Mul", X, y)),
    )


FORMS: dict[str, tuple[Any, ...]] = {
    "silu": (
        Op("Mul", X, Op("Sigmoid", X)),
        Op("Mul", X, Op("Sigmoid", Op("Mul", X, number(1.0)))),
    ),
    "mish": (Op("Mul", X, Op("Tanh", Op("Softplus", X))),),
    "hard_silu": (
        *(Op("Mul", X, form) for form in SIXTH),
        *(
            form
            for clipped in (RELU6_OF_X_3, *CLIPPED_X_3)
            for form in (
                Op("RealDiv", Op("Mul", X, clipped), number(6.0)),
                Op("Mul", Op("Mul", X, clipped), number(1 / 6)),
                Op("Mul", Op("Mul", X, number(1 / 6)), clipped),
            )
        ),
    ),
    "hard_sigmoid": SIXTH,
    "gelu_exact": tuple(f for y in (*ONE_PLUS, *ERFCS) for f in _half_times(y)),
    "gelu": tuple(f for t in TANHS for f in _half_times(Op(ADD, number(1.0), t))),
    "softplus": (
        Op("Log", Op(ADD, number(1.0), Op("Exp", X))),
        Op("Log1p", Op("Exp", X)),
    ),
    "log_sigmoid": (Op("Neg", Op("Softplus", Op("Neg", X))),),
}
ENDS = ("Mul", "RealDiv", "Log", "Log1p", "Neg")


@recognises(*ENDS)
def named_activation(operation: Any, network: Network) -> Composition | None:
    """Recognise an activation that Keras has by name."""
    (output,) = operation.outputs
    if not output.dtype.is_floating:
        return None
    for name, forms in FORMS.items():
        if (found := match_any(forms, output, network)) is not None:
            return Composition([found["x"]], _emit_named(name), rounds=True)
    return None


def _emit_named(name: str) -> Any:
    def emit(rebuild: Any, x: Any) -> Any:
        if name == "gelu_exact":  # Keras's "gelu" is the exact form
            return rebuild.pointwise(
                x, lambda y: rebuild.layer(layers.Activation, y, activation="gelu")
            )
        if name == "gelu":
            return rebuild.pointwise(x, lambda y: rebuild.raw(_tanh_gelu, y))
        return rebuild.pointwise(
            x, lambda y: rebuild.layer(layers.Activation, y, activation=name)
        )

    return emit


def _tanh_gelu(x: Any) -> Any:
    from keras import ops

    return ops.gelu(x, approximate=True)


BOUNDED = (
    Op("Minimum", Op("Relu", X), Const("most")),
    Op("Minimum", Op("Maximum", X, number(0.0)), Const("most")),
    Op("Maximum", Op("Minimum", X, Const("most")), number(0.0)),
    Op("ClipByValue", X, number(0.0), Const("most")),
)


@recognises("Minimum", "Maximum", "ClipByValue")
def bounded_relu(operation: Any, network: Network) -> Composition | None:
    """Recognise min(max(x, 0), m), a bounded ReLU."""
    found = match_any(BOUNDED, operation.outputs[0], network)
    if found is None or found["most"].size != 1 or found["most"].item() <= 0:
        return None
    most = float(found["most"].item())
    return Composition(
        [found["x"]],
        lambda rebuild, x: rebuild.pointwise(
            x, lambda y: rebuild.layer(layers.ReLU, y, max_value=most)
        ),
    )


@recognises("Maximum")
def plain_relu(operation: Any, network: Network) -> Composition | None:
    """Recognise max(x, 0), a ReLU, and max(x, a * x), a leaky one."""
    output = operation.outputs[0]
    if found := match(Op("Maximum", X, number(0.0)), output, network):
        return Composition(
            [found["x"]],
            lambda rebuild, x: rebuild.pointwise(
                x, lambda y: rebuild.layer(layers.ReLU, y)
            ),
        )
    slope = match(Op("Maximum", X, Op("Mul", X, Const("slope"))), output, network)
    if slope is None or slope["slope"].size != 1 or not 0 <= slope["slope"].item() <= 1:
        return None
    return Composition([slope["x"]], _leaky(float(slope["slope"].item())))


NEGATIVE_PART = Op("Relu", Op("Neg", X))
SLOPED = (
    # The sign of the slope in the form, and the form.
    (-1, Op(ADD, Op("Relu", X), Op("Mul", Const("slope"), NEGATIVE_PART))),
    (1, Op("Sub", Op("Relu", X), Op("Mul", Const("slope"), NEGATIVE_PART))),
    (1, Op(ADD, Op("Relu", X), Op("Mul", Const("slope"), Op("Minimum", X, number(0))))),
)


@recognises("AddV2", "Add", "Sub")
def prelu(operation: Any, network: Network) -> Composition | None:
    """Recognise relu(x) - a * relu(-x): PReLU, or LeakyReLU if a is one number."""
    for sign, form in SLOPED:
        found = match(form, operation.outputs[0], network)
        if found is None:
            continue
        slope = sign * found["slope"]
        if slope.size == 1 and slope.item() >= 0:
            return Composition([found["x"]], _leaky(float(slope.item())))
        return _prelu(found["x"], slope, network.layout(found["x"]).units)
    return None


def _prelu(x: Any, slope: np.ndarray, units: tuple[int, ...]) -> Composition | None:
    sizes = (1,) * (len(units) - slope.ndim) + slope.shape
    if len(sizes) > len(units):
        sizes = sizes[-len(units) :]
    if int(np.prod(sizes)) != slope.size:
        return None
    pairs = zip(sizes, units, strict=True)
    shared = [axis for axis, (own, all_) in enumerate(pairs, 1) if own != all_]
    return Composition(
        [x],
        lambda rebuild, y: rebuild.weighted(
            layers.PReLU, y, [slope.reshape(sizes)], shared_axes=shared or None
        ),
    )


def _leaky(slope: float) -> Any:
    return lambda rebuild, x: rebuild.pointwise(
        x, lambda y: rebuild.layer(layers.LeakyReLU, y, negative_slope=slope)
    )
