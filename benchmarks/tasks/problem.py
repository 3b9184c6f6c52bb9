"""A problem: real data, a network for it, and how that is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from benchmarks.tasks.images import Sets

# Drawn from the sets of images: inputs (N, ...) float32, and labels for each output.
Draw = Callable[[Sets, np.random.Generator, int], tuple[np.ndarray, Any]]


@dataclass(frozen=True)
class Problem:
    """Data of a kind, and the network that learns it.

    Attributes:
        about: what the network tells, and of what; in a few words.
        task: the task by which it is judged, or one for each output.
        draw: makes samples: sets of images, random numbers and a count go in.
        build: makes the network; the number goes in that all its widths are times.
        loss: what is minimised, of the output or by output.
        samples: the number to train on.
        epochs: how often each is seen.
        rate: the highest learning rate.
        batch: samples of a training step.
        width: the number that goes into :attr:`build`.
    """

    about: str
    task: str | dict[str, str]
    draw: Draw
    build: Callable[[int], keras.Model]
    loss: Any
    samples: int
    epochs: int
    rate: float = 3e-3
    batch: int = 128
    width: int = 16

    def trained(self, sets: Sets) -> keras.Model:
        """Build and train a network: Adam, whose rate rises and then falls to 0.

        Args:
            sets: the images to learn from.
        """
        keras.utils.set_random_seed(0)
        x, y = self.draw(sets, np.random.default_rng(0), self.samples)
        steps = self.epochs * -(-self.samples // self.batch)
        rate = keras.optimizers.schedules.CosineDecay(
            1e-4, steps, warmup_target=self.rate, warmup_steps=steps // 5
        )
        model = self.build(self.width)
        model.compile(keras.optimizers.Adam(rate), self.loss, jit_compile=False)
        model.fit(x, y, self.batch, self.epochs, verbose=0)
        found = self.build(self.width)  # without the optimiser and the loss
        found.set_weights(model.get_weights())
        return found
