"""Freezing: a signature's graph with constants for variables and calls written out."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.constants import check_constant
from tfsnn.sources.saved_model.ends import Ends
from tfsnn.sources.saved_model.frozen import Frozen
from tfsnn.sources.saved_model.kinds import VARIABLES
from tfsnn.sources.saved_model.program import Source
from tfsnn.sources.saved_model.trace import Step, Trace
from tfsnn.sources.saved_model.unfused import FUSED, parts

INT32 = tf.int32.as_datatype_enum
RESOURCE = tf.resource.as_datatype_enum


class Variables(Protocol):
    """What knows the values of variables."""

    def value(self, variable: Source) -> np.ndarray:
        """Return the value of the variable that an operation stands for."""


def freeze(ends: Ends, found: Trace, variables: Variables, versions: Any) -> Frozen:
    """Write a signature's operations out as one graph; nothing is run.

    Args:
        ends: where it begins and ends.
        found: its operations, all of which are known.
        variables: values of the variables.
        versions: of TensorFlow's operations that the graph was written for.

    Raises:
        ModelError: if a variable has no value.
    """
    return Writer(ends, found, variables, versions).frozen()


class Writer:
    """The frozen graph in the making."""

    def __init__(
        self, ends: Ends, found: Trace, variables: Variables, versions: Any
    ) -> None:
        """Take what :func:`freeze` takes."""
        self.versions = versions
        self._ends = ends
        self._trace = found
        self._variables = variables
        self._graph = tf.compat.v1.GraphDef()
        self._graph.versions.producer = versions.producer
        self._names: dict[Any, str] = {}
        self._taken: set[str] = set()
        # Of fused operations, the names of what they begin with.
        self._parts: dict[Any, list[str]] = {}
        # Types of the values behind handles of variables.
        self._held: dict[Any, int] = {}

    def frozen(self) -> Frozen:
        """Return the graph, with an input for each that the signature has."""
        inputs = {}
        for name, spec in self._ends.specs.items():
            fed = self._ends.fed[name]
            text = f"{fed.place.prefix}{fed.node.name}"
            node = self._add(self._free(text), "Placeholder")
            node.attr["dtype"].type = spec.dtype.as_datatype_enum
            inputs[name] = f"{node.name}:0"
        self._inputs = inputs
        live = {name.partition(":")[0] for name in inputs.values()}
        for key, step in self._trace.steps.items():
            self._write(step)
            if step.live:
                live.update((self._names[key], *self._parts.get(key, ())))
        outputs = {
            name: self._tensor(source) for name, source in self._trace.outputs.items()
        }
        specs = self._ends.specs
        return Frozen(self._graph, inputs, outputs, specs, frozenset(live))

    def known(self, source: Source) -> str:
        """Return the name of a tensor in the graph, "" if it is not there."""
        if (source.key, source.index) in self._trace.fed or source.key in self._names:
            return self._tensor(source)
        return ""

    def _write(self, step: Step) -> None:
        node, place = step.source.node, step.source.place
        name = self._free(f"{place.prefix}{node.name}")
        self._names[step.source.key] = name
        if node.op in VARIABLES:
            self._constant(name, self._variables.value(step.source))
            self._held[step.source.key] = node.attr["dtype"].type
            return
        if node.op == "Const":
            check_constant(node)
        if node.op == "ResourceGather":
            self._gather(name, step)
            return
        if node.op in FUSED:
            self._unfuse(name, step)
            return
        written = self._add(name, node.op, *map(self._tensor, step.reads))
        if node.op == "PlaceholderWithDefault":
            written.op = "Identity"
            written.attr["T"].type = node.attr["dtype"].type
        elif node.op == "ReadVariableOp":
            written.op = "Identity"
            written.attr["T"].type = self._kind(step)
        elif node.op == "VariableShape":
            written.op = "Shape"
            written.attr["T"].type = self._kind(step)
            written.attr["out_type"].type = node.attr["out_type"].type or INT32
        elif node.op == "Identity" and node.attr["T"].type == RESOURCE:
            self._held[step.source.key] = self._kind(step)
            written.attr["T"].type = self._kind(step)
        else:
            for key, value in node.attr.items():
                if not key.startswith("_"):  # hints for TensorFlow's own compilers
                    written.attr[key].CopyFrom(value)

    def _gather(self, name: str, step: Step) -> None:
        """Write the look-up in a variable as one in a constant."""
        axis = self._constant(self._free(f"{name}/axis"), np.int32(0))
        written = self._add(name, "GatherV2", *map(self._tensor, step.reads), axis)
        written.attr["Tparams"].type = self._kind(step)
        written.attr["Tindices"].type = step.source.node.attr["Tindices"].type
        written.attr["Taxis"].type = INT32
        written.attr["batch_dims"].i = step.source.node.attr["batch_dims"].i

    def _unfuse(self, name: str, step: Step) -> None:
        """Write the operations that a fused one stands for; the last has its name."""
        read = [self._tensor(source) for source in step.reads]
        found = list(parts(step.source.node, read))
        labels = [self._free(f"{name}_{part.kind}") for part in found[:-1]] + [name]
        for i, part in enumerate(found):
            reads = [
                text if isinstance(text, str) else f"{labels[i + text]}:0"
                for text in part.reads
            ]
            part.set_attributes(self._add(labels[i], part.kind, *reads))
        self._parts[step.source.key] = labels

    def _kind(self, step: Step) -> int:
        """Return the type of the variable that an operation reads."""
        if not step.reads or step.reads[0].key not in self._held:
            raise ModelError(
                f"{step.source.node.name} reads a variable that is none of the "
                "SavedModel's: it is damaged, export it again"
            )
        return self._held[step.reads[0].key]

    def _constant(self, name: str, value: Any) -> str:
        node = self._add(name, "Const")
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
        node.attr["dtype"].type = node.attr["value"].tensor.dtype
        return f"{name}:0"

    def _add(self, name: str, kind: str, *reads: str) -> Any:
        node = self._graph.node.add(name=name, op=kind)
        node.input.extend(reads)
        return node

    def _tensor(self, source: Source) -> str:
        """Return the name of a tensor in the graph that is written."""
        if (fed := self._trace.fed.get((source.key, source.index))) is not None:
            return self._inputs[fed]
        name = self._names[source.key]
        return f"{name}:{source.index}"

    def _free(self, name: str) -> str:
        count, free = 0, name
        while free in self._taken:
            count += 1
            free = f"{name}_{count}"
        self._taken.add(free)
        return free
