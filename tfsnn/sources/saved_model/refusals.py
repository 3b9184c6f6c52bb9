"""Refusals of operations that may not run or cannot be rebuilt, all before any work.

Nothing of a SavedModel is run before every operation of every function that its
signature reaches is known. What leads to an output has to compute and do no more. What
stands beside that in those functions is dropped and never run; it may compute, check or
show values, but where it could do anything else, the SavedModel is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.sources.cut_hints import Stage, ways_out
from tfsnn.sources.saved_model.families import LOOKUPS, TEXT, family_of
from tfsnn.sources.saved_model.kinds import (
    CONTROL_FLOW,
    LINEAR,
    TRANSPARENT,
    VARIABLE_READERS,
    VARIABLES,
    is_observer,
)
from tfsnn.sources.saved_model.names import OUTER
from tfsnn.sources.saved_model.program import Program, Source, inputs
from tfsnn.sources.saved_model.registry import is_pure, known
from tfsnn.sources.saved_model.signature import TYPES
from tfsnn.sources.saved_model.trace import Trace

HALF = {tf.float16.as_datatype_enum, tf.bfloat16.as_datatype_enum}
RECURRENT = (
    "goes through the steps of a sequence, as recurrent layers do (here {layer!r}), "
    "but not place by place for a number of places that is fixed: give the shape of an "
    "input of free length (--input-shape), load the model from a .keras or .h5 file, "
    "whose recurrent layers are known, or export it with unroll=True for each"
)
STATE = (
    "keeps state, or does more than compute its outputs: export the model for "
    "inference, without it"
)
OTHER = (
    "no translation of this operation: export the model without it, or load the model "
    "from a .keras file"
)
LOOPS = ("While", "StatelessWhile", "For")
# What loops are made of, which goes without saying where a loop is named.
LISTS = ("TensorList", "TensorArray")
ASSIGNED = (
    "changes a variable, as layers of random augmentation do: export the model without "
    "them"
)
UNKNOWN = (
    "is no operation that TensorFlow has itself: export the model without it, or load "
    "the model from a .keras file"
)
UNFED = "is an input that the signature does not name: export the model again"
BESIDE = (
    "may do more than compute, such as write a file, beside the result; nothing of a "
    "file is run that does: export the model for inference, without it"
)


class Operations:
    """The operations of a SavedModel that its signature reaches."""

    def __init__(self, program: Program, found: Trace) -> None:
        """Take the program, and what of it leads to the outputs."""
        self._program = program
        self._trace = found
        self._definitions = program.definitions

    def check(self) -> None:
        """Refuse the SavedModel unless every operation that is reached is known.

        Raises:
            UnsupportedError: if operations are not; it names them all.
            ModelError: if the graph computes in half precision.
        """
        reasons = {
            key: reason
            for key, step in self._trace.steps.items()
            if (reason := self._reason(step.source, step.live))
        }
        problems = self._problems(reasons)
        for function, node in self._beside():
            if not self._unread(function, node) and (reason := self._effect(node)):
                where = f"{function}/{node.name}" if function else node.name
                problems.append((where, node.op, reason))
        if problems:
            raise UnsupportedError(list(dict.fromkeys(problems)))
        if self._trace.circular:
            raise ModelError(
                f"{self._trace.circular[0][1]} reads its own output: the file is "
                "damaged, export it again"
            )
        for step in self._trace.steps.values():
            node = step.source.node
            if unknown := self._types(node) - TYPES:
                raise ModelError(
                    f"{node.name} ({node.op}) is of the unknown type {unknown.pop()}: "
                    "the file is damaged, export it again"
                )
            if step.live and (half := self._types(node) & HALF):
                raise ModelError(
                    f"{node.name} computes in "
                    f"{tf.as_dtype(half.pop()).name}, which rounds too coarsely to "
                    "tell whether a rebuilt model is right: set the dtype policy to "
                    "float32 and export the model again"
                )

    def _problems(self, reasons: dict[Any, str]) -> list[tuple[str, str, str]]:
        """List what is refused, with how it is left out if it is at an end."""
        stages = {
            key: Stage(
                step.source.place.prefix + step.source.node.name,
                step.source.node.op in LINEAR,
                [source.key for source in step.reads],
                step.live,
            )
            for key, step in self._trace.steps.items()
        }
        ways = ways_out(stages, set(reasons))
        kinds = {key: self._trace.steps[key].source.node.op for key in reasons}
        loops = any(kind in LOOPS for kind in kinds.values())
        fed = {read for key in reasons for read in stages[key].reads}
        problems = []
        for key, reason in reasons.items():
            name, kind = stages[key].name, kinds[key]
            family = family_of(kind)
            if loops and kind.startswith(LISTS):
                continue
            if key in fed and (kind == "Const" or family is LOOKUPS):
                continue  # the text or the table of an operation that is named
            if kind not in LOOPS and (family is None or family.at_ends):
                reason += ways.get(key, "")
            problems.append((name, kind, reason))
        return problems

    def _reason(self, source: Source, live: bool) -> str:
        """Return why an operation that leads to an output is refused, "" if not."""
        node = source.node
        kinds, family = self._types(node), family_of(node.op)
        if node.op in LOOPS and self._multiplies(node):
            path = f"{source.place.prefix}{node.name}".split("/")[:-1]
            named = [scope for scope in path if not OUTER.match(scope)]
            return RECURRENT.format(layer=named[-1] if named else node.name)
        if node.op in VARIABLES or node.op in VARIABLE_READERS:
            return ""
        if tf.string.as_datatype_enum in kinds:
            return LOOKUPS.reason if family is LOOKUPS else TEXT.reason
        if node.op in CONTROL_FLOW or tf.variant.as_datatype_enum in kinds:
            return family.reason if family else STATE
        if node.op == "Placeholder":
            return UNFED
        if not is_pure(node.op):
            return self._why(node)
        if live and not known(node.op) and node.op not in TRANSPARENT:
            return family.reason if family else OTHER
        return ""

    def _multiplies(self, node: Any) -> bool:
        """Whether a loop multiplies by matrices in each step, as a layer does."""
        waiting, seen = list(self._program.mentioned(node)), set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for inner in self._program.body(name).nodes.values():
                if inner.op in LINEAR:
                    return True
                waiting += self._program.mentioned(inner)
        return False

    def _unread(self, function: str, node: Any) -> bool:
        """Whether a node changes variables that no output reads, as of dropout."""
        if not _assigns(node) or not inputs(node):
            return False
        program = self._program
        places = (program.graph, *program.entered)
        found = [
            program.origin(program.read(Source(place, node), 0))
            for place in places
            if place.body.name == function
        ]
        steps = self._trace.steps
        unread = [x.node.op in VARIABLES and x.key not in steps for x in found]
        return bool(unread) and all(unread)

    def _effect(self, node: Any) -> str:
        """Return why an operation beside the result is refused, "" if not."""
        harmless = (*CONTROL_FLOW, *VARIABLES, *VARIABLE_READERS)
        if is_pure(node.op) or node.op in harmless or is_observer(node):
            return ""
        if self._program.called(node):
            return ""
        definition = self._definitions.get(node.op)
        if definition is not None and not definition.is_stateful:
            return ""
        return ASSIGNED if _assigns(node) else BESIDE

    def _why(self, node: Any) -> str:
        definition = self._definitions.get(node.op)
        if _assigns(node):
            return ASSIGNED
        if definition is None:
            return UNKNOWN
        if (family := family_of(node.op)) is not None:
            return family.reason
        return STATE if definition.is_stateful else OTHER

    def _types(self, node: Any) -> set[int]:
        """Return the types of an operation's tensors, as far as the file tells."""
        kinds = {value.type for value in node.attr.values()}
        for value in node.attr.values():
            kinds.update(value.list.type)
        if (definition := self._definitions.get(node.op)) is not None:
            kinds |= {a.type for a in (*definition.input_arg, *definition.output_arg)}
        return kinds - {0}  # stated by an attribute, or not at all

    def _beside(self) -> Iterator[tuple[str, Any]]:
        """Yield what is in reached functions, or waited for, and leads to no output."""
        program = self._program
        leading = {
            (step.source.place.body.name, step.source.node.name)
            for step in self._trace.steps.values()
        }
        reached = dict.fromkeys(place.body.name for place in program.entered)
        for node in self._waited_for():
            reached |= dict.fromkeys(program.mentioned(node))
            if ("", node.name) not in leading:
                yield "", node
        for step in self._trace.steps.values():
            reached |= dict.fromkeys(program.mentioned(step.source.node))
        waiting = list(reached)
        while waiting:
            name = waiting.pop()
            for node in program.body(name).nodes.values():
                more = [f for f in program.mentioned(node) if f not in reached]
                reached |= dict.fromkeys(more)
                waiting += more
                if (name, node.name) not in leading:
                    yield name, node

    def _waited_for(self) -> Iterator[Any]:
        """Yield the graph's own operations that those before an output wait for."""
        graph = self._program.graph
        leading = [
            *(place.call for place in self._program.entered if place.caller is graph),
            *(
                step.source.node
                for step in self._trace.steps.values()
                if step.source.place is graph
            ),
        ]
        waiting = [text for node in leading for text in node.input if text[:1] == "^"]
        seen = set()
        while waiting:
            name = waiting.pop().lstrip("^").partition(":")[0]
            if name not in seen and name in graph.body.nodes:
                seen.add(name)
                yield graph.body.nodes[name]
                waiting += graph.body.nodes[name].input


def _assigns(node: Any) -> bool:
    return node.op.startswith("Assign") and node.op.endswith("VariableOp")
