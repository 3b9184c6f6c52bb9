"""Running a frozen graph as it is, on the CPU, for comparison with its rebuild."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.channels_last import without_channels_first
from tfsnn.sources.saved_model.folding import on_cpu
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.grouped import without_groups

# What TensorFlow says around a reason.
NOISE = re.compile(r"Graph execution error|Detected at|Node: |Original stack|\s*\[\[")
NO_KERNEL = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)


class Original:
    """A frozen graph, run without TensorFlow's optimizers.

    They round otherwise, and crash on some graphs. Not every CPU has kernels for
    channels-first operations and for grouped convolutions in three dimensions; where
    the graph cannot run, it is run with others in their place.
    """

    def __init__(self, network: Network) -> None:
        """Take the graph at its smaller batch size; nothing is run yet."""
        self._graph = network.graph
        self._replaced = False

    def run(
        self, fed: dict[str, np.ndarray], tensors: Sequence[Any]
    ) -> list[np.ndarray]:
        """Compute tensors from the values of the inputs, both by name.

        Raises:
            ModelError: if this CPU cannot run the graph.
        """
        names = [tensor.name for tensor in tensors]
        with tf.compat.v1.Session(graph=self._graph, config=on_cpu()) as session:
            try:
                return [np.asarray(value) for value in session.run(names, fed)]
            except NO_KERNEL as error:
                if self._replaced:
                    lines = error.message.strip().splitlines()
                    said = (line for line in lines if line and not NOISE.match(line))
                    reason = next(said, lines[0])[:200]
                    raise ModelError(
                        "the signature cannot be run on this CPU, so the rebuilt model "
                        f"cannot be compared with it ({reason}): load it "
                        "where it runs"
                    ) from error
        self._replace()
        return self.run(fed, tensors)

    def _replace(self) -> None:
        """Put operations that every CPU can run in place of those that not all can."""
        graph_def = without_channels_first(without_groups(self._graph))
        self._graph, self._replaced = tf.Graph(), True
        with self._graph.as_default():
            tf.import_graph_def(graph_def, name="")
