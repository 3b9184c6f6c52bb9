"""The functions of a SavedModel, and the way of a tensor through their calls.

A signature is a graph whose nodes call functions, whose nodes call others. Each call
that is gone through is a :class:`Place`: a function's nodes, once more, with the
arguments of that call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.definitions import definitions

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
# Functions that call each other deeper are those that call themselves.
MOST_DEPTH = 100
# Functions that call each other twice make endless calls of a small file.
MOST_CALLS = 2**15


@dataclass(frozen=True)
class Body:
    """The nodes of a function, or of the graph, which has no name and no arguments."""

    name: str
    nodes: dict[str, Any]
    order: dict[str, int]
    arguments: dict[str, int]
    returns: dict[str, str]
    results: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Place:
    """A call of a function that is gone through; the graph itself has no caller.

    Attributes:
        body: what is called.
        caller: place of the node that calls it.
        call: that node.
        path: index of each calling node in its body, from the graph on.
        prefix: what stands in front of the nodes' names where calls are written out.
    """

    body: Body
    caller: Place | None = None
    call: Any = None
    path: tuple[int, ...] = ()
    prefix: str = ""


@dataclass(frozen=True)
class Source:
    """The output of an operation that is no call: where a tensor comes from."""

    place: Place
    node: Any
    index: int = 0

    @property
    def key(self) -> tuple[tuple[int, ...], str]:
        """What tells the operation from all others."""
        return self.place.path, self.node.name

    @property
    def order(self) -> tuple[int, ...]:
        """The place of the operation in the program."""
        return (*self.place.path, self.place.body.order[self.node.name])


class Program:
    """A graph and the functions that it calls.

    Attributes:
        graph: the place of the graph itself.
        functions: ``FunctionDef`` by name.
        definitions: ``OpDef`` by operation type, of those that TensorFlow has.
    """

    def __init__(self, graph_def: Any) -> None:
        """Take a ``GraphDef``; bodies of functions are read as they are called."""
        self.functions = {f.signature.name: f for f in graph_def.library.function}
        bodies = [graph_def.node, *(f.node_def for f in graph_def.library.function)]
        self.definitions = definitions(node.op for body in bodies for node in body)
        self.graph = Place(_body("", graph_def.node))
        self._bodies: dict[str, Body] = {}
        self._places: dict[tuple[tuple[int, ...], str], Place] = {}

    @property
    def entered(self) -> list[Place]:
        """The places of all calls that were gone through."""
        return list(self._places.values())

    def called(self, node: Any) -> str:
        """Return the name of the function that a node calls, "" if it is no call."""
        if node.op in CALLS:
            name = node.attr["f"].func.name
            if name not in self.functions:
                raise ModelError(
                    f"{node.name} calls the function {name!r}, which is missing: the "
                    "file is damaged, export it again"
                )
            return name
        return node.op if node.op in self.functions else ""

    def mentioned(self, node: Any) -> Iterator[str]:
        """Yield every function that a node names: a call, a branch, a loop's body."""
        if node.op in self.functions:
            yield node.op
        for value in node.attr.values():
            for function in (value.func, *value.list.func):
                if function.name in self.functions:
                    yield function.name

    def body(self, name: str) -> Body:
        """Return the body of a function."""
        if name not in self._bodies:
            function = self.functions[name]
            arguments = [each.name for each in function.signature.input_arg]
            self._bodies[name] = _body(
                name,
                function.node_def,
                arguments,
                function.ret,
                tuple(each.name for each in function.signature.output_arg),
            )
        return self._bodies[name]

    def enter(self, place: Place, node: Any) -> Place:
        """Return the place of a call.

        Raises:
            ModelError: if there are too many calls, or they are nested too deep, as
                in a function that calls itself.
        """
        key = place.path, node.name
        if key not in self._places:
            if len(place.path) >= MOST_DEPTH:
                raise ModelError(
                    f"its functions call each other more than {MOST_DEPTH} deep, at "
                    f"{place.body.name!r}, so one may call itself without end: export "
                    "the model without recursion"
                )
            if len(self._places) >= MOST_CALLS:
                raise ModelError(
                    f"its functions are called more than {MOST_CALLS:,} times in all, "
                    f"at {place.body.name!r}: export a smaller model"
                )
            self._places[key] = Place(
                self.body(self.called(node)),
                place,
                node,
                (*place.path, place.body.order[node.name]),
                f"{place.prefix}{node.name}/",
            )
        return self._places[key]

    def source(self, place: Place, text: str) -> Source:
        """Follow a tensor through arguments and results to the operation it is from.

        Args:
            place: where the tensor is read.
            text: the tensor as nodes name it, ``node``, ``node:1`` or, in functions,
                ``node:output:0``.

        Raises:
            ModelError: if it does not exist, or the way leads in a circle.
        """
        passed = set()
        while True:
            if (place.path, text) in passed:
                raise damaged(place, text, "is computed from itself")
            passed.add((place.path, text))
            name, *rest = text.split(":")
            body = place.body
            if name in body.arguments:
                assert place.caller is not None  # the graph has no arguments
                given = inputs(place.call)
                if len(given) != len(body.arguments):
                    raise damaged(place, text, "is not given by the call")
                text, place = given[body.arguments[name]], place.caller
                continue
            node = body.nodes.get(name)
            if node is None:
                raise damaged(place, text, "does not exist")
            if not self.called(node):
                return Source(place, node, self._index(place, text, node, rest))
            inner = self.enter(place, node)
            text, place = self._result(inner, text, rest), inner

    def read(self, source: Source, argument: int) -> Source:
        """Return where an argument of an operation comes from.

        Raises:
            ModelError: if the operation has no such argument.
        """
        given = inputs(source.node)
        if argument >= len(given):
            raise damaged(source.place, source.node.name, "lacks an argument")
        return self.source(source.place, given[argument])

    def origin(self, source: Source) -> Source:
        """Follow identities back to what they pass on."""
        passed = set()
        while source.node.op == "Identity":
            if source.key in passed:
                raise damaged(source.place, source.node.name, "is its own argument")
            passed.add(source.key)
            source = self.read(source, 0)
        return source

    def _result(self, inner: Place, text: str, rest: list[str]) -> str:
        """Return the tensor in a function's body that is this output of its call."""
        results = inner.body.results
        *named, number = rest or ["0"]
        if named and named[0] in results:  # a function that is called by its name
            output = named[0]
        elif number.isdecimal() and len(number) < 9 and int(number) < len(results):
            output = results[int(number)]
        else:
            raise damaged(inner, text, "is no output of this function")
        if output not in inner.body.returns:
            raise damaged(inner, output, "is an output without a value")
        return inner.body.returns[output]

    def _index(self, place: Place, text: str, node: Any, rest: list[str]) -> int:
        """Return the index among all outputs of a node of one that is named."""
        *named, number = rest or ["0"]
        if not number.isdecimal() or len(number) >= 9 or len(named) > 1:
            raise damaged(place, text, "has no valid name")
        definition = self.definitions.get(node.op)
        known = [each.name for each in definition.output_arg] if definition else []
        first = known.index(named[0]) if named and named[0] in known else 0
        return first + int(number)


def inputs(node: Any) -> list[str]:
    """Return the tensors that a node reads, without the nodes that it waits for."""
    return [text for text in node.input if not text.startswith("^")]


def damaged(place: Place, text: str, why: str) -> ModelError:
    """Return the error for a tensor that cannot be followed."""
    where = f"the function {place.body.name!r}" if place.body.name else "the graph"
    return ModelError(
        f"the tensor {text!r} of {where} {why}: the file is damaged, export it again"
    )


def _body(
    name: str,
    nodes: Any,
    arguments: Any = (),
    returns: Mapping[str, str] | None = None,
    results: tuple[str, ...] = (),
) -> Body:
    return Body(
        name,
        {node.name: node for node in nodes},
        {node.name: i for i, node in enumerate(nodes)},
        {argument: i for i, argument in enumerate(arguments)},
        dict(returns or {}),
        results,
    )
