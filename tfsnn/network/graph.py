"""The graph between Keras and the spiking network: frozen nodes, checked edges.

A :class:`~tfsnn.network.node.Node` is one operation on one sample;
:mod:`tfsnn.network.nodes` has the kinds. Arrays (weights, thresholds) are fields like
any other, made with :func:`tfsnn.network.node.array`; :meth:`Graph.map_arrays`
exchanges them, for instance NumPy arrays for the variables of a model, and leaves the
structure alone.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NotRequired, TypedDict

from tfsnn.errors import ModelError
from tfsnn.network.clock import RATE_CLOCK, Clock
from tfsnn.network.migration import VERSION, migrated
from tfsnn.network.node import Node
from tfsnn_numpy.json_text import mismatch


class LayerRecord(NamedTuple):
    """A Keras layer and, where its nodes do not say it, what became of it."""

    layer: str
    layer_class: str
    parameters: int
    fate: str = ""


class Config(TypedDict):
    """The form of :meth:`Graph.to_config`."""

    version: NotRequired[int]  # none in files of version 1
    nodes: list[dict[str, Any]]
    outputs: list[str]
    layers: list[LayerRecord]
    clock: NotRequired[Clock]
    states: NotRequired[list[str]]


@dataclass(frozen=True, eq=False)
class Graph:
    """A network: nodes in an order in which each reads only nodes before it.

    Attributes:
        nodes: the operations; those that read nothing are the model's inputs.
        outputs: names of the readout nodes, in the order of the model's outputs.
        layers: the Keras layers that it was made from.
        clock: how the steps of a spiking network count.
        states: the inputs of a recurrent network that takes one element of a sequence
            at a time, by which it is given what it has found at the element before: the
            values of the last outputs, as many and in the same order.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    layers: tuple[LayerRecord, ...] = ()
    clock: Clock = RATE_CLOCK
    states: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that names are unique and that every edge leads to an earlier node."""
        seen: set[str] = set()
        for node in self.nodes:
            if node.name in seen:
                raise ValueError(f"two nodes are called {node.name!r}: rename one")
            missing = [name for name in node.inputs if name not in seen]
            if missing:
                raise ValueError(f"{node.name!r} reads {missing}: put these before it")
            seen.add(node.name)
        if missing := [name for name in self.outputs if name not in seen]:
            raise ValueError(f"the outputs {missing} are not among the nodes {seen}")

    def __getitem__(self, name: str) -> Node:
        return self._by_name[name]

    @functools.cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """The inputs, in order: name and shape for one sample; with :attr:`states`."""
        return {node.name: node.shape for node in self.nodes if not node.inputs}

    @property
    def given(self) -> dict[str, tuple[int, ...]]:
        """The inputs of the model, in order: name and shape for one sample."""
        return {k: shape for k, shape in self.inputs.items() if k not in self.states}

    @property
    def answers(self) -> tuple[str, ...]:
        """The outputs of the model: all but those that :attr:`states` are given."""
        return self.outputs[: len(self.outputs) - len(self.states)]

    @property
    def kept(self) -> dict[str, str]:
        """The output that each of :attr:`states` is given, by its name."""
        last = self.outputs[len(self.answers) :]
        return dict(zip(self.states, last, strict=True))

    @property
    def whole_inputs(self) -> frozenset[str]:
        """The names of the inputs that take integers."""
        sources = (node for node in self.nodes if not node.inputs)
        return frozenset(n.name for n in sources if getattr(n, "whole", False))

    def feed(self, x: Any) -> dict[str, Any]:
        """Return inputs by name, from a mapping, a sequence in order, or one tensor."""
        names = list(self.inputs)
        if isinstance(x, Mapping):
            return {name: x[name] for name in names}
        values = list(x) if isinstance(x, list | tuple) else [x]
        return dict(zip(names, values, strict=True))

    def of_kind(self, *kinds: type[Node]) -> list[Any]:
        """Return the nodes of these kinds, in order."""
        return [node for node in self.nodes if isinstance(node, kinds)]

    @property
    def depth(self) -> int:
        """The most spiking populations on a way from an input to an output."""
        depths: dict[str, int] = {}
        for node in self.nodes:
            before = max((depths[name] for name in node.inputs), default=0)
            depths[node.name] = before + node.spikes
        return max(depths.values())

    def consumers(self) -> dict[str, list[Node]]:
        """Return the nodes that read each node, by name."""
        found: dict[str, list[Node]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for name in node.inputs:
                found[name].append(node)
        return found

    def rewrite(
        self,
        nodes: Iterable[Node],
        renamed: Mapping[str, str],
        fates: Mapping[str, str],
    ) -> Graph:
        """Make a graph of these nodes; readers of a renamed node read its stand-in.

        `fates` replaces the recorded fates of the Keras layers of these names.
        """

        def target(name: str) -> str:
            while name in renamed:
                name = renamed[name]
            return name

        rewired = tuple(
            node.replace(inputs=tuple(target(name) for name in node.inputs))
            for node in nodes
        )
        layers = tuple(
            record._replace(fate=fates.get(record.layer, record.fate))
            for record in self.layers
        )
        outputs = tuple(map(target, self.outputs))
        return dataclasses.replace(self, nodes=rewired, outputs=outputs, layers=layers)

    def map_arrays(self, change: Callable[[Node, str, Any], Any]) -> Graph:
        """Return the graph, each array exchanged for ``change(node, field, array)``."""
        nodes = tuple(
            node.replace(**{k: change(node, k, v) for k, v in node.arrays().items()})
            for node in self.nodes
        )
        return dataclasses.replace(self, nodes=nodes)

    def prepared(self) -> Graph:
        """Return the graph with all work done that the loop need not repeat."""
        return dataclasses.replace(
            self, nodes=tuple(node.prepared() for node in self.nodes)
        )

    def without_gradients(self) -> Graph:
        """Return the graph with neurons whose spikes pass no gradients on."""
        return dataclasses.replace(
            self, nodes=tuple(node.without_gradients() for node in self.nodes)
        )

    def forward(self, x: Any) -> dict[str, Any]:
        """Compute every node's output in the ANN, ``(N, *shape)``, for :meth:`feed`."""
        values: dict[str, Any] = self.feed(x)
        for node in self.nodes:
            if node.name not in values:
                values[node.name] = node.apply(*(values[name] for name in node.inputs))
        return values

    def to_config(self) -> dict[str, Any]:
        """Return the structure as JSON, with shapes in place of arrays."""
        return {
            "version": VERSION,
            "nodes": [node.to_config() for node in self.nodes],
            "outputs": list(self.outputs),
            "layers": [list(record) for record in self.layers],
            "clock": dataclasses.asdict(self.clock),
            "states": list(self.states),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Graph:
        """Make a graph from its :meth:`to_config`, with arrays of zeros.

        Raises:
            ModelError: for a config that is damaged or of a newer version, or an
                unknown kind of node.
        """
        if found := mismatch(config, Config):
            raise ModelError(f"the graph of this model is damaged: {found}")
        config = migrated(config)
        return cls(
            tuple(Node.from_config(node) for node in config["nodes"]),
            tuple(config["outputs"]),
            tuple(LayerRecord(*record) for record in config["layers"]),
            Clock(**config.get("clock", {})),
            tuple(config.get("states", ())),
        )
