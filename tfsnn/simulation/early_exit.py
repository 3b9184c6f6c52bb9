"""Early exit: samples leave the simulation when their readout is decided.

A rule decides when that is (:mod:`tfsnn.simulation.exit_rule`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Readout
from tfsnn.network.roles import needs_all_steps
from tfsnn.simulation.exit_rule import ExitRule, class_scores
from tfsnn.simulation.steps import Run, observed_shapes


def check_can_exit(graph: Graph) -> Readout:
    """Return the readout whose scores decide, or refuse the network.

    Raises:
        OptionError: for a network that does not answer after each step, or is no
            classifier.
    """
    if needs_all_steps(graph) or graph.clock.delay:
        raise OptionError(
            "early exit needs a network that answers after each step: this one "
            "processes all steps layer by layer or reads its output late; convert by a "
            "method without look-ahead, pre-steps or delayed readout (termapping, "
            "augmapping)"
        )
    node: Any = graph[graph.outputs[0]]
    heads = ("linear", "sigmoid") if node.shape == (1,) else ("linear", "softmax")
    if node.head not in heads or node.shape == ():
        raise OptionError(
            f"early exit needs scores of classes, or one that says yes or no; "
            f"{node.name} gives {node.shape} through {node.head}"
        )
    if len(node.shape) != 1:
        raise OptionError(
            f"early exit needs one vector of scores for a sample; {node.name} gives "
            f"{node.shape}"
        )
    return node


class _Undecided(NamedTuple):
    """The samples not yet decided, on the first axis of every tensor with axes."""

    index: Any
    active: Any
    top: Any
    streak: Any
    counts: dict[str, Any]
    state: dict[str, Any]
    constants: dict[str, Any]


class _Answers(NamedTuple):
    """The answers of all samples of the batch: at their exit, or so far."""

    means: list[Any]
    steps: Any
    counts: dict[str, Any]


def run_until_decided(
    run: Run, rule: ExitRule, chunk: int, compact: bool
) -> tuple[list[Any], dict[str, Any], Any]:
    """Simulate each sample until it is decided, at most T steps.

    Args:
        run: the run, at its beginning; it may observe counts.
        rule: the rule by which samples leave, asked after each chunk.
        chunk: K, steps advanced at a time.
        compact: whether the samples that are decided are taken out of the batch, which
            saves their computation; otherwise they go along, and only their answers
            are kept. The loop ends with the last one either way.

    Returns:
        The outputs; the counts over all steps of each sample, ``(1, B, 4)`` by
        ``counts/node``; and these steps, ``(B,)`` int32.
    """
    loop = _Loop(run, rule, compact)
    chunk = min(chunk, run.timesteps)
    whole, rest = divmod(run.timesteps, chunk)
    t = tf.constant(0)
    live, answers = loop.start()
    if whole:
        t, live, answers = tf.while_loop(
            lambda t, live, _: (t < whole * chunk) & loop.goes_on(t, live),
            lambda t, live, answers: loop.advance(t, live, answers, chunk),
            (t, live, answers),
            shape_invariants=_invariants((t, live, answers), compact),
            maximum_iterations=whole,
            parallel_iterations=1,
        )
    if rest:
        t, live, answers = tf.cond(
            loop.goes_on(t, live),
            lambda: loop.advance(t, live, answers, rest),
            lambda: (t, live, answers),
        )
    outputs = [
        node.apply(mean)
        for node, mean in zip(loop.readouts, answers.means, strict=True)
    ]
    counts = {key: values[None] for key, values in answers.counts.items()}
    return outputs, counts, answers.steps


class _Loop:
    """The loop of :func:`run_until_decided` over the steps of a run."""

    def __init__(self, run: Run, rule: ExitRule, compact: bool) -> None:
        self.run, self.rule, self.compact = run, rule, compact
        names = run.graph.outputs
        self.readouts: list[Any] = [run.graph[name] for name in names]
        self.deciding = names.index(check_can_exit(run.graph).name)

    def start(self) -> tuple[_Undecided, _Answers]:
        """Return the loop's first state: all samples, of which none has answered."""
        run = self.run
        zeros = tf.zeros([run.batch], tf.int32)
        shapes = observed_shapes(run.graph, run.observe, run.fan_outs)
        counts = {key: tf.zeros((run.batch, *shape)) for key, shape in shapes.items()}
        live = _Undecided(
            index=tf.range(run.batch),
            active=tf.fill([run.batch], True),
            top=zeros - 1,
            streak=zeros,
            counts=counts,
            state=run.initial_state(),
            constants={name: run.constants[name] for name in read_over_time(run)},
        )
        shapes_read = (run.graph[node.inputs[0]].shape for node in self.readouts)
        means = [tf.zeros((run.batch, *shape)) for shape in shapes_read]
        return live, _Answers(means, zeros, counts)

    def goes_on(self, t: Any, live: _Undecided) -> Any:
        """Return whether there are steps and samples left."""
        return (t < self.run.timesteps) & tf.reduce_any(live.active)

    def advance(self, t: Any, live: _Undecided, answers: _Answers, k: int) -> Any:
        """Advance by k steps, and keep the answers of the decided samples."""
        run = self.run.for_samples(live.index, live.constants)
        state, seen = run.advance(live.state, k)
        counts = {
            key: total + tf.reduce_sum(seen[key], 0)
            for key, total in live.counts.items()
        }
        t = t + k
        means = [state[n.name].total / tf.cast(t, tf.float32) for n in self.readouts]
        readout = self.readouts[self.deciding]
        scores = class_scores(readout.in_units(means[self.deciding]))
        top = tf.argmax(scores, -1, tf.int32)
        streak = tf.where(top == live.top, live.streak, 0) + k
        decided = self.rule.decided(scores, t, streak) | (t >= run.timesteps)
        live = live._replace(top=top, streak=streak, counts=counts, state=state)
        now = _Answers(means, tf.fill(tf.shape(top), t), counts)
        leave = self._take_out if self.compact else self._let_wait
        return t, *leave(live, answers, now, decided)

    def _let_wait(
        self, live: _Undecided, answers: _Answers, now: _Answers, decided: Any
    ) -> tuple[_Undecided, _Answers]:
        """Keep the answers of samples decided now, which stay in the batch."""
        ends = live.active & decided
        answers = tf.nest.map_structure(
            lambda new, old: tf.where(_like(ends, new), new, old), now, answers
        )
        return live._replace(active=live.active & ~decided), answers

    def _take_out(
        self, live: _Undecided, answers: _Answers, now: _Answers, decided: Any
    ) -> tuple[_Undecided, _Answers]:
        """Keep the answers of decided samples, and go on without these."""
        leave = tf.boolean_mask(live.index, decided)[:, None]
        answers = tf.nest.map_structure(
            lambda new, old: tf.tensor_scatter_nd_update(
                old, leave, tf.boolean_mask(new, decided)
            ),
            now,
            answers,
        )
        stay = tf.where(~decided)[:, 0]
        kept = tf.cond(
            tf.reduce_any(decided),
            lambda: tf.nest.map_structure(lambda x: _gathered(x, stay), live),
            lambda: tf.nest.map_structure(tf.identity, live),
        )
        return kept, answers


def read_over_time(run: Run) -> list[str]:
    """Return the constant nodes that others read in every step."""
    read = {
        name
        for node in run.graph
        if node.name not in run.constants
        for name in node.inputs
    }
    return [name for name in run.constants if name in read]


def _like(mask: Any, x: Any) -> Any:
    """Reshape a mask ``(B,)`` so that it broadcasts to x, ``(B, ...)``."""
    return tf.reshape(mask, (-1,) + (1,) * (len(x.shape) - 1))


def _gathered(x: Any, rows: Any) -> Any:
    return tf.gather(x, rows) if len(x.shape) else x


def _invariants(variables: Any, compact: bool) -> Any:
    """Return the loop's shapes, with any number of samples where these leave."""
    t, live, answers = variables

    def invariant(x: Any) -> Any:
        free = compact and len(x.shape) > 0
        return tf.TensorShape((None, *x.shape[1:])) if free else x.shape

    return (
        t.shape,
        tf.nest.map_structure(invariant, live),
        tf.nest.map_structure(lambda x: x.shape, answers),
    )
