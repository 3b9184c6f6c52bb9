"""What the loss of a compiled Keras model says of its outputs' tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import keras

# By the end of a loss's name: the tasks that it may be of, the likeliest first.
TASKS = {
    "binary_crossentropy": ("binary", "multilabel", "places", "image"),
    "binary_focal_crossentropy": ("binary", "multilabel", "places"),
    "categorical_crossentropy": ("classification", "places"),
    "categorical_focal_crossentropy": ("classification", "places"),
    "categorical_hinge": ("classification", "places"),
    "mean_squared_error": ("regression", "image"),
    "mse": ("regression", "image"),
    "mean_absolute_error": ("regression", "image"),
    "mae": ("regression", "image"),
    "mean_absolute_percentage_error": ("regression",),
    "mean_squared_logarithmic_error": ("regression",),
    "huber": ("regression", "image"),
    "log_cosh": ("regression", "image"),
    "poisson": ("regression",),
    "cosine_similarity": ("embedding", "regression"),
}


def loss_tasks(model: keras.Model, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the tasks that the losses of a model speak of, by output.

    A model that is not compiled, or whose loss is a function of its own, says nothing.

    Args:
        model: the model.
        names: the names of its outputs, in order.
    """
    loss: Any = getattr(model, "loss", None)
    if isinstance(loss, Mapping):
        losses = {name: loss.get(name) for name in names}
    elif isinstance(loss, list | tuple):
        losses = dict(zip(names, loss, strict=False))
    else:
        losses = dict.fromkeys(names, loss)
    found = {name: TASKS.get(_name(loss), ()) for name, loss in losses.items()}
    return {name: tasks for name, tasks in found.items() if tasks}


def _name(loss: Any) -> str:
    """Return the name of a loss as Keras writes it: "mean_squared_error"."""
    text = loss if isinstance(loss, str) else getattr(loss, "name", None)
    text = text or getattr(loss, "__name__", "") or ""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower()
    return snake.removeprefix("sparse_")
