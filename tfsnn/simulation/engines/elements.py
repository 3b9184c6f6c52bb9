"""The engine of a recurrent ANN that takes one element of its sequences at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.digest import model_digest
from tfsnn.network.traced import traced
from tfsnn.simulation.engines.of_model import ModelEngine
from tfsnn.simulation.results import Results
from tfsnn.sources import import_elements
from tfsnn.sources.keras_model.structure import output_keys


class ElementEngine(ModelEngine):
    """A recurrent Keras model as the graph of one element, with its states beside."""

    kind = "elements"

    def __init__(self, model: keras.Model) -> None:
        """Take a model that :func:`tfsnn.sources.import_elements` can import.

        Raises:
            ModelError: for one that cannot be; UnsupportedError names layers.
        """
        self.model, self.name, self.graph = model, model.name, import_elements(model)
        self.inputs, self.whole_inputs = self.graph.given, self.graph.whole_inputs
        self.output_keys = output_keys(model)
        self._advance = traced(self.graph.forward)

    @classmethod
    def takes(cls, network: Any) -> bool:
        """Return False: it is asked for where a recurrent network takes sequences."""
        return False

    @classmethod
    def of(cls, network: keras.Model) -> ElementEngine:
        """Return the engine of a model.

        Raises:
            OptionError: for what is no Keras model.
        """
        if isinstance(network, keras.Model):
            return cls(network)
        raise OptionError(
            f"the ANN is a {type(network).__name__}: for sequences, element by "
            "element, give the Keras model that was converted"
        )

    @cached_property
    def digest(self) -> str:
        """Return the digest of the graph with its weights."""
        return model_digest(self.graph)

    def states(self, batch: int) -> dict[str, Any]:
        """Return the states before the first element, for so many sequences."""
        shapes = {name: self.graph.inputs[name] for name in self.graph.states}
        return {name: tf.zeros((batch, *shape)) for name, shape in shapes.items()}

    def advance(
        self, x: Mapping[str, Any], states: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the outputs at an element, and the states after it."""
        given = {k: tf.cast(x[k], tf.float32) for k in self.inputs}
        values = self._advance({**given, **states})
        after = {name: values[output] for name, output in self.graph.kept.items()}
        return [values[name] for name in self.graph.answers], after

    def run(self, x: Any, observe: Collection[str] = ()) -> Results:
        """Compute the outputs at the first element; there is nothing to observe."""
        feed = x if isinstance(x, Mapping) else dict.fromkeys(self.inputs, x)
        batch = len(np.asarray(next(iter(feed.values()))))
        return Results(self.advance(feed, self.states(batch))[0])
