"""What the engines of a Keras model know of it."""

from __future__ import annotations

import keras

from tfsnn.simulation.engines.base import Engine
from tfsnn.sources.keras_model.heads import known_outputs
from tfsnn.sources.keras_model.losses import loss_tasks
from tfsnn_numpy.tasks import Output


class ModelEngine(Engine):
    """An engine whose network is a Keras model.

    Attributes:
        model: the model.
    """

    model: keras.Model

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs, by the last layers of the model."""
        return known_outputs(self.model)

    @property
    def hints(self) -> dict[str, tuple[str, ...]]:
        """The tasks that the losses of the model speak of."""
        return loss_tasks(self.model, [output.name for output in self.outputs])
