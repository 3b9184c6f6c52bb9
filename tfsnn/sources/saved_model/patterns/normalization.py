"""Patterns of layer normalisation, as Keras and TensorFlow write its arithmetic."""

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
)
from tfsnn.sources.saved_model.registry import Composition, recognises
from tfsnn.sources.saved_model.shapes import Refused

MEAN = Op("Mean", X, Const("axes"))
CENTRED = Op("Sub", X, MEAN)
VARIANCES = tuple(
    Op("Mean", form, Const("over"))
    for form in (
        Op("SquaredDifference", X, MEAN),
        Op("SquaredDifference", MEAN, X),
        Op("Square", CENTRED),
        Op("Mul", CENTRED, CENTRED),
    )
)
GAMMA, BETA = Const("gamma"), Const("beta")


def _whole(variance: Any) -> tuple[Any, ...]:
    """Return the patterns that multiply x and its mean by the same factor."""
    inverse = Op("Rsqrt", Op(ADD, variance, Const("epsilon")))
    forms: list[Any] = []
    for factor in (Op("Mul", inverse, GAMMA), inverse):
        scaled, shift = Op("Mul", X, factor), Op("Mul", MEAN, factor)
        minus = Op("Mul", Op("Neg", MEAN), factor)
        forms += [
            Op(ADD, scaled, Op(ADD, minus, BETA)),
            Op(ADD, Op(ADD, scaled, minus), BETA),
            Op(ADD, scaled, Op("Sub", BETA, shift)),
            Op(ADD, scaled, minus),
            Op("Sub", scaled, shift),
        ]
    return tuple(forms)


def _normalised(variance: Any) -> tuple[Any, ...]:
    """Return the patterns of (x - mean) / deviation."""
    shifted = Op(ADD, variance, Const("epsilon"))
    return (
        Op("Mul", CENTRED, Op("Rsqrt", shifted)),
        Op("RealDiv", CENTRED, Op("Sqrt", shifted)),
    )


WHOLE = tuple(form for variance in VARIANCES for form in _whole(variance))
NORMALISED = tuple(form for variance in VARIANCES for form in _normalised(variance))


@recognises("AddV2", "Add", "Sub", "Mul", "RealDiv", "Reshape")
def layer_normalization(operation: Any, network: Network) -> Composition | None:
    """Recognise LayerNormalization over the last axis."""
    (output,) = operation.outputs
    if not output.dtype.is_floating:
        return None
    found = match_any(WHOLE, output, network)
    if found is None:
        found = _affine_of_normalised(output, network)
    if found is None:
        return None
    try:
        units = network.layout(found["x"]).units
    except Refused:
        return None
    rank = found["x"].shape.rank
    for axes in (found.get("axes"), found.get("over")):
        if axes is not None and [int(a) % rank for a in np.ravel(axes)] != [rank - 1]:
            return None
    weights = [found[name] for name in ("gamma", "beta") if name in found]
    if any(w.size != units[-1] or w.shape[-1:] != units[-1:] for w in weights):
        return None
    return Composition([found["x"]], _emit(found))


def _emit(found: dict[str, Any]) -> Any:
    return lambda rebuild, x: rebuild.weighted(
        layers.LayerNormalization,
        x,
        [found[name].ravel() for name in ("gamma", "beta") if name in found],
        epsilon=float(found["epsilon"]),
        scale="gamma" in found,
        center="beta" in found,
    )


def _affine_of_normalised(tensor: Any, network: Network) -> dict[str, Any] | None:
    """Match a normalised tensor, with or without gamma and beta."""
    bound: dict[str, Any] = {}
    y = Op  # shorter below
    inner = tensor
    if step := match(y(ADD, X, BETA), inner, network):
        bound["beta"], inner = step["beta"], step["x"]
    if step := match(y("Mul", X, GAMMA), inner, network):
        bound["gamma"], inner = step["gamma"], step["x"]
    if inner is not tensor and not network.only_reader(inner):
        return None
    found = match_any(NORMALISED, inner, network) or _fused(inner, network)
    return None if found is None else {**bound, **found}


def _fused(tensor: Any, network: Network) -> dict[str, Any] | None:
    """Match Keras 2's form: a training batch normalisation with samples as channels.

    The form is Reshape to (1, rows, width, 1), FusedBatchNormV3 (NCHW) with scale 1 and
    offset 0, and Reshape back.
    """
    tensor = network.source(tensor)
    if not network.is_live(tensor) or tensor.op.type != "Reshape":
        return None
    norm = network.source(tensor.op.inputs[0]).op
    if norm.type != "FusedBatchNormV3" or not norm.get_attr("is_training"):
        return None
    before = network.source(norm.inputs[0])
    if norm.get_attr("data_format") != b"NCHW" or before.op.type != "Reshape":
        return None
    x = network.source(before.op.inputs[0])
    first, rows, width, last = before.shape.as_list()
    same = x.shape.as_list() == tensor.shape.as_list() and x.shape[-1] == width
    scale, offset = (network.batch_values(norm.inputs[i]) for i in (1, 2))
    if not same or (first, last) != (1, 1) or rows * width != x.shape.num_elements():
        return None
    if scale is None or offset is None or (scale != 1).any() or offset.any():
        return None
    return {"x": x, "epsilon": np.asarray(norm.get_attr("epsilon"))}
