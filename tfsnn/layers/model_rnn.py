"""A recurrent layer whose step is a model."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from tfsnn.network.traced import traced


@keras.saving.register_keras_serializable(package="tfsnn")
class ModelRNN(keras.Layer):
    """A recurrent layer whose step is a Functional model: any loop over a sequence.

    At place i the step reads x(i), a place of each sequence, and its states, and
    returns outputs; state k at i + 1 is the output ``states[k]`` at i.

    A call takes a list of sequences ``(B, L, ...)`` and, as `initial_state`, a list of
    the states at the first place, which are 0 without it. It returns a list of the
    outputs ``returned``, at the last place; with `return_sequences` the first of them
    is that of all places, ``(B, L, ...)``.
    """

    def __init__(
        self,
        step: Any,
        states: Sequence[int],
        returned: Sequence[int] = (0,),
        return_sequences: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make a layer of a step.

        Args:
            step: the model, with lists of inputs (places, then states) and outputs.
            states: for each state, the output that is the state behind a place.
            returned: the outputs that a call returns.
            return_sequences: whether the first of these is returned for all places.
            kwargs: arguments of a Keras layer.
        """
        super().__init__(**kwargs)
        if isinstance(step, dict):
            step = keras.saving.deserialize_keras_object(step)
        self.step = step
        self.states, self.returned = list(states), list(returned)
        self.return_sequences = return_sequences

    def build(self, *shapes: Any, **named: Any) -> None:
        """Do nothing: the step has its weights."""
        self.built = True

    def call(self, sequences: Sequence[Any], initial_state: Any = None) -> list[Any]:
        """Go through sequences ``(B, L, ...)``, place by place."""
        read = {"sequences": list(sequences), "states": list(initial_state or ())}
        # As a program: one operation after the other would take its time.
        return self._program(read) if tf.executing_eagerly() else self._loop(read)

    @functools.cached_property
    def _program(self) -> Callable[[Any], Any]:
        return traced(self._loop)

    def _loop(self, read: Mapping[str, list[Any]]) -> list[Any]:
        sequences = read["sequences"]
        batch = ops.shape(sequences[0])[0]
        before = [
            ops.zeros((batch, *y.shape[1:]), dtype=y.dtype) for y in self.step.outputs
        ]
        for output, state in zip(self.states, read["states"], strict=False):
            before[output] = state

        def advance(carried: Any, places: Any) -> tuple[Any, Any]:
            outputs = self.step([*places, *(carried[i] for i in self.states)])
            return outputs, outputs

        last, found = ops.scan(advance, before, [_exchanged(x) for x in sequences])
        outputs = [last[i] for i in self.returned]
        if self.return_sequences:
            outputs[0] = _exchanged(found[self.returned[0]])
        return outputs

    def compute_output_spec(self, sequences: Any, initial_state: Any = None) -> Any:
        """Return shapes and types of what a call returns."""
        length = sequences[0].shape[1]
        specs = []
        for k, i in enumerate(self.returned):
            batch, *shape = self.step.outputs[i].shape
            if self.return_sequences and not k:
                shape = [length, *shape]
            kind = self.step.outputs[i].dtype
            specs.append(keras.KerasTensor((batch, *shape), dtype=kind))
        return specs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer as JSON."""
        return {
            **super().get_config(),
            "step": keras.saving.serialize_keras_object(self.step),
            "states": self.states,
            "returned": self.returned,
            "return_sequences": self.return_sequences,
        }


def _exchanged(x: Any) -> Any:
    """Exchange the first two axes, samples and places."""
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))
