"""A frozen graph: what a signature computes, as plain operations and constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Frozen:
    """A graph of operations that only compute, with constants for variables.

    Attributes:
        graph_def: the graph, a ``GraphDef``, each node behind those that it reads.
        inputs: names of the tensors that are fed, by name of the signature's input.
        outputs: names of the tensors that are fetched, by name of the output.
        specs: shape and type of each input, by name.
        live: names of the operations that depend on the values of the inputs.
        loops: the loops that it has as one step behind the other.
    """

    graph_def: Any
    inputs: dict[str, str]
    outputs: dict[str, str]
    specs: dict[str, tf.TensorSpec]
    live: frozenset[str]
    loops: tuple[Rolled, ...] = ()


@dataclass(frozen=True)
class Rolled:
    """A loop over places of sequences, as what a layer for it reads and returns.

    Tensors are those of the frozen graph, inputs and outputs those of the step.

    Attributes:
        label: the name of an operation in the loop's scope.
        sequences: by input, the tensor ``(L, B, ...)`` whose places it reads in order.
        states: by input, the tensors that the first and the second step are given, and
            the output that has the state behind a step.
        results: by tensor, the output whose values it holds, and whether those of all
            steps, ``(L, B, ...)``; else there is the last one's.
        step: makes the graph of the step, for shapes and types of its inputs.
    """

    label: str
    sequences: dict[str, str]
    states: dict[str, tuple[str, str, str]]
    results: dict[str, tuple[str, bool]]
    step: Callable[[Mapping[str, tf.TensorSpec]], Frozen]
