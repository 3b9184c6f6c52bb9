"""The graph between Keras and the spiking network: frozen nodes, checked edges.

A :class:`Node` is one operation on one sample of the ANN; :mod:`tfsnn.network.nodes`
has the closed set of kinds. Arrays (weights, thresholds) are fields like any other,
made with :func:`array`; :meth:`Graph.map_arrays` exchanges them, for instance NumPy
arrays for the variables of a model, and leaves the structure alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from tfsnn.network.clock import RATE_CLOCK, Clock


def array(default: Any = dataclasses.MISSING) -> Any:
    """A dataclass field that holds an array, which :meth:`Graph.map_arrays` visits."""
    return field(default=default, metadata={"array": True}, kw_only=True)


@dataclass(frozen=True, eq=False)
class Node:
    """One operation.

    Attributes:
        name: unique in its graph; that of the Keras layer where there is one.
        inputs: names of the nodes whose outputs it reads, in order.
        shape: of its output, for one sample: no batch, no time; channels last.
        layer: the Keras layer that it was made from.
    """

    kinds: ClassVar[dict[str, type[Node]]] = {}

    name: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    layer: str = field(default="", kw_only=True)

    def __init_subclass__(cls) -> None:
        """Make the kind known by its class name, for :meth:`Graph.from_config`."""
        Node.kinds[cls.__name__] = cls

    def apply(self, *inputs: Any) -> Any:
        """The operation in the ANN: tensors ``(N, *shape)`` in and out."""
        raise NotImplementedError(f"{type(self).__name__} has no operation")

    def prepared(self) -> Self:
        """The node with all done that can be before the loop over time."""
        return self

    @property
    def keeps_channels(self) -> bool:
        """Whether a channel of the output reads the same channel of the inputs only."""
        return False

    def carry(self, unit: np.ndarray, before: tuple[int, ...]) -> np.ndarray | None:
        """The unit of the output where the input, of shape `before`, has `unit`.

        A unit is the activation that the value 1 stands for; it broadcasts to the
        shape. None where values of different units would be mixed.
        """
        per_channel = unit.ndim == 1 and self.keeps_channels
        return unit if unit.size == 1 or per_channel else None

    def replace(self, **changes: Any) -> Self:
        """A copy with these fields changed."""
        return dataclasses.replace(self, **changes)

    def arrays(self) -> dict[str, Any]:
        """The fields that hold an array now, by name."""
        found = {}
        for spec in dataclasses.fields(self):
            value = getattr(self, spec.name)
            if spec.metadata.get("array") and np.ndim(value):
                found[spec.name] = value
        return found

    def to_config(self) -> dict[str, Any]:
        """JSON: the fields, an array as ``{"array": shape}``."""
        config: dict[str, Any] = {"kind": type(self).__name__}
        arrays = self.arrays()
        for spec in dataclasses.fields(self):
            value = getattr(self, spec.name)
            if spec.name in arrays:
                value = {"array": [int(n) for n in value.shape]}
            config[spec.name] = value
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Node:
        """The node of :meth:`to_config`, its arrays filled with zeros."""
        kind = Node.kinds[config["kind"]]
        fields = {}
        for key, value in config.items():
            if key != "kind":
                fields[key] = _from_json(value)
        return kind(**fields)


def _from_json(value: Any) -> Any:
    if isinstance(value, Mapping) and set(value) == {"array"}:
        return np.zeros(value["array"], np.float32)
    if isinstance(value, Mapping):
        return {key: _from_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_from_json(item) for item in value)
    return value


class LayerRecord(NamedTuple):
    """A Keras layer and, where its nodes do not say it, what became of it."""

    layer: str
    layer_class: str
    parameters: int
    fate: str = ""


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in an order in which each reads only nodes before it.

    Attributes:
        nodes: the operations; those that read nothing are the model's inputs.
        outputs: names of the readout nodes, in the order of the model's outputs.
        layers: the Keras layers that it was made from.
        clock: how the steps of a spiking network count.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    layers: tuple[LayerRecord, ...] = ()
    clock: Clock = RATE_CLOCK

    def __post_init__(self) -> None:
        """Check that names are unique and that every edge leads to an earlier node."""
        seen: set[str] = set()
        for node in self.nodes:
            if node.name in seen:
                raise ValueError(f"two nodes are called {node.name!r}")
            missing = [name for name in node.inputs if name not in seen]
            if missing:
                raise ValueError(f"{node.name!r} reads {missing}, not among {seen}")
            seen.add(node.name)
        if missing := [name for name in self.outputs if name not in seen]:
            raise ValueError(f"the outputs {missing} are not among the nodes {seen}")

    def __getitem__(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """The inputs of the model: name and shape for one sample, in order."""
        return {node.name: node.shape for node in self.nodes if not node.inputs}

    @property
    def whole_inputs(self) -> frozenset[str]:
        """The names of the inputs that take integers."""
        sources = (node for node in self.nodes if not node.inputs)
        return frozenset(n.name for n in sources if getattr(n, "whole", False))

    def feed(self, x: Any) -> dict[str, Any]:
        """The inputs by name: `x` is a mapping, a sequence in order, or one tensor."""
        names = list(self.inputs)
        if isinstance(x, Mapping):
            return {name: x[name] for name in names}
        values = list(x) if isinstance(x, list | tuple) else [x]
        return dict(zip(names, values, strict=True))

    def of_kind(self, *kinds: type[Node]) -> list[Any]:
        """The nodes of these kinds, in order."""
        return [node for node in self.nodes if isinstance(node, kinds)]

    def consumers(self) -> dict[str, list[Node]]:
        """The nodes that read each node."""
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
        """A graph of these nodes, where readers of a renamed node read its stand-in.

        `fates` replaces what is said of the Keras layers of these names.
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
        return Graph(rewired, outputs, layers, self.clock)

    def map_arrays(self, change: Callable[[Node, str, Any], Any]) -> Graph:
        """The same graph, each array exchanged for ``change(node, field, array)``."""
        nodes = tuple(
            node.replace(**{k: change(node, k, v) for k, v in node.arrays().items()})
            for node in self.nodes
        )
        return dataclasses.replace(self, nodes=nodes)

    def prepared(self) -> Graph:
        """The graph with all done that can be before the loop over time."""
        return dataclasses.replace(
            self, nodes=tuple(node.prepared() for node in self.nodes)
        )

    def forward(self, x: Any) -> dict[str, Any]:
        """Every node's output in the ANN, ``(N, *shape)``, for :meth:`feed`."""
        values: dict[str, Any] = self.feed(x)
        for node in self.nodes:
            if node.name not in values:
                values[node.name] = node.apply(*(values[name] for name in node.inputs))
        return values

    def to_config(self) -> dict[str, Any]:
        """JSON: the structure, with shapes in place of arrays."""
        return {
            "nodes": [node.to_config() for node in self.nodes],
            "outputs": list(self.outputs),
            "layers": [list(record) for record in self.layers],
            "clock": dataclasses.asdict(self.clock),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Graph:
        """The graph of :meth:`to_config`, its arrays filled with zeros."""
        return cls(
            tuple(Node.from_config(node) for node in config["nodes"]),
            tuple(config["outputs"]),
            tuple(LayerRecord(*record) for record in config["layers"]),
            Clock(**config.get("clock", {})),
        )
