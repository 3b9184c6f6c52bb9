"""Simulations as XLA programs whose weights are arguments.

Each network has two programs: one that gives its outputs, and one that gives what
:func:`tfsnn.evaluate` reads, the outputs after each step and the counts of spikes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.simulate import Result, simulate
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn_numpy.private_apis import STABLEHLO

PREDICT, EVALUATE = "predict", "evaluate"
FAN_OUT = "fan_out"

# The StableHLO version that is written; later versions read it, and JAX 0.5 does.
VERSION = "1.8.0"

# Source locations, which would give away paths of files on this machine.
_LOCATION = re.compile(r' loc\((?:[^()"]|"[^"]*"|\([^()]*\))*\)')


@dataclass(frozen=True)
class Tensor:
    """An argument or a result of a program.

    Attributes:
        name: name, ``node.field`` of a weight, that of the node of inputs and outputs.
        shape: whole shape, the batch included.
        dtype: NumPy's name of the type.
        role: "weight" or "input" of an argument; "output", "outputs over time" (T
            first) or "counts" of a result (for each counted node, step and sample:
            events, coefficients, and the accumulates of both).
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    role: str


@dataclass(frozen=True)
class Program:
    """A program before it is lowered to StableHLO.

    Attributes:
        function: ``tf.function`` that takes one tensor for each argument.
        arguments, results: descriptions of its arguments and results, in order.
        weights: values of the arguments that are weights, by name.
    """

    function: Any
    arguments: tuple[Tensor, ...]
    results: tuple[Tensor, ...]
    weights: dict[str, np.ndarray]


class Programs:
    """The programs of a spiking network for one batch size."""

    def __init__(self, snn: SpikingModel, batch_size: int, chunk: int) -> None:
        """Prepare programs that run all ``snn.timesteps`` steps, `chunk` at a time."""
        self.snn, self.batch_size, self.chunk = snn, batch_size, chunk
        self.graph = snn.graph
        self.weights: dict[str, np.ndarray] = {}
        self.graph.map_arrays(self._keep)
        self.fan_outs = {
            name: np.asarray(values, np.float32)
            for name, values in snn.operations_per_sample().fan_outs.items()
        }

    def _keep(self, node: Any, field: str, values: Any) -> Any:
        self.weights[f"{node.name}.{field}"] = np.asarray(values)
        return values

    def predict(self) -> Program:
        """Make the program from inputs ``(B, *input)`` to outputs ``(B, ...)``."""
        outputs = self.graph.outputs
        names = [("output", name) for name in outputs]

        def compute(weights: dict[str, Any], x: dict[str, Any]) -> list[Any]:
            return self._simulated(weights, x).outputs

        return self._program(compute, self.weights, names)

    def evaluate(self) -> Program:
        """Make the program from inputs ``(B, *input)`` to what is evaluated.

        Its results are each output ``(T, B, ...)`` and counts ``(N, S, B, 4)``, for the
        N nodes that spikes leave, in the order of :attr:`fan_outs`, and the S steps,
        pre-steps included. Without such nodes there are no counts.
        """
        outputs = self.graph.outputs
        of_nodes = {f"{FAN_OUT}.{name}": x for name, x in self.fan_outs.items()}
        names = [("outputs over time", name) for name in outputs]
        names += [("counts", COUNTS)] if self.fan_outs else []

        def compute(weights: dict[str, Any], x: dict[str, Any]) -> list[Any]:
            fan_outs = {name: weights[f"{FAN_OUT}.{name}"] for name in self.fan_outs}
            seen = self._simulated(
                weights, x, observe=(OUTPUTS, COUNTS), fan_outs=fan_outs
            ).observed
            counts = [seen[f"{COUNTS}/{name}"] for name in fan_outs]
            over_time = [seen[f"{OUTPUTS}/{name}"] for name in outputs]
            return [*over_time, *([tf.stack(counts)] if counts else [])]

        return self._program(compute, {**self.weights, **of_nodes}, names)

    def _simulated(self, weights: Mapping[str, Any], x: Any, **more: Any) -> Result:
        graph = self.graph.map_arrays(
            lambda node, field, _: weights[f"{node.name}.{field}"]
        )
        steps = self.snn.timesteps
        return simulate(
            graph, x, steps, chunk=self.chunk, static=True, gradients=False, **more
        )

    def _program(
        self,
        compute: Callable[[dict[str, Any], dict[str, Any]], list[Any]],
        weights: dict[str, np.ndarray],
        results: Sequence[tuple[str, str]],
    ) -> Program:
        inputs = self.snn.inputs_by_name
        arguments = [_tensor(k, v.shape, v.dtype, "weight") for k, v in weights.items()]
        arguments += [
            _tensor(name, (self.batch_size, *shape), np.float32, "input")
            for name, shape in inputs.items()
        ]

        @tf.function(autograph=False, jit_compile=True)
        def function(*tensors: Any) -> list[Any]:
            return compute(
                dict(zip(weights, tensors, strict=False)),
                dict(zip(inputs, tensors[len(weights) :], strict=True)),
            )

        specs = [tf.TensorSpec(a.shape, a.dtype) for a in arguments]
        given = function.get_concrete_function(*specs).structured_outputs
        found = tuple(
            _tensor(name, tuple(y.shape), y.dtype.as_numpy_dtype, role)
            for (role, name), y in zip(results, given, strict=True)
        )
        return Program(function, tuple(arguments), found, weights)


def _tensor(name: str, shape: Sequence[int], dtype: Any, role: str) -> Tensor:
    return Tensor(name, tuple(map(int, shape)), np.dtype(dtype).name, role)


def lowered(program: Program, kernels: str, fast_products: bool) -> str:
    """Lower a program to the text of StableHLO, without source locations.

    Args:
        program: program with static shapes.
        kernels: whose TensorFlow kernels to use, "CPU" or "GPU"; no GPU is needed.
        fast_products: whether a device may round the factors of float32 products: to
            TF32 on a GPU, to bfloat16 on a TPU.
    """
    specs = [tf.TensorSpec(a.shape, a.dtype) for a in program.arguments]
    get = program.function.experimental_get_compiler_ir(*specs)
    with _products(fast_products):
        text = get(stage="stablehlo", platform_name=kernels)
    lines = (line for line in text.splitlines() if not line.startswith("#loc"))
    return _numbered(_LOCATION.sub("", "\n".join(lines)) + "\n")


def _numbered(text: str) -> str:
    """Rename the functions, whose names count all that the process has traced."""
    defined = re.findall(r"(?:module|func\.func private) @([\w.]+)", text)
    names = {name: f"f{number}" for number, name in enumerate(defined)}
    return re.sub(r"@([\w.]+)", lambda m: "@" + names.get(m[1], m[1]), text)


@contextmanager
def _products(fast: bool) -> Iterator[None]:
    """Let TensorFlow ask XLA for full precision, which it does if TF32 is off."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(fast)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def serialized(text: str) -> bytes:
    """Serialize a program to a portable artifact of StableHLO :data:`VERSION`."""
    if "elided" in text:  # a constant that was left out would be read as zeros
        raise ValueError(
            "constants are left out of the program's text, so they would be read as "
            "zeros: this is an error in tfsnn"
        )
    return STABLEHLO.get()(text, VERSION)
