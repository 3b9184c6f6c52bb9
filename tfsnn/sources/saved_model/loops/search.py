"""Finding the loops that lead to a network's outputs, one behind the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfsnn.sources.saved_model.ends import Ends
from tfsnn.sources.saved_model.freeze import Variables, freeze
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.kinds import VARIABLE_READERS, VARIABLES
from tfsnn.sources.saved_model.loops.reading import LOOPS, Loop, read_loop
from tfsnn.sources.saved_model.loops.writing import Written, written_out
from tfsnn.sources.saved_model.program import Program, Source
from tfsnn.sources.saved_model.registry import is_pure
from tfsnn.sources.saved_model.trace import Trace, trace

# Operations of all steps of a loop, written out.
MOST_OPERATIONS = 2**15
EndsOf = Callable[[Program], Ends]


@dataclass(frozen=True)
class Found:
    """A program without the loops that could be written out.

    Attributes:
        program: the program.
        ends: where the network begins and ends in it.
        trace: the operations that lead to the outputs.
        loops: the loops that were written out.
    """

    program: Program
    ends: Ends
    trace: Trace
    loops: list[Written]


def without_loops(
    graph_def: Any, ends_of: EndsOf, variables: Callable[[], Variables]
) -> Found:
    """Write out the loops over places of sequences that lead to the outputs.

    Args:
        graph_def: the graph, a ``GraphDef``, which is changed.
        ends_of: finds where the network begins and ends in a program.
        variables: reads the values of the variables.

    Raises:
        ModelError: if the graph or its variables are damaged.
    """
    loops: list[Written] = []
    while True:
        program = Program(graph_def)
        ends = ends_of(program)
        found = ends.traced(program)
        loop = _Search(program, ends, variables, graph_def.versions).first(found)
        if loop is None:
            return Found(program, ends, found, loops)
        graph_def, written = written_out(program, graph_def, loop)
        loops.append(written)


class _Search:
    """The search in a program."""

    def __init__(
        self,
        program: Program,
        ends: Ends,
        variables: Callable[[], Variables],
        versions: Any,
    ) -> None:
        self._program, self._ends = program, ends
        self._variables, self._versions = variables, versions

    def first(self, found: Trace) -> Loop | None:
        """Return the first loop that can be written out, before which there is none."""
        known: dict[tuple[str, str], list[Loop | None]] = {}
        for step in found.steps.values():
            source = step.source
            if source.node.op in LOOPS:
                key = source.place.body.name, source.node.name
                loop = read_loop(self._program, source, self._integer)
                known.setdefault(key, []).append(loop)
        for loops in known.values():
            first = loops[0]
            if first is None or any(x is None or x.count != first.count for x in loops):
                continue  # a function that is called for sequences of several lengths
            body = self._program.body(first.node.attr["body"].func.name)
            if (len(body.nodes) + 1) * first.count <= MOST_OPERATIONS:
                return first
        return None

    def _integer(self, source: Source) -> int | None:
        """Compute the integer that a tensor holds for every input, purely."""
        ends = self._ends
        found = trace(self._program, ends.name, ends.fed, {"n": source})
        key = source.key, source.index
        if found.circular or key in found.fed or found.steps[source.key].live:
            return None
        if not all(_computes(step.source.node.op) for step in found.steps.values()):
            return None
        read = {(s.key, s.index) for each in found.steps.values() for s in each.reads}
        fed = {n: s for n, s in ends.fed.items() if (s.key, s.index) in read}
        specs = {name: ends.specs[name] for name in fed}
        if any(map(_is_free, specs.values())):
            return None
        alone = Ends(ends.name, specs, fed, {"n": source})
        network = Network(freeze(alone, found, self._variables(), self._versions))
        network.fold()
        value = network.constant(network.outputs["n"])
        return None if value is None or value.ndim else int(value)


def _computes(kind: str) -> bool:
    return kind in (*VARIABLES, *VARIABLE_READERS) or is_pure(kind)


def _is_free(spec: Any) -> bool:
    """Whether a shape has free sizes beside the batch."""
    return spec.shape.rank is None or None in spec.shape.as_list()[1:]
