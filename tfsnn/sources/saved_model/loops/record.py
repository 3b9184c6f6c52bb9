"""Loops that were written out, by the tensors of the frozen graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from tfsnn.sources.saved_model.ends import Ends
from tfsnn.sources.saved_model.freeze import Variables, Writer
from tfsnn.sources.saved_model.frozen import Frozen, Rolled
from tfsnn.sources.saved_model.loops.search import Found
from tfsnn.sources.saved_model.loops.writing import STEP, Written
from tfsnn.sources.saved_model.program import Place, Program, Source
from tfsnn.sources.saved_model.trace import Trace, trace


def frozen_with_loops(found: Found, variables: Variables, versions: Any) -> Frozen:
    """Write operations out as one graph, with the loops that are in it; nothing is run.

    Args:
        found: the operations, all of which are known.
        variables: values of the variables.
        versions: of TensorFlow's operations that the graph was written for.

    Raises:
        ModelError: if a variable has no value.
    """
    writer = Writer(found.ends, found.trace, variables, versions)
    frozen = writer.frozen()
    loops: list[Rolled] = []
    for written in found.loops:
        for place in (found.program.graph, *found.program.entered):
            if place.body.name == written.function:
                record = _Record(found.program, written, place, writer)
                loops += record.rolled(variables)
    return dataclasses.replace(frozen, loops=tuple(loops))


class _Record:
    """One loop, at one call of the function that holds it."""

    def __init__(
        self, program: Program, written: Written, place: Place, writer: Writer
    ) -> None:
        self._program, self._place = program, place
        self._written, self._writer = written, writer
        loop = written.loop
        placed = {i: f"place_{i}" for i in loop.sequences}
        placed |= {i: f"state_{i}" for i in loop.states}
        if f"{written.name}/{STEP}" not in place.body.nodes:
            written.add_alone(place)
        self._fed = {
            name: self._source(written.argument(i)) for i, name in placed.items()
        }

    def rolled(self, variables: Variables) -> Iterator[Rolled]:
        """Yield the loop, unless its step reads more than places and states."""
        written, loop = self._written, self._written.loop
        stacks = {self._tensor(name): i for name, i in written.stacks}
        finals = {
            self._tensor(written.after(loop.count - 1, i)): i for i in loop.states
        }
        results = {t: (i, loop.written[i]) for t, i in stacks.items() if t}
        results |= {t: (i, False) for t, i in finals.items() if t and t not in results}
        if len({i for i, every in results.values() if every}) > 1:
            return
        needed, found = self._needed({i for i, _ in results.values()})
        read = {source.key for step in found.steps.values() for source in step.reads}
        read |= {source.key for source in found.outputs.values()}
        read_fed = {n: s for n, s in self._fed.items() if s.key in read}
        operations = (step.source.node.op for step in found.steps.values())
        if not results or any("Placeholder" in kind for kind in operations):
            return
        numbers = {name: int(name.rpartition("_")[2]) for name in read_fed}
        sequences = {
            name: self._tensor(loop.sequences[i])
            for name, i in numbers.items()
            if i in loop.sequences
        }
        states = {
            name: (
                self._tensor(written.before(i)),
                self._tensor(written.after(0, i)),
                f"after_{i}",
            )
            for name, i in numbers.items()
            if i in loop.states
        }
        if not sequences or not all(sequences.values()):
            return
        if not all(all(tensors) for tensors in states.values()):
            return

        def step(specs: Mapping[str, tf.TensorSpec]) -> Frozen:
            ends = Ends(f"the loop {written.name!r}", dict(specs), read_fed, needed)
            return Writer(ends, found, variables, self._writer.versions).frozen()

        yield Rolled(
            f"{self._place.prefix}{written.name}",
            sequences,
            states,
            {t: (f"after_{i}", every) for t, (i, every) in results.items()},
            step,
        )

    def _needed(self, wanted: set[int]) -> tuple[dict[str, Source], Trace]:
        """Return the outputs of the step that are needed, and what leads to them."""
        states = set(self._written.loop.states)
        while True:
            fetched = {
                f"after_{i}": self._source(self._written.alone(i))
                for i in sorted(wanted)
            }
            found = trace(self._program, "a loop", self._fed, fetched)
            keys = {s.key for step in found.steps.values() for s in step.reads}
            read = {i for i in states if self._fed[f"state_{i}"].key in keys}
            if read <= wanted:
                return fetched, found
            wanted = wanted | read

    def _source(self, text: str) -> Source:
        return self._program.source(self._place, text)

    def _tensor(self, text: str) -> str:
        """Return the name of a tensor in the frozen graph, "" if it is not there."""
        return self._writer.known(self._source(text))
