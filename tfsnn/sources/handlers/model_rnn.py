"""The handler of recurrent layers whose step is a model, as loops of files become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfsnn.layers import ModelRNN
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.recurrent import (
    at_once,
    body_of,
    flat,
    is_short,
    unrolled,
)
from tfsnn.sources.handlers.recurrent_cells import Stepped
from tfsnn.sources.handlers.registry import handles


@dataclass(frozen=True)
class ModelStep:
    """One step of a layer: the states behind it, and then its other outputs.

    Attributes:
        layer: the layer.
    """

    layer: ModelRNN

    def __call__(
        self, places: Sequence[str], states: Sequence[str], builder: Builder
    ) -> Stepped:
        """Add the layers of the step, of the places and of the states before."""
        assert builder.inner is not None
        layer, count = self.layer, len(self.layer.states)
        found = builder.inner(layer.step, [*places, *states[:count]])
        y, *others = (found[i] for i in layer.returned)
        return y, [*(found[i] for i in layer.states), *others]


@handles(ModelRNN)
def model_rnn(layer: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate ModelRNN: the layers of its step, for each place or as one node."""
    given = builder.argument(0, "sequences")
    sequences, shapes = list(flat(given)), [y.shape[1:] for y in layer.step.outputs]
    carried = list(flat(builder.argument(1, "initial_state")))
    if not carried:
        carried = [builder.constant(np.zeros(shapes[i])) for i in layer.states]
    if len({shapes[i][:-1] for i in layer.returned}) > 1:
        raise Unsupported(
            "it returns outputs whose shapes differ in more than the last axis: "
            "flatten them in its step"
        )
    count, step = len(layer.states), ModelStep(layer)
    body, y, after = body_of(step, sequences, carried, builder)
    length = builder.shape(sequences[0])[0]
    if is_short(length, body, layer.step.count_params()):
        y, after = unrolled(layer, step, sequences, carried, builder)
        return [y, *after[count:]]
    reads = (sequences, carried)
    sent = [y, *after[count:]]
    y, others = at_once(layer, body, sent, after[:count], reads, builder)
    return [y, *others]
