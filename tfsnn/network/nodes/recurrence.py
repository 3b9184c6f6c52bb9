"""A recurrence over the places of a sequence, as one node."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import tensorflow as tf

from tfsnn.network.node import Node, Shape
from tfsnn.network.traced import traced


@dataclass(frozen=True, eq=False)
class Recurrence(Node):
    """A recurrent layer over a whole sequence: s(i), y(i) = step(x(i), s(i - 1)).

    It reads sequences ``(L, ...)``, which it goes through side by side, and then its
    initial states. The places i of a sequence are not time steps of the simulation: the
    node is a running sum like any other function, of the whole sequence.

    Attributes:
        body: the nodes of one step, in order; those that read nothing stand for x(i)
            and s(i - 1), in the order of the inputs.
        states: the names of the nodes of `body` that hold s(i).
        output: the name of the node of `body` that holds y(i).
        last: whether its output is y(L) alone, and not ``(L, ...)``.
    """

    body: tuple[Any, ...]
    states: tuple[str, ...]
    output: str
    last: bool = False

    def __post_init__(self) -> None:
        """Make nodes of the configs of nodes, as a file has them."""
        body = (Node.from_config(n) if isinstance(n, Mapping) else n for n in self.body)
        object.__setattr__(self, "body", tuple(body))

    @property
    def label(self) -> str:
        """The word for it."""
        return "recurrence"

    def apply(self, *xs: Any) -> Any:
        """Go through sequences ``(N, L, ...)`` from states ``(N, ...)``."""
        reads = {str(i): x for i, x in enumerate(xs)}
        return self._program(reads) if tf.executing_eagerly() else self._loop(reads)

    @functools.cached_property
    def _program(self) -> Callable[[Any], Any]:
        """The loop as a program: one operation after the other would take its time."""
        return traced(self._loop)

    def _loop(self, reads: Mapping[str, Any]) -> Any:
        xs = [reads[str(i)] for i in range(len(reads))]
        count = len(xs) - len(self.states)
        by_place = [_places_first(x) for x in xs[:count]]
        length = by_place[0].shape[0]
        sources = [node for node in self.body if not node.inputs]
        shape = next(n.shape for n in self.body if n.name == self.output)

        def step(i: Any, states: Any) -> tuple[list[Any], Any]:
            values = [*(tf.gather(x, i) for x in by_place), *states]
            known = {node.name: x for node, x in zip(sources, values, strict=True)}
            for node in self.body:
                if node.inputs:
                    known[node.name] = node.apply(*(known[n] for n in node.inputs))
            return [known[name] for name in self.states], known[self.output]

        def advance(i: Any, states: Any, outputs: Any) -> tuple[Any, Any, Any]:
            after, y = step(i, states)
            for new, old in zip(after, states, strict=True):
                new.set_shape(old.shape)
            return i + 1, after, [array.write(i, y) for array in outputs]

        before = length - 1 if self.last else length  # the last step is behind the loop
        outputs = [
            tf.TensorArray(tf.float32, length, element_shape=(xs[0].shape[0], *shape))
        ]
        i, states, outputs = tf.while_loop(
            lambda i, *_: i < before,
            advance,
            (tf.constant(0), list(xs[count:]), [] if self.last else outputs),
            maximum_iterations=before,
            parallel_iterations=1,
        )
        return step(i, states)[1] if self.last else _places_first(outputs[0].stack())

    def operations(self, shapes: Sequence[Shape]) -> int:
        """Count the multiplications of one step, for each place of the sequence."""
        known = {node.name: node.shape for node in self.body}
        total = 0
        for node in self.body:
            reads = [known[name] for name in node.inputs]
            if node.event_driven:
                parts = zip(reads, node.accumulates(reads), strict=True)
                total += sum(
                    int(np.broadcast_to(counts, shape).sum()) for shape, counts in parts
                )
            elif node.multiplies:
                total += node.operations(reads)
        return total * shapes[0][0]

    def replace(self, **changes: Any) -> Self:
        """Return a copy with these fields changed; an array is ``NODE.FIELD``."""
        inner: dict[str, dict[str, Any]] = {}
        for key in [key for key in changes if "." in key]:
            name, _, spec = key.rpartition(".")
            inner.setdefault(name, {})[spec] = changes.pop(key)
        if inner:
            changes["body"] = tuple(
                node.replace(**inner.get(node.name, {})) for node in self.body
            )
        return super().replace(**changes)

    def arrays(self) -> dict[str, Any]:
        """Return the arrays of the step, by ``NODE.FIELD``."""
        return {
            f"{node.name}.{name}": values
            for node in self.body
            for name, values in node.arrays().items()
        }

    def to_config(self) -> dict[str, Any]:
        """Return the fields as JSON, the step as the configs of its nodes."""
        body = [node.to_config() for node in self.body]
        return {**super().to_config(), "body": body}


def _places_first(x: Any) -> Any:
    """Exchange the first two axes, samples and places."""
    return tf.transpose(x, (1, 0, *range(2, len(x.shape))))
