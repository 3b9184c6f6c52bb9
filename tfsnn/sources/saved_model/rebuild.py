"""The walk that turns the graph's operations into Keras layers, in their order."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from tfsnn.errors import UnsupportedError
from tfsnn.sources.cut_hints import Stage, ways_out
from tfsnn.sources.saved_model.emission import Emission
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.kinds import LINEAR
from tfsnn.sources.saved_model.names import Names
from tfsnn.sources.saved_model.registry import (
    Composition,
    recognise,
    translator_of,
)
from tfsnn.sources.saved_model.shapes import Layout, Refused

Problems = list[tuple[str, str, str]]


@dataclass(frozen=True)
class Step:
    """An operation or composition to translate, and the tensors that it reads."""

    operation: Any
    reads: Sequence[Any]
    composition: Composition | None


class DependsOnRefused(Refused):
    """An operation reads what could not be translated, which is reported by itself."""


class Rebuild(Emission):
    """A Keras model in the making, rebuilt from a frozen graph.

    Attributes:
        network: the frozen graph.
        steps: what was translated, in order.
    """

    def __init__(self, network: Network, *, exact: bool = False) -> None:
        """Start with nothing translated; `exact` leaves out compositions that round."""
        named = (op.name for op in network.operations if op.name in network.live)
        super().__init__(Names(named))
        self.network = network
        self.steps: list[Step] = []
        self._exact = exact
        self._tensors: dict[str, Any] = {}
        self._refused: set[str] = set()

    def model(self, specs: Mapping[str, Any], name: str) -> keras.Model:
        """Translate everything that leads to the outputs into a model.

        Raises:
            UnsupportedError: if operations cannot be translated; it names them all.
        """
        inputs = {}
        for key, tensor in self.network.inputs.items():
            label = self.names.reserve(key)
            dtype = self.network.cast_to(tensor) or specs[key].dtype
            shape = tuple(specs[key].shape[1:])
            inputs[key] = keras.Input(shape, dtype=dtype.name, name=label)
            self._tensors[tensor.name] = inputs[key]
        problems: Problems = []
        for step in self._steps():
            try:
                self._translate(step)
                self.steps.append(step)
            except Refused as refusal:
                operation = step.operation
                if not isinstance(refusal, DependsOnRefused):
                    problems.append((operation.name, operation.type, str(refusal)))
                self._stand_in(operation)
        problems = self._with_ways_out(problems)
        outputs = {}
        for key, tensor in self.network.outputs.items():
            value = self[tensor] if not problems else None
            if isinstance(value, np.ndarray):
                why = "it does not depend on an input: export the model without it"
                problems.append((key, tensor.op.type, why))
            elif value is not None and self.layout(tensor).axis != 0:
                why = (
                    "the batch is not on the first axis of this output: transpose it "
                    "before export"
                )
                problems.append((key, tensor.op.type, why))
            outputs[key] = value
        if problems:
            raise UnsupportedError(problems)
        given = list(inputs.values())
        return keras.Model(
            given[0] if len(given) == 1 else inputs,
            outputs if len(outputs) > 1 else next(iter(outputs.values())),
            name=name,
        )

    def _with_ways_out(self, problems: Problems) -> Problems:
        """Add to the reasons how what is at an end of the network is left out."""
        if not problems:
            return problems
        stages: dict[Hashable, Stage] = {
            op.name: Stage(
                op.name,
                op.type in LINEAR,
                [tensor.op.name for tensor in op.inputs],
                op.name in self.network.live,
            )
            for op in self.network.operations
        }
        ways = ways_out(stages, {name for name, _, _ in problems})
        return [
            (name, kind, reason + ways.get(name, "")) for name, kind, reason in problems
        ]

    def _steps(self) -> list[Step]:
        """List what has to be translated, each step behind those that it reads."""
        found: dict[str, Step] = {}
        waiting = [self.network.source(t) for t in self.network.outputs.values()]
        fed = {tensor.op.name for tensor in self.network.inputs.values()}
        while waiting:
            tensor = waiting.pop()
            operation = tensor.op
            done = operation.name in found or operation.name in fed
            if done or not self.network.is_live(tensor):
                continue
            composition = recognise(operation, self.network, self._exact)
            reads = operation.inputs if composition is None else composition.reads
            reads = [self.network.source(t) for t in reads]
            found[operation.name] = Step(operation, reads, composition)
            waiting += reads
        order = {op.name: i for i, op in enumerate(self.network.operations)}
        return [found[name] for name in sorted(found, key=order.__getitem__)]

    def _translate(self, step: Step) -> None:
        operation, composition = step.operation, step.composition
        self.label = (composition and composition.label) or operation.name
        try:
            if composition is not None:
                results = composition.emit(self, *(self[t] for t in step.reads))
            else:
                translator = translator_of(operation.type)
                assert translator is not None  # types were checked before
                results = translator(operation, self)
        except (ValueError, TypeError, NotImplementedError) as error:
            # These are the errors with which Keras refuses a layer's arguments.
            why = str(error).strip().splitlines() or [type(error).__name__]
            raise Refused(
                f"Keras cannot express it ({why[0][:200]}): load the model from a "
                ".keras file"
            ) from error
        results = results if isinstance(results, list) else [results]
        for output, result in zip(operation.outputs, results, strict=False):
            self._check(output, result)
            self._tensors[output.name] = result

    def _check(self, output: Any, result: Any) -> None:
        expected = (None, *self.layout(output).units)
        if tuple(result.shape) != expected:
            raise Refused(
                f"its output would have the shape {tuple(result.shape)}, not "
                f"{expected}, in Keras: load the model from a .keras file"
            )

    def _stand_in(self, operation: Any) -> None:
        """Put inputs in place of what cannot be translated, to find other problems."""
        self._refused.add(operation.name)
        for output in operation.outputs:
            try:
                shape = self.layout(output).units
            except Refused:
                continue
            self._tensors[output.name] = keras.Input(shape, dtype=output.dtype.name)

    def __getitem__(self, tensor: Any) -> Any:
        """Return the Keras tensor of a graph's tensor, or its value if constant.

        Raises:
            Refused: if the tensor has neither.
        """
        tensor = self.network.source(tensor)
        if (known := self._tensors.get(tensor.name)) is not None:
            return known
        if (value := self.network.constant(tensor)) is not None:
            return value
        if (block := self.network.repeated(tensor)) is not None:
            return self._spread(tensor, block)
        if tensor.op.name in self._refused:
            raise DependsOnRefused
        raise Refused(
            f"it needs {tensor.op.name}, which has no Keras form: load the model from "
            "a .keras file"
        )

    def results(self, step: Step) -> list[Any]:
        """Return the graph's tensors that a step has made Keras tensors of."""
        return [t for t in step.operation.outputs if t.name in self._tensors]

    def forms(self, tensor: Any) -> list[tuple[Any, tuple[int, ...]]]:
        """Return the Keras tensors that hold a tensor, each with its order of axes."""
        x = self._tensors[tensor.name]
        rank = len(x.shape)
        found = [(x, tuple(range(rank)))]
        if (last := self._channels_last.get(id(x))) is not None:
            found.append((last, (0, *range(2, rank), 1)))
        if (first := self._channels_first.get(id(x))) is not None:
            found.append((first, (0, rank - 1, *range(1, rank - 1))))
        return found

    def layout(self, tensor: Any) -> Layout:
        """Return shape and batch of a tensor of the graph."""
        return self.network.layout(tensor)

    def operand(self, tensor: Any) -> Any:
        """Return a Keras tensor, or a constant for NumPy to broadcast over samples."""
        block = self.network.repeated(self.network.source(tensor))
        if block is not None and block.size and (block == block.flat[0]).all():
            return np.asarray(block.flat[0])
        return self[tensor] if block is None or len(block) > 1 else block

    def _spread(self, tensor: Any, block: np.ndarray) -> Any:
        """Repeat a constant once for each sample of the inputs."""
        given = self._tensors[next(iter(self.network.inputs.values())).name]
        units = self.layout(tensor).units
        flat = self.raw(ops.reshape, given, (-1, int(np.prod(given.shape[1:]))))
        zero = self.raw(ops.zeros_like, self.raw(lambda x: x[:, :1], flat))
        zero = self.raw(ops.cast, zero, tensor.dtype.name)
        zero = self.raw(ops.reshape, zero, (-1, *[1] * len(units)))
        join = ops.logical_or if tensor.dtype.is_bool else ops.add
        return self.raw(join, zero, block.reshape(units))
