"""The one training loop: Keras' own ``fit``, epoch by epoch, that loses nothing.

Checkpoints are written whole or not at all; a run that was killed continues to the very
weights that it would have had. The best weights by validation are kept, and a run never
ends with worse ones than it began with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError, TfsnnError
from tfsnn.training.checkpoint import Checkpoint
from tfsnn.training.run import Fitted, Position, Run
from tfsnn.training.samples import Samples
from tfsnn.training.scoring import Scores
from tfsnn_numpy.errors import plain_interrupts

SHARE = 20  # so many times longer between checkpoints than writing one takes


def fit(
    model: keras.Model,
    samples: Samples,
    score: Callable[[keras.Model], Scores],
    run: Run,
) -> Fitted:
    """Train a compiled model, and leave it with the best weights by `score`.

    Args:
        model: the model, compiled: optimiser and loss are its own.
        samples: the training data, checked (:meth:`Samples.check`).
        score: a function whose ``value`` is better the larger, as
            :class:`tfsnn.training.scoring.Scoring`.
        run: epochs, checkpoints and the like.

    Raises:
        DataError: if the data cannot be read any more.
        OptionError: for the checkpoint of a run with other arguments.
        OutputError: if a checkpoint cannot be written; the last one is there still.
        ModelError: for a model with nothing to train.
    """
    if not model.trainable_variables:
        raise ModelError(
            f"{model.name} has no weights to train: make the network trainable "
            "(tfsnn.training.tunable), and its layers too"
        )
    return _Fit(model, samples, score, run).result()


class _Fit:
    """A training run in progress."""

    def __init__(self, model: Any, samples: Samples, score: Any, run: Run) -> None:
        self.model, self.samples, self.score, self.run = model, samples, score, run
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.best, self.best_weights = 0, self._held(model.variables)
        self.stopped: str | None = None
        self.interrupted = False
        model.optimizer.build(model.trainable_variables)
        self.base = int(model.optimizer.iterations)  # of a training before this one
        if run.checkpoint is not None and run.checkpoint.exists():
            self._continue(Checkpoint.read(run.checkpoint))
        if not self.scores:
            known = run.before
            self.scores.append(score(model).value if known is None else known)
        self.start, self.started = self.step, time.monotonic()
        self.saved, self.pause = self.started, run.seconds
        self.loss = float("nan")

    @property
    def step(self) -> int:
        """The steps done, by the optimiser's own count, which Ctrl-C cannot miss."""
        return int(self.model.optimizer.iterations) - self.base

    @property
    def steps(self) -> int:
        """The steps of all epochs."""
        return self.run.epochs * self.samples.steps

    def result(self) -> Fitted:
        """Train to the end, or until something stops it."""
        try:
            with plain_interrupts():
                self._epochs()
        except KeyboardInterrupt:
            self._interrupted()
        for variable, values in zip(
            self.model.variables, self.best_weights, strict=True
        ):
            variable.assign(values)
        return Fitted(
            self.step // self.samples.steps,
            self.step,
            tuple(self.losses),
            tuple(self.scores),
            self.best,
            self.stopped,
            self.interrupted,
        )

    def _epochs(self) -> None:
        for epoch in range(self.step // self.samples.steps, self.run.epochs):
            self._epoch(epoch)
            if self.stopped:
                break

    def _epoch(self, epoch: int) -> None:
        skip = self.step - epoch * self.samples.steps
        callback = keras.callbacks.LambdaCallback(on_train_batch_end=self._after)
        try:
            self.model.fit(
                self.samples.dataset(epoch, skip),
                initial_epoch=epoch,
                epochs=epoch + 1,
                verbose=0,
                shuffle=False,
                callbacks=[callback],
            )
        except _Stop:
            return
        except tf.errors.OpError as error:
            if isinstance(self.samples.error, TfsnnError):
                raise self.samples.error from error
            raise
        self.losses.append(self.loss)
        self._judge(epoch + 1)
        self._save()

    def _after(self, batch: int, logs: Mapping[str, Any]) -> None:
        """Look at the model after each step."""
        self.loss = float(logs["loss"])
        if not np.isfinite(self.loss) or not bool(_finite(self.model)):
            what = "the loss" if not np.isfinite(self.loss) else "a weight"
            self.stopped = (
                f"{what} became NaN or infinite at step {self.step} of {self.steps}: "
                "the best weights before it are kept; take a smaller learning rate"
            )
            raise _Stop
        if self.run.watch is not None:
            self.run.watch(self._position())
        if time.monotonic() - self.saved > self.pause:
            self._save()

    def _position(self) -> Position:
        done = self.step - self.start
        rate = done / max(time.monotonic() - self.started, 1e-9)
        return Position(
            epoch=(self.step - 1) // self.samples.steps,
            epochs=self.run.epochs,
            step=self.step,
            steps=self.steps,
            loss=self.loss,
            rate=rate * self.samples.batch_size,
            left=(self.steps - self.step) / max(rate, 1e-9),
        )

    def _judge(self, number: int) -> None:
        """Score the model, and keep its weights if they are the best."""
        value = self.score(self.model).value
        if value > max(self.scores):
            self.best, self.best_weights = number, self._held(self.model.variables)
        self.scores.append(value)

    def _interrupted(self) -> None:
        """Keep the run for another time, and the best weights for now."""
        self.interrupted = True
        self.stopped = f"interrupted at step {self.step} of {self.steps}"
        if self.step > len(self.losses) * self.samples.steps:
            self._save()
            with suppress(KeyboardInterrupt):  # once more: do not wait for the score
                self._judge(self.step // self.samples.steps + 1)

    def _save(self) -> None:
        if self.run.checkpoint is None:
            return
        began = time.monotonic()
        facts = {
            "losses": self.losses,
            "scores": self.scores,
            "best": self.best,
            "base": self.base,
        }
        Checkpoint(
            self._told(),
            self._held(self.model.variables),
            self._held(self.model.optimizer.variables),
            self.best_weights,
            facts,
        ).write(self.run.checkpoint)
        self.saved = time.monotonic()
        self.pause = max(self.run.seconds, SHARE * (self.saved - began))

    def _continue(self, found: Checkpoint) -> None:
        assert self.run.checkpoint is not None
        found.refuse_another(self._told(), self.run.checkpoint)
        parts = [
            (self.model.variables, found.weights),
            (self.model.optimizer.variables, found.optimiser),
        ]
        for variables, arrays in parts:
            for variable, values in zip(variables, arrays, strict=True):
                variable.assign(values)
        self.best_weights = list(found.best)
        self.losses, self.scores = found.facts["losses"], found.facts["scores"]
        self.best, self.base = found.facts["best"], found.facts["base"]

    def _told(self) -> dict[str, Any]:
        samples = self.samples
        return {
            **self.run.told,
            "epochs": self.run.epochs,
            "batch_size": samples.batch_size,
            "seed": samples.seed,
            "samples": samples.count,
            "weights": [list(v.shape) for v in self.model.variables],
        }

    @staticmethod
    def _held(variables: Any) -> list[np.ndarray]:
        return [np.array(keras.ops.convert_to_numpy(v)) for v in variables]


class _Stop(Exception):
    """The end of a run at a step that spoilt it."""


@tf.function
def _all_finite(values: list[tf.Tensor]) -> tf.Tensor:
    finite = [tf.reduce_all(tf.math.is_finite(value)) for value in values]
    return tf.reduce_all(tf.stack(finite))


def _finite(model: keras.Model) -> tf.Tensor:
    return _all_finite([tf.convert_to_tensor(v) for v in model.trainable_variables])
