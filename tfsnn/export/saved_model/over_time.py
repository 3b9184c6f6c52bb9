"""The signatures of an exported network that takes one frame after the other.

A server keeps nothing between requests, so the state of the neurons is an output of
each frame and an input of the next: flat tensors with the batch first, named
``state_NODE_PART``. ``start`` takes the first frame, ``step`` each one after it. In
each row of the state is a digest of the network as well, ``state_network``: that of
another network is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.export.saved_model.signatures import (
    Signatures,
    distinct,
    graph_of,
    identifier,
)
from tfsnn.network.digest import model_digest
from tfsnn.simulation.frames import (
    FRAMES,
    FrameResult,
    FrameSettings,
    advance_frame,
    initial_state,
)
from tfsnn.simulation.stream_state import leaf_paths

START, STEP = "start", "step"
STATE = "state_"  # what the names of all tensors of the state begin with
NETWORK = f"{STATE}network"
DIGITS = 4  # integers of 32 bits of a digest
OTHER = (
    "the state is of another network than the one that is asked: take the state that "
    "its signature start, or step, has answered"
)


class FrameSignatures:
    """The signatures ``start`` and ``step`` of a network, which share one program."""

    def __init__(self, signatures: Signatures, settings: FrameSettings) -> None:
        """Prepare the signatures.

        Args:
            signatures: the other signatures of the network.
            settings: how a frame is run.
        """
        self._signatures, self._settings = signatures, settings
        self._graph = signatures.snn.graph
        self._form = initial_state(self._graph, 1, settings)
        taken = [*signatures.names.values(), *signatures.output_names, NETWORK]
        digest = bytes.fromhex(model_digest(self._graph))[: 4 * DIGITS]
        self.digest = np.frombuffer(digest, "<i4").astype(np.int32)
        self.state_names = state_names(self._form, taken)
        shapes, leaves = signatures.snn.inputs_by_name, tf.nest.flatten(self._form)
        frame = {n: tf.TensorSpec((None, *s), name=n) for n, s in shapes.items()}
        self._advance = tf.function(
            self._advanced,
            autograph=False,
            input_signature=[frame, list(self._leaf_specs(leaves).values())],
        )

    def state_specs(self, batch_size: int | None = None) -> dict[str, tf.TensorSpec]:
        """Return the specs of the state by name, for one batch size or any (None)."""
        leaves = tf.nest.flatten(self._form)
        return {
            NETWORK: tf.TensorSpec((batch_size, DIGITS), tf.int32, NETWORK),
            **self._leaf_specs(leaves, batch_size),
        }

    def _leaf_specs(
        self, leaves: list[Any], batch_size: int | None = None
    ) -> dict[str, tf.TensorSpec]:
        return {
            name: tf.TensorSpec((batch_size, *leaf.shape[1:]), leaf.dtype, name)
            for name, leaf in zip(self.state_names, leaves, strict=True)
        }

    def specs(self, batch_size: int | None = None) -> dict[str, tf.TensorSpec]:
        """Return the specs of all that ``step`` takes, by name."""
        return {**self._signatures.specs(batch_size), **self.state_specs(batch_size)}

    def start(self) -> Any:
        """Trace outputs and state after the first frame."""

        def start(**given: Any) -> dict[str, Any]:
            x = self._signatures.prepared(given)
            batch = tf.shape(next(iter(x.values())))[0]
            return self._answer(x, initial_state(self._graph, batch, self._settings))

        return graph_of(start, self._signatures.specs())

    def step(self) -> Any:
        """Trace outputs and state after a frame, from the state before it."""

        def step(**given: Any) -> dict[str, Any]:
            x = self._signatures.prepared(given)
            batch = tf.shape(next(iter(x.values())))[0]
            state = [given[name] for name in self.state_names]
            rows = tf.stack([tf.shape(leaf)[0] for leaf in state])
            message = "the state and the frame are not batches of one size"
            tf.debugging.assert_equal(rows, batch, message)
            tf.debugging.assert_equal(given[NETWORK], self._digests(batch), OTHER)
            return self._answer(x, state)

        return graph_of(step, self.specs())

    @property
    def _paths(self) -> list[tuple[str, ...]]:
        return leaf_paths(self._form)

    def _answer(self, x: dict[str, Any], state: Any) -> dict[str, Any]:
        result = self._advance(x, tf.nest.flatten(state))
        outputs = zip(self._signatures.output_names, result.outputs, strict=True)
        leaves = tf.nest.flatten(result.state)
        state_after = dict(zip(self.state_names, leaves, strict=True))
        batch = tf.shape(leaves[0])[0]
        return {**dict(outputs), NETWORK: self._digests(batch), **state_after}

    def _digests(self, batch: Any) -> Any:
        """Return the digest in each row."""
        return tf.broadcast_to(tf.constant(self.digest), (batch, DIGITS))

    def _advanced(self, x: dict[str, Any], leaves: list[Any]) -> FrameResult:
        graph = self._signatures.graph_on_cpu()
        state = tf.nest.pack_sequence_as(self._form, leaves)
        return advance_frame(graph, x, state, self._settings)


def state_names(form: Any, taken: Sequence[str]) -> list[str]:
    """Name the tensors of a state, ``state_NODE_PART``, in the order of ``tf.nest``.

    Args:
        form: the state before the first frame.
        taken: names that others have.
    """
    # From the node on, for those of nodes and outputs differ.
    paths = (path if path == (FRAMES,) else path[1:] for path in leaf_paths(form))
    own = [STATE + identifier("_".join(path)) for path in paths]
    return distinct([*taken, *own])[len(taken) :]
