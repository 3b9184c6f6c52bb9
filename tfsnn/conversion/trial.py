"""Plans on trial: what they make of a network, simulated on a few samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.conversion.methods.contract import Method, Probed
from tfsnn.conversion.normalize import normalize
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.data import Progress
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate, without_heads
from tfsnn.simulation.simulate import simulate
from tfsnn.simulation.steps import COUNTS

COEFFICIENTS = 1  # the column of "counts" that has them


def refined(
    chosen: Method,
    plan: Plan,
    graph: Graph,
    statistics: Mapping[str, Statistics],
    draw: Callable[[int], Mapping[str, np.ndarray]],
    progress: Progress | None = None,
) -> Plan:
    """Return the plan that a method's second stage makes of that of its first.

    Args:
        chosen: the method.
        plan, graph, statistics: the results of its first stage.
        draw: returns so many calibration samples, ``(N, *shape)`` by input.
        progress: wraps what is tried, for a progress bar.
    """
    x = draw(chosen.probe_samples)
    probe = Probe(graph, x, chosen.timesteps, progress)
    return chosen.refine(plan, graph, statistics, probe)


class Probe:
    """A probe that simulates plans for one network, always on the same samples.

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
        """Simulate a plan for T steps on the samples, and compare it with the ANN.

        Raises:
            ValueError: if there are no samples.
        """
        if not self.x:
            raise ValueError(
                "a plan cannot be tried on no samples: give the method probe_samples, "
                "the calibration samples that it wants to try plans on"
            )
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
        answers = found.outputs[: len(self.ann.answers)]
        parts = zip(map(_log_softmax, answers), self._reference, strict=True)
        return Probed(
            sum(_divergence(ours, theirs) for ours, theirs in parts),
            {k: float(tf.reduce_mean(tf.reduce_sum(c, 0))) for k, c in counts.items()},
        )

    def each(self, things: Iterable[Any], total: int, label: str) -> Iterable[Any]:
        """Pass on the things that plans are tried for, shown by the progress bar."""
        return self.progress(things, total, label) if self.progress else things

    @cached_property
    def _feed(self) -> dict[str, Any]:
        return {name: tf.constant(x, tf.float32) for name, x in self.x.items()}

    @cached_property
    def _reference(self) -> list[Any]:
        values = self.ann.forward(self._feed)
        return [_log_softmax(values[name]) for name in self.ann.answers]


def _log_softmax(z: Any) -> Any:
    """Return the log-softmax of ``(N, ..., C)``, float64; one unit gets a 0 beside."""
    z = tf.cast(z, tf.float64)
    z = z[:, None] if len(z.shape) == 1 else z
    if z.shape[-1] == 1:
        z = tf.concat([z, tf.zeros_like(z)], -1)
    return tf.nn.log_softmax(z)


def _divergence(log_p: Any, log_q: Any) -> float:
    terms = (tf.exp(log_p) - tf.exp(log_q)) * (log_p - log_q)
    return float(tf.reduce_mean(tf.reduce_sum(terms, -1)))
