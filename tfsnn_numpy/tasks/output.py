"""An output of a network, as far as judging it needs to know."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Heads whose values are shares of 1, so that a half decides; others are logits.
PROBABILITIES = ("sigmoid", "hard_sigmoid", "softmax", "sparsemax")
CHANNELS = 4  # at most, of a picture
SCORES = ("softmax", "log_softmax", "sparsemax")  # of classes that exclude each other


@dataclass(frozen=True)
class Output:
    """An output of a network.

    Attributes:
        name: the name of the output.
        shape: the shape for one sample.
        head: the function that gives its values: "linear", "softmax", "sigmoid", ...
        like_input: whether an input of the network has the same shape.
    """

    name: str
    shape: tuple[int, ...]
    head: str = "linear"
    like_input: bool = False

    @property
    def size(self) -> int:
        """The number of values for one sample."""
        return math.prod(self.shape)

    @property
    def is_vector(self) -> bool:
        """Whether all values lie along the last axis, two at least."""
        return self.size > 1 and self.size == self.shape[-1]

    @property
    def is_picture(self) -> bool:
        """Whether there are two axes of places, and 1 to 4 channels behind them."""
        places, channels = self.shape[:2], self.shape[-1:]
        return len(self.shape) == 3 and channels[0] <= CHANNELS and min(places) > 1

    @property
    def threshold(self) -> float:
        """The value from which on a single unit says yes."""
        return 0.5 if self.head in PROBABILITIES else 0.0
