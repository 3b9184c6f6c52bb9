"""Handlers translate Keras layers into nodes; one decorator registers them.

A handler for a layer of one's own::

    @tfsnn.handles(MyScale)
    def my_scale(layer, inputs, builder):
        (x,) = inputs
        gain = np.asarray(layer.gain)
        return builder.add(Affine, (x,), builder.shape(x), gain=gain)

It gets the layer, the names of the nodes that the layer reads and the builder of the
graph; it returns the name of the node that holds the layer's output. What it cannot
honour is data in the decorator (`only`), so that every refusal reads the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from tfsnn.graph import Graph, LayerRecord, Node

Handler = Callable[[Any, Sequence[str], "Builder"], str]


class Unsupported(Exception):
    """Raised by a handler: the layer cannot be converted, for this reason."""


@dataclass(frozen=True)
class Registration:
    """A handler and the values of the layer's arguments that it can honour."""

    handler: Handler
    only: Mapping[str, tuple[Any, ...]]


_REGISTRY: dict[type, Registration] = {}


def handles(
    *layer_classes: type, only: Mapping[str, tuple[Any, ...]] | None = None
) -> Callable[[Handler], Handler]:
    """Register a handler for exactly these layer classes, not for their subclasses.

    A subclass may compute something else, so it needs a handler of its own.

    Args:
        layer_classes: Keras layer classes.
        only: per argument of the layer, the values that the handler can honour.

    Raises:
        ValueError: if a class has a handler already.
    """

    def register(handler: Handler) -> Handler:
        for layer_class in layer_classes:
            if layer_class in _REGISTRY:
                raise ValueError(f"{layer_class.__name__} has a handler already")
            _REGISTRY[layer_class] = Registration(handler, only or {})
        return handler

    return register


def registered() -> dict[type, Registration]:
    """All layer classes that can be converted, with their handlers."""
    return dict(_REGISTRY)


CHANNELS_LAST = {"data_format": ("channels_last",)}


def translate(layer: keras.Layer, inputs: Sequence[str], builder: Builder) -> str:
    """Call the layer's handler.

    Raises:
        Unsupported: if there is none, or it cannot honour the layer's arguments.
    """
    registration = _REGISTRY.get(type(layer))
    if registration is None:
        raise Unsupported(
            "no handler for this class: register one with @tfsnn.handles, "
            "or replace the layer"
        )
    for argument, values in registration.only.items():
        received = getattr(layer, argument)
        if received not in values:
            expected = " or ".join(repr(value) for value in values)
            raise Unsupported(f"{argument}={received!r}; only {expected} is supported")
    return registration.handler(layer, inputs, builder)


@dataclass
class Builder:
    """A graph in the making.

    Attributes:
        nodes: so far, in order.
        records: the Keras layers so far, by name.
        layer: name of the Keras layer being translated, with those it is nested in.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    records: dict[str, LayerRecord] = field(default_factory=dict)
    layer: str = ""

    def add(
        self,
        kind: type[Node],
        inputs: Sequence[str],
        shape: Sequence[int],
        *arguments: Any,
        suffix: str = "",
        **fields: Any,
    ) -> str:
        """Add a node and return its name.

        The name is the layer's with `suffix` ("_2" and so on where that is taken).
        """
        base = self.layer + suffix
        name, count = base, 1
        while name in self.nodes:
            count += 1
            name = f"{base}_{count}"
        self.nodes[name] = kind(
            name,
            tuple(inputs),
            tuple(int(n) for n in shape),
            *arguments,
            layer=self.layer,
            **fields,
        )
        return name

    def shape(self, name: str) -> tuple[int, ...]:
        """The output shape of a node, for one sample."""
        return self.nodes[name].shape

    def drop(self, inputs: Sequence[str], why: str) -> str:
        """Pass the layer's only input on: it computes the identity."""
        self.tell(f"dropped: {why}")
        return inputs[0]

    def tell(self, fate: str) -> None:
        """Record what became of the present layer, in place of the default."""
        self.records[self.layer] = self.records[self.layer]._replace(fate=fate)

    def graph(self, outputs: Sequence[str]) -> Graph:
        """The finished graph, without the nodes that no output needs."""
        needed = set(outputs)
        for node in reversed(self.nodes.values()):
            if node.name in needed:
                needed.update(node.inputs)
        source = next(iter(self.nodes))
        kept = [n for n in self.nodes.values() if n.name in needed | {source}]
        unused = {n.layer for n in self.nodes.values()} - {n.layer for n in kept}
        records = [
            record._replace(fate="dropped: no output needs it")
            if record.layer in unused
            else record
            for record in self.records.values()
        ]
        return Graph(tuple(kept), tuple(outputs), tuple(records))
