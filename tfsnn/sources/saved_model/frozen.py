"""A frozen graph: what a signature computes, as plain operations and constants."""

from __future__ import annotations

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
    """

    graph_def: Any
    inputs: dict[str, str]
    outputs: dict[str, str]
    specs: dict[str, tf.TensorSpec]
    live: frozenset[str]
