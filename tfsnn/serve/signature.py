"""Signatures of loaded versions: what they take and give, and how they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.export.saved_model.signatures import XLA

PREDICT, CLASSIFY = ("tensorflow/serving/predict", "tensorflow/serving/classify")
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class TensorSpec:
    """The description of one input or output tensor of a signature.

    Attributes:
        tensor: name of the tensor in the graph, as ``"x:0"``.
        dtype: TensorFlow's type.
        shape: sizes, the batch first; None for a free size, or for any shape at all.
    """

    tensor: str
    dtype: Any
    shape: tuple[int | None, ...] | None

    @classmethod
    def of(cls, info: Any) -> TensorSpec:
        """Read the description from a ``TensorInfo`` proto."""
        shape = tf.TensorShape(info.tensor_shape)
        sizes = None if shape.rank is None else tuple(shape.as_list())
        return cls(info.name, tf.as_dtype(info.dtype), sizes)

    @property
    def batched(self) -> bool:
        """Whether the first size is free."""
        return bool(self.shape) and self.shape[0] is None  # type: ignore[index]

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether a tensor of this shape fits."""
        return tf.TensorShape(self.shape).is_compatible_with(shape)

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.dtype.name}, any shape"
        free = ("B", *("?" for _ in self.shape[1:]))
        sizes = (
            name if size is None else str(size)
            for name, size in zip(free, self.shape, strict=False)
        )
        return f"{self.dtype.name} ({', '.join(sizes)})"


class Signature:
    """A signature of one version, which any thread may call."""

    def __init__(self, name: str, definition: Any, session: Any) -> None:
        """Read a ``SignatureDef`` whose graph is loaded in a session."""
        self.name, self.definition, self._session = name, definition, session
        self.inputs = {
            key: TensorSpec.of(info) for key, info in definition.inputs.items()
        }
        self.outputs = {
            key: TensorSpec.of(info) for key, info in definition.outputs.items()
        }
        specs = [*self.inputs.values(), *self.outputs.values()]
        # XLA compiles for each batch size, and joined requests have ever new ones.
        self.joinable = all(spec.batched for spec in specs) and not name.startswith(XLA)

    @property
    def classifies(self) -> bool:
        """Whether it takes serialised ``tf.Example`` and gives classes and scores."""
        inputs, outputs = [*self.inputs.values()], {*self.outputs}
        one = len(inputs) == 1 and inputs[0].dtype == tf.string
        return one and bool(outputs) and outputs <= {"classes", "scores"}

    def __call__(self, inputs: Arrays) -> Arrays:
        """Compute the outputs by name, for inputs that fit."""
        feed = {self.inputs[name].tensor: value for name, value in inputs.items()}
        fetch = {name: spec.tensor for name, spec in self.outputs.items()}
        return self._session.run(fetch, feed)
