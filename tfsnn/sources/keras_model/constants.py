"""Constant folding: what depends on no value of an input is computed once, by Keras.

Numbers of positions and of types are made so inside a model: they follow from the shape
of an input alone (``keras.ops.cumsum(keras.ops.ones_like(x), 1)``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfsnn.network.nodes import Constant
from tfsnn.sources.handlers.builder import Builder, Signal, UnknownMask
from tfsnn.sources.handlers.registry import translate

SAMPLES = (2, 3)  # two sizes of batches, for what mixes samples shows in one of them


def translate_or_fold(layer: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate a layer or operation, or, of constants alone, add what it computes.

    Raises:
        Unsupported: if it reads a signal, and has no handler that honours its
            arguments.
    """
    results = _computed(layer, builder)
    if results is None:
        return translate(layer, inputs, builder)
    if builder.layer in builder.records:
        builder.tell("folded into a constant")
    return [builder.constant(values) for values in results]


def _computed(layer: Any, builder: Builder) -> list[np.ndarray] | None:
    """Return the outputs of the present call, for one sample; None if they depend."""
    arguments = keras.tree.flatten([builder.args, dict(builder.kwargs)])
    signals = [each for each in arguments if isinstance(each, Signal)]
    nodes = [builder.nodes[signal] for signal in signals]
    if not signals or not all(isinstance(node, Constant) for node in nodes):
        return None
    if getattr(layer, "stateful", False) or any(
        isinstance(each, UnknownMask) for each in arguments
    ):
        return None
    few, more = ([*_outputs(layer, builder, size)] for size in SAMPLES)
    results = []
    for first, other in zip(few, more, strict=True):
        if first.ndim == 0 or (len(first), len(other)) != SAMPLES:
            return None
        if first.dtype == object or first.shape[1:] != other.shape[1:]:
            return None
        if not np.allclose([*first, *other], first[0], 1e-5, 1e-6, equal_nan=True):
            return None
        results.append(first[0])
    return results


def _outputs(layer: Any, builder: Builder, size: int) -> list[np.ndarray]:
    """Call a layer with a batch of equal samples; return its outputs in order."""

    def given(argument: Any) -> Any:
        if not isinstance(argument, Signal):
            return argument
        node = builder.nodes[argument]
        assert isinstance(node, Constant)
        values = np.broadcast_to(node.value, (size, *node.shape))
        return keras.ops.convert_to_tensor(values, argument.dtype)

    args, kwargs = keras.tree.map_structure(
        given, (tuple(builder.args), dict(builder.kwargs))
    )
    outputs = keras.tree.flatten(layer(*args, **kwargs))
    return [keras.ops.convert_to_numpy(output) for output in outputs]
