"""A batch that is simulated in parts, some samples after the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from tfsnn.simulation.simulate import Result


def rows_of(feed: Mapping[str, Any]) -> int:
    """Return the number of samples in a nest of tensors, some of which are scalars."""
    return max(x.shape[0] for x in tf.nest.flatten(feed) if len(x.shape))


def in_parts(
    run: Callable[[dict[str, Any]], Result], feed: dict[str, Any], size: int
) -> Result:
    """Run all samples of a batch, some of them after the others.

    Args:
        run: the simulation of a batch.
        feed: the samples ``(B, *shape)``, by input.
        size: samples simulated at a time, at most.
    """
    starts = range(0, max(rows_of(feed), 1), size)
    if len(starts) == 1:
        return run(feed)
    parts = [
        run({name: x[start : start + size] for name, x in feed.items()})
        for start in starts
    ]
    outputs = zip(*(part.outputs for part in parts), strict=True)
    return Result(
        [tf.concat(values, 0) for values in outputs],
        {
            name: tf.concat([part.observed[name] for part in parts], 1)
            for name in parts[0].observed
        },
        tf.concat([part.steps for part in parts], 0),
    )
