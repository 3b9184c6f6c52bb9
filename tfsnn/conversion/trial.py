"""What a plan makes of the network: tried by simulation on a few samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfsnn.conversion.normalize import normalize
from tfsnn.conversion.plan import Plan
from tfsnn.data import Progress
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate, without_heads
from tfsnn.simulation.simulate import simulate
from tfsnn.simulation.steps import COUNTS

COEFFICIENTS = 1  # the column of "counts" that has them


class Probed(NamedTuple):
    """What a simulation of a plan showed.

    Attributes:
        divergence: of its outputs from the ANN's, in nats: the mean over the samples,
            and the sum over the outputs, of the symmetric Kullback-Leibler divergence
            of their softmax, sum (p - q) (log p - log q).
        spikes: of each rate node, per sample; a spike of coefficient c is abs(c).
    """

    divergence: float
    spikes: dict[str, float]


class Probe:
    """Simulates plans for one network, always on the same samples.

    Outputs are compared as classes, over their last axis: by the softmax of what is
    read, whatever the head; of a single unit by the sigmoid.
    """

    def __init__(
        self,
        ann: Graph,
        x: Mapping[str, np.ndarray],
        timesteps: int,
        progress: Progress | None = None,
    ) -> None:
        """Hold the ANN and the samples, ``(N, *shape)`` by input; nothing is run."""
        self.ann = without_heads(ann)
        self.x, self.timesteps, self.progress = x, timesteps, progress

    def __call__(self, plan: Plan) -> Probed:
        """Simulate a plan for T steps."""
        rates = self.ann.of_kind(Rate)
        ones = {node.name: tf.ones(int(np.prod(node.shape))) for node in rates}
        found = simulate(
            normalize(self.ann, plan),
            self._feed,
            self.timesteps,
            observe=(COUNTS,),
            fan_outs=ones,
            gradients=False,
        )
        counts = {
            name: found.observed[f"{COUNTS}/{name}"][..., COEFFICIENTS] for name in ones
        }
        parts = zip(map(_log_softmax, found.outputs), self._reference, strict=True)
        return Probed(
            sum(_divergence(ours, theirs) for ours, theirs in parts),
            {k: float(tf.reduce_mean(tf.reduce_sum(c, 0))) for k, c in counts.items()},
        )

    def each(self, things: Iterable[Any], total: int, label: str) -> Iterable[Any]:
        """The same things, shown by the progress bar as they pass."""
        return self.progress(things, total, label) if self.progress else things

    @cached_property
    def _feed(self) -> dict[str, Any]:
        return {name: tf.constant(x, tf.float32) for name, x in self.x.items()}

    @cached_property
    def _reference(self) -> list[Any]:
        values = self.ann.forward(self._feed)
        return [_log_softmax(values[name]) for name in self.ann.outputs]


def _log_softmax(z: Any) -> Any:
    """Of ``(N, ..., C)``, float64; of one unit, beside a unit that is always 0."""
    z = tf.cast(z, tf.float64)
    z = z[:, None] if len(z.shape) == 1 else z
    if z.shape[-1] == 1:
        z = tf.concat([z, tf.zeros_like(z)], -1)
    return tf.nn.log_softmax(z)


def _divergence(log_p: Any, log_q: Any) -> float:
    terms = (tf.exp(log_p) - tf.exp(log_q)) * (log_p - log_q)
    return float(tf.reduce_mean(tf.reduce_sum(terms, -1)))
