"""The engine ``keras``: a network that is not spiking, as Keras computes it."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any

import keras
import numpy as np

from tfsnn.errors import ModelError
from tfsnn.network.pixels import scaled_inside
from tfsnn.simulation.engines.of_model import ModelEngine
from tfsnn.simulation.results import Results
from tfsnn.sources import import_model
from tfsnn.sources.keras_model.forward import all_outputs
from tfsnn.sources.keras_model.structure import input_names, output_keys
from tfsnn_numpy.digest import Digest


class KerasEngine(ModelEngine):
    """A Keras model, such as the one that was converted."""

    kind = "keras"
    traceable = True

    def __init__(self, model: keras.Model) -> None:
        """Take a Functional or Sequential model, built.

        Raises:
            ModelError: for a model whose inputs are not known or have no fixed shape.
        """
        if not getattr(model, "inputs", None):
            raise ModelError(
                f"{model.name} does not say what inputs it takes; give a Functional or "
                "Sequential model that is built."
            )
        names = input_names(model) if len(model.inputs) > 1 else ["x"]
        tensors = dict(zip(names, model.inputs, strict=True))
        self.inputs = {name: tuple(x.shape[1:]) for name, x in tensors.items()}
        if any(n is None for shape in self.inputs.values() for n in shape):
            raise ModelError(
                f"{model.name} takes inputs of shape {self.inputs}, which are not "
                "fixed; rebuild it with an Input of fixed shape."
            )
        self.whole_inputs = frozenset(k for k, x in tensors.items() if "int" in x.dtype)
        self.model, self.name = model, model.name
        self.output_keys = output_keys(model)
        self._forward = all_outputs(model)

    @classmethod
    def takes(cls, network: Any) -> bool:
        """Return whether the network is a Keras model."""
        return isinstance(network, keras.Model)

    @classmethod
    def of(cls, network: keras.Model) -> KerasEngine:
        """Return the engine of a model."""
        return cls(network)

    @cached_property
    def raw_inputs(self) -> frozenset[str] | None:  # type: ignore[override]
        """The inputs that the model scales from 0..255 itself; None if not known."""
        try:
            graph = import_model(self.model)
        except ModelError:  # of a model that cannot be converted
            return None
        places = zip(self.inputs, graph.inputs, strict=True)
        inside = scaled_inside(graph)
        return frozenset(name for name, own in places if own in inside)

    @cached_property
    def digest(self) -> str:
        """Return the digest of the model's config and weights."""
        weights = (np.asarray(weight) for weight in self.model.weights)
        return Digest(self.model.get_config(), *weights).hex()

    def run(self, x: Any, observe: Collection[str] = ()) -> Results:
        """Compute the outputs of a batch, tensors; there is nothing to observe."""
        return Results(self._forward(x))
