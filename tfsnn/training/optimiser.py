"""The optimiser of fine-tuning, with a learning rate that needs no tuning.

The rate and the rest were chosen by a sweep over three networks
(``benchmarks/training/learning_rate.py``).
"""

from __future__ import annotations

import keras

from tfsnn.errors import OptionError

LEARNING_RATE = 3e-4
WARM_UP = 0.05  # of all steps, up to the rate; then down to zero by a cosine


def optimiser(steps: int, learning_rate: float | None = None) -> keras.Optimizer:
    """Return the optimiser for a training of so many steps.

    Args:
        steps: the batches of all epochs.
        learning_rate: the largest rate; the default if None.

    Raises:
        OptionError: for a rate that is not above 0.
    """
    rate = LEARNING_RATE if learning_rate is None else learning_rate
    if not rate > 0:
        raise OptionError(f"learning_rate={learning_rate}: give a number above 0")
    warm = max(int(WARM_UP * steps), 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / (warm + 1), max(steps - warm, 1), warmup_target=rate, warmup_steps=warm
    )
    return keras.optimizers.Adam(schedule)
