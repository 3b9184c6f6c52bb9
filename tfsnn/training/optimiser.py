"""The optimiser of fine-tuning, with a learning rate that needs no tuning.

Adam, whose steps do not depend on the scale of the loss or of the outputs, with a
warm-up and a cosine down to zero. The rate is that of the best of whole epochs on
ResNet-20 (``benchmarks/training/fine_tuning.py``), between what still learns much and
what diverges (0.003). A run of a few dozen steps cannot make good what large steps
upset (``benchmarks/training/learning_rate.py``): its rate is smaller.
"""

from __future__ import annotations

import keras

from tfsnn.errors import OptionError

LEARNING_RATE, SMALLEST = 5e-4, 1e-4
ENOUGH = 100  # steps for the largest rate
WARM_UP = 0.05  # of all steps, up to the rate; then down to zero by a cosine


def default_rate(steps: int) -> float:
    """Return the largest learning rate for a training of so many steps."""
    return min(max(LEARNING_RATE * steps / ENOUGH, SMALLEST), LEARNING_RATE)


def optimiser(steps: int, learning_rate: float | None = None) -> keras.Optimizer:
    """Return the optimiser for a training of so many steps.

    Args:
        steps: the batches of all epochs.
        learning_rate: the largest rate; the default if None.

    Raises:
        OptionError: for a rate that is not above 0.
    """
    rate = default_rate(steps) if learning_rate is None else learning_rate
    if not rate > 0:
        raise OptionError(f"learning_rate={learning_rate}: give a number above 0")
    warm = max(int(WARM_UP * steps), 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / (warm + 1), max(steps - warm, 1), warmup_target=rate, warmup_steps=warm
    )
    return keras.optimizers.Adam(schedule)
