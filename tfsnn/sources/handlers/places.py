"""The nodes of one place of a sequence, made to act on all places at once.

The places become an axis before all others, over which windows have length 1. Weights
and thresholds are those of one place, and the neurons of all places one population.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch

import numpy as np

from tfsnn.network import functions
from tfsnn.network.node import Node, Shape
from tfsnn.network.nodes import (
    Affine,
    Function,
    Linear,
    Merge,
    Pad,
    Pool,
    Rate,
    Reduce,
    Reshape,
    Slice,
    Take,
    Transpose,
)
from tfsnn.sources.handlers.builder import Builder

# Axes of a window, as many as there may be.
MOST = {"conv": 3, "depthwise": 2, "pool": 3}


def at_all_places(
    body: Builder, reads: Mapping[str, str], output: str, builder: Builder
) -> str | None:
    """Add the nodes of one place for all of them; None if one of them cannot be.

    Args:
        body: the nodes of one place.
        reads: the sequence ``(L, ...)`` for each of these that reads nothing.
        output: the one that holds the output.
        builder: the graph in the making.
    """
    length = builder.shape(next(iter(reads.values())))[0]
    made: list[Node] = []
    for node in body.nodes.values():
        if node.inputs:
            shapes = [body.shape(name) for name in node.inputs]
            if not (found := at_places(node, length, shapes)):
                return None
            made += found

    def own(name: str) -> str:
        return builder.layer + name.removeprefix(body.layer)

    if any(own(node.name) in builder.nodes for node in made):
        return None
    names = dict(reads)
    for node in made:
        names[node.name] = own(node.name)
        builder.nodes[own(node.name)] = node.replace(
            name=own(node.name),
            inputs=tuple(names[name] for name in node.inputs),
            layer=own(node.layer),
        )
    for name, record in body.records.items():
        if name == body.layer:
            continue
        builder.records[own(name)] = record._replace(layer=own(name))
    return names[output]


def at_places(node: Node, length: int, shapes: Sequence[Shape]) -> list[Node]:
    """Return nodes that do at all places what one does at a place; none if none can.

    Args:
        node: the node of one place.
        length: L, the places.
        shapes: the shapes of its inputs, at one place.
    """
    if not node.shape or not all(shapes):
        return []  # the places would be channels
    for values in node.arrays().values():
        if np.ndim(values) > 1 and not isinstance(node, Linear):
            return []  # an array for each value of a place
    return _at_places(node, length, shapes)


@singledispatch
def _at_places(node: Node, length: int, shapes: Sequence[Shape]) -> list[Node]:
    return []


def _more(node: Node, length: int, **changes: object) -> list[Node]:
    return [node.replace(shape=(length, *node.shape), **changes)]


@_at_places.register(Affine)
@_at_places.register(Rate)
@_at_places.register(Reshape)
def _(node: Node, length: int, shapes: Sequence[Shape]) -> list[Node]:
    return _more(node, length)


@_at_places.register
def _(node: Linear, length: int, shapes: Sequence[Shape]) -> list[Node]:
    if node.form == "dense":
        return _more(node, length)
    if len(node.strides) >= MOST.get(node.form, 0):
        return []
    return _more(
        node,
        length,
        kernel=np.asarray(node.kernel)[None],
        strides=(1, *node.strides),
        dilation=(1, *node.dilation),
    )


@_at_places.register
def _(node: Function, length: int, shapes: Sequence[Shape]) -> list[Node]:
    of_each = functions.FUNCTIONS[node.op].elementwise and not node.options
    return _more(node, length) if of_each else []


@_at_places.register
def _(node: Merge, length: int, shapes: Sequence[Shape]) -> list[Node]:
    axis = node.axis if node.is_sum else node.axis % len(node.shape) + 1
    return _more(node, length, axis=axis)


@_at_places.register
def _(node: Pool, length: int, shapes: Sequence[Shape]) -> list[Node]:
    ((*places, channels),) = shapes
    if len(places) >= MOST["pool"]:
        return []
    if not node.is_global:
        return _more(node, length, size=(1, *node.size), strides=(1, *node.strides))
    window = (1, *places)
    whole = (length, *(1 for _ in places), channels)
    one = node.replace(name=f"{node.name}_all", shape=whole, size=window)
    last = Reshape(node.name, (one.name,), (length, *node.shape), layer=node.layer)
    return [one.replace(strides=window), last]


@_at_places.register
def _(node: Reduce, length: int, shapes: Sequence[Shape]) -> list[Node]:
    return _more(node, length, axes=tuple(axis + 1 for axis in node.axes))


@_at_places.register
def _(node: Transpose, length: int, shapes: Sequence[Shape]) -> list[Node]:
    return _more(node, length, order=(0, *(axis + 1 for axis in node.order)))


@_at_places.register
def _(node: Slice, length: int, shapes: Sequence[Shape]) -> list[Node]:
    starts, stops, steps = (0, *node.starts), (None, *node.stops), (1, *node.steps)
    return _more(node, length, starts=starts, stops=stops, steps=steps)


@_at_places.register
def _(node: Take, length: int, shapes: Sequence[Shape]) -> list[Node]:
    return _more(node, length, axis=node.axis % len(shapes[0]) + 1)


@_at_places.register
def _(node: Pad, length: int, shapes: Sequence[Shape]) -> list[Node]:
    return _more(node, length, amounts=((0, 0), *node.amounts))
