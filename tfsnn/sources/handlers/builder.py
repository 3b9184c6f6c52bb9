"""The graph in the making, and the nodes that many handlers add to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfsnn.network.graph import Graph, LayerRecord, Node
from tfsnn.network.nodes import (
    Affine,
    Constant,
    Function,
    Merge,
    Rate,
    Reduce,
    Reshape,
    Slice,
    Take,
    Transpose,
)
from tfsnn.network.rounding import Rounding

Shape = tuple[int, ...]


class Unsupported(Exception):
    """A handler cannot convert the layer, for the reason in the message."""


class Signal(str):
    """The name of a node whose output is an argument of a call.

    Attributes:
        dtype: type of the tensor in Keras; in the graph all are float32.
        mask: the mask that Keras passes on beside the tensor, if there is one.
        time: what it is over time, in a network of spiking layers (over_time.py).
    """

    dtype = "float32"
    time = ""
    mask: Signal | UnknownMask | None = None


@dataclass(frozen=True)
class UnknownMask:
    """A mask that cannot be computed here, for a reason that matters if it is used."""

    reason: str


@dataclass
class Builder:
    """A graph in the making, to which handlers add nodes.

    Attributes:
        nodes: the nodes so far by name, in order.
        records: what became of the Keras layers so far, by name.
        layer: name of the Keras layer being translated, with those it is nested in.
        args, kwargs: arguments of the layer's call: each tensor is the
            :class:`Signal` of its node, and arrays are NumPy arrays.
        inner: function that translates a layer or model inside the present layer, of
            inputs and, where it takes one, a mask, and returns the nodes of its
            outputs.
        within: function that has another builder, of the nodes inside a node, translate
            what is inside a layer as this one does; it returns what is refused there,
            kind and reason by name, as the layers are translated.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    records: dict[str, LayerRecord] = field(default_factory=dict)
    layer: str = ""
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    inner: Callable[..., list[str]] | None = None
    within: Callable[[Builder], Mapping[str, tuple[str, str]]] | None = None

    def add(
        self,
        kind: type[Node],
        inputs: Sequence[str],
        shape: Sequence[int],
        *arguments: Any,
        suffix: str = "",
        **fields: Any,
    ) -> Signal:
        """Add a node and return its name.

        The name is the layer's with `suffix` ("_2" and so on where that is taken).
        Arrays become float32, in which a graph computes whatever the layer's type is.
        """
        fields = {name: _float32(value) for name, value in fields.items()}
        base = self.layer + suffix
        name, count = base, 1
        while name in self.nodes:
            count += 1
            name = f"{base}_{count}"
        self.nodes[name] = kind(
            name,
            tuple(str(name) for name in inputs),
            tuple(int(n) for n in shape),
            *arguments,
            layer=self.layer,
            **fields,
        )
        return Signal(name)

    def shape(self, name: str) -> Shape:
        """The output shape of a node, for one sample."""
        return self.nodes[name].shape

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return an argument of the layer's call, by position or name."""
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)

    def axis(self, axis: int, rank: int) -> int:
        """Turn an axis of a batch of samples of `rank` axes into one of a sample.

        Raises:
            Unsupported: if `axis` is the axis of the batch.
        """
        own = axis - 1 if axis >= 0 else axis + rank
        if own < 0:
            raise Unsupported(
                f"axis={axis} is the batch: samples would be mixed; use another axis"
            )
        return own

    def axes(self, axes: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
        """Turn several axes of a batch into axes of one sample, in order.

        Raises:
            Unsupported: if one of them is the axis of the batch.
        """
        if axes is None:
            raise Unsupported(
                "axis=None includes the batch: samples would be mixed; name the axes"
            )
        axes = (axes,) if isinstance(axes, int) else axes
        return tuple(sorted(self.axis(axis, rank) for axis in axes))

    def drop(self, inputs: Sequence[str], why: str) -> str:
        """Pass the layer's only input on: it computes the identity."""
        self.tell(f"dropped: {why}")
        return inputs[0]

    def tell(self, fate: str) -> None:
        """Record what became of the present layer, in place of the default."""
        self.records[self.layer] = self.records[self.layer]._replace(fate=fate)

    def constant(self, value: Any) -> Signal:
        """Add a node for constant values, of the shape of one sample."""
        value = np.asarray(value, np.float32)
        source = next(iter(self.nodes))
        stored: Any = value if value.ndim else float(value)
        return self.add(
            Constant, (source,), value.shape, suffix="_constant", value=stored
        )

    def affine(self, x: str, gain: Any = 1.0, offset: Any = 0.0, **fields: Any) -> Any:
        """Add gain * x + offset, in float32; both broadcast to the shape of x."""
        shape = self.shape(x)
        gain, offset = (
            np.broadcast_to(a, shape[-1:] if np.ndim(a) < 2 else shape)
            for a in (gain, offset)
        )
        if shape == ():
            gain, offset = gain.ravel()[0], offset.ravel()[0]
        return self.add(
            Affine,
            (x,),
            shape,
            gain=gain.astype(np.float32),
            offset=offset.astype(np.float32) if offset.any() else None,
            **fields,
        )

    def total(self, names: Sequence[str], **fields: Any) -> Signal:
        """Add the sum of signals; axes of length 1 are repeated."""
        shapes = [self.shape(name) for name in names]
        shape = self.broadcast(shapes)
        repeats = any(each != shape for each in shapes)
        return self.add(Merge, names, shape, "add", repeats=repeats, **fields)

    def broadcast(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of an elementwise operation on signals of these shapes.

        Raises:
            Unsupported: if the shapes do not fit, or differ in their number of axes.
        """
        if len({len(shape) for shape in shapes}) > 1:
            raise Unsupported(
                f"its inputs {shapes} have different numbers of axes: samples and "
                "other axes would be mixed; reshape them first"
            )
        return np.broadcast_shapes(*shapes)

    def function(
        self,
        op: str,
        inputs: Sequence[str],
        shape: Shape | None = None,
        suffix: str | None = None,
        **options: Any,
    ) -> Signal:
        """Add a running-sum node; its shape is that of its inputs unless given."""
        if shape is None:
            shape = self.broadcast([self.shape(name) for name in inputs])
        if suffix is None:
            suffix = "" if self.layer not in self.nodes else f"_{op}"
        return self.add(Function, inputs, shape, op, options, suffix=suffix)

    def rate(
        self, x: str, max_value: Any = None, rounding: Rounding | None = None
    ) -> Signal:
        """Add neurons for min(max(x, 0), max_value), or for x rounded to levels."""
        shape = self.shape(x)
        if shape == ():  # a population needs a channel axis
            y = self.rate(self.reshape(x, (1,)), max_value, rounding)
            return self.reshape(y, ())
        suffix = "" if self.layer not in self.nodes else "_relu"
        bounds = {"max_value": max_value}
        if rounding is not None:
            bounds = {"max_value": rounding.bound, "quantized": rounding.to_config()}
        return self.add(Rate, (x,), shape, suffix=suffix, **bounds)

    def reshape(self, x: str, shape: Sequence[int], suffix: str = "_shape") -> Signal:
        """Add a node that gives the values of x another shape."""
        if tuple(shape) == self.shape(x):
            return Signal(x)
        return self.add(Reshape, (x,), shape, suffix=suffix)

    def transpose(self, x: str, order: Sequence[int], suffix: str = "") -> Signal:
        """Add a transposition: axis i of the output is axis ``order[i]`` of x."""
        if tuple(order) == tuple(range(len(order))):
            return Signal(x)
        shape = [self.shape(x)[axis] for axis in order]
        return self.add(Transpose, (x,), shape, tuple(order), suffix=suffix)

    def slice(
        self, x: str, axis: int, start: int, stop: int, suffix: str = ""
    ) -> Signal:
        """Add ``x[start:stop]`` along one axis."""
        shape = list(self.shape(x))
        starts, stops = [0] * len(shape), [None] * len(shape)
        starts[axis], stops[axis] = start, stop  # type: ignore[call-overload]
        shape[axis] = stop - start
        steps = (1,) * len(shape)
        limits = (tuple(starts), tuple(stops), steps)
        return self.add(Slice, (x,), shape, *limits, suffix=suffix)

    def take(
        self, x: str, axis: int, indices: Collection[Any], suffix: str = ""
    ) -> Signal:
        """Add the values of x at indices along one axis."""
        shape = list(self.shape(x))
        shape[axis] = len(indices)
        own = tuple(int(index) for index in indices)
        return self.add(Take, (x,), shape, axis, own, suffix=suffix)

    def concatenate(self, names: Sequence[str], axis: int, suffix: str = "") -> Signal:
        """Add the concatenation of signals along one axis."""
        shape = list(self.shape(names[0]))
        shape[axis] = sum(self.shape(name)[axis] for name in names)
        return self.add(Merge, names, shape, "concat", axis, suffix=suffix)

    def reduce(self, x: str, form: str, axes: Sequence[int], keepdims: bool) -> Signal:
        """Add the reduction `form` over axes: "sum", "mean", or a function's name."""
        before = self.shape(x)
        kept = [1 if i in axes else n for i, n in enumerate(before)]
        if form in ("sum", "mean"):
            y = self.add(Reduce, (x,), kept, form, tuple(axes))
        else:
            y = self.function(form, (x,), tuple(kept), axes=tuple(axes))
        shape = [n for i, n in enumerate(before) if i not in axes]
        return y if keepdims else self.reshape(y, shape)

    def graph(self, outputs: Sequence[str]) -> Graph:
        """Return the finished graph, without the nodes that no output needs."""
        needed = set(outputs)
        for node in reversed(self.nodes.values()):
            if node.name in needed:
                needed.update(node.inputs)
        kept = [n for n in self.nodes.values() if n.name in needed or not n.inputs]
        unused = {n.layer for n in self.nodes.values()} - {n.layer for n in kept}
        records = [
            record._replace(fate="dropped: no output needs it")
            if record.layer in unused and not record.fate
            else record
            for record in self.records.values()
        ]
        return Graph(tuple(kept), tuple(str(name) for name in outputs), tuple(records))


def _float32(value: Any) -> Any:
    """Return an array of floats as float32, and anything else as it is."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    return value.astype(np.float32, copy=False)
