"""The elements of sequences as samples, with the states that the ANN has before each.

A recurrent network over time is the graph of one element
(:attr:`tfsnn.network.graph.Graph.states`). What it is calibrated with are elements, and
beside each the states that the elements before it have led to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfsnn.data.frames import as_frames
from tfsnn.network.graph import Graph
from tfsnn.network.traced import traced
from tfsnn_numpy.samples import Data, Stored


class Given(NamedTuple):
    """What a graph of one element is given, for :func:`tfsnn.data.open_for`."""

    inputs: Mapping[str, tuple[int, ...]]
    whole_inputs: frozenset[str]

    @classmethod
    def of(cls, graph: Graph) -> Given:
        """Return what a graph is given: all its inputs but the states."""
        return cls(graph.given, graph.whole_inputs)


def element_data(graph: Graph, sequences: Data) -> Data:
    """Return the elements of sequences as samples, with the states before each.

    Args:
        graph: the ANN of one element.
        sequences: opened over time, for what the graph is :attr:`~Graph.given`.
    """
    advance = traced(lambda feed: _states(graph, feed))

    def read(count: int, start: int) -> Iterator[Stored]:
        for x, y in replace(sequences, start=start, limit=None).batches(count):
            by_input = x if isinstance(x, Mapping) else {next(iter(graph.given)): x}
            steps = list(_elements(graph, by_input, advance))
            yield (
                {n: np.stack([step[n] for step in steps], 1) for n in graph.inputs},
                y,
            )

    return as_frames(sequences, graph.inputs, read)


def _elements(
    graph: Graph, sequences: Mapping[str, np.ndarray], advance: Callable[[Any], Any]
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the inputs at each element, with the states that the ANN has before it."""
    batch, frames = next(iter(sequences.values())).shape[:2]
    states = {n: np.zeros((batch, *graph.inputs[n]), np.float32) for n in graph.states}
    for frame in range(frames):
        now = {k: np.asarray(v[:, frame], np.float32) for k, v in sequences.items()}
        feed = {**now, **states}
        yield feed
        after = advance({name: tf.constant(values) for name, values in feed.items()})
        states = {name: values.numpy() for name, values in after.items()}


def _states(graph: Graph, feed: Mapping[str, Any]) -> dict[str, Any]:
    values = graph.forward(feed)
    return {name: values[output] for name, output in graph.kept.items()}
