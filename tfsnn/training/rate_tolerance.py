"""The callback that ends rate inference before it costs too much accuracy."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfsnn.errors import ModelError, OptionError
from tfsnn.training.rate_inference import logit_omega, rate_norms
from tfsnn_numpy.checks import check_count

ROUNDING = 1e-9  # of accuracies, which are shares of the samples
UNSCALED = 30.0  # of which the sigmoid is 1 in float32: the first stage


class RateTolerance(keras.callbacks.Callback):
    """A callback that stops rate inference at a loss of accuracy, and keeps the best.

    The scale that is kept has the least mean Omega of those whose accuracy is within
    the tolerance of the best seen, that of the first stage included. The logs of an
    epoch get "accuracy", "omega" and "share", which is sigmoid(s).
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        tolerance: float = 0.03,
        every: int = 100,
        batch_size: int = 500,
    ) -> None:
        """Make a callback that checks on samples that are not trained on.

        Args:
            x: samples ``(N, *shape)``.
            y: their labels, ``(N,)``, or ``(N, classes)`` with the largest at the
                class.
            tolerance: the accuracy that may be lost, in (0, 1).
            every: number of batches between checks; the end of an epoch is one too.
            batch_size: samples computed at a time.

        Raises:
            OptionError: for a value outside of these ranges.
        """
        super().__init__()
        if not 0 < tolerance < 1:
            raise OptionError(
                f"RateTolerance: tolerance={tolerance!r} is a share of the samples: "
                "give a number between 0 and 1"
            )
        self.every = check_count("RateTolerance: every", every)
        self.batch_size = check_count("RateTolerance: batch_size", batch_size)
        self.x, self.y, self.tolerance = np.asarray(x), np.asarray(y), tolerance
        if not 0 < len(self.x) == len(self.y):
            raise OptionError(
                f"RateTolerance: {len(self.x)} samples and {len(self.y)} labels: give "
                "as many, and at least one"
            )

    def on_train_begin(self, logs: Any = None) -> None:
        """Check the first stage, and the scale that training begins with.

        Raises:
            ModelError: if the network is none of :func:`rate_inference`, or already
                outside of the tolerance.
        """
        norms = rate_norms(self.model)
        if not norms or any(norm.scale is not norms[0].scale for norm in norms):
            raise ModelError(
                f"{self.model.name} has no scale that its layers share: make it with "
                "tfsnn.training.rate_inference"
            )
        self.scale = norms[0].scale
        start = float(self.scale)
        self.kept, self.least, self.best = UNSCALED, np.inf, 0.0
        self.scale.assign(UNSCALED)
        self._check()
        self.scale.assign(start)
        if not self._check():
            raise ModelError(
                f"{self.model.name}: at sigmoid(initial) = {self._share():.3f} its "
                f"accuracy is {self.accuracy:.4f}, that of the first stage "
                f"{self.best:.4f}, over tolerance={self.tolerance:g} more: give "
                "rate_inference a larger initial"
            )

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Check after every so many batches; stop if too much is lost."""
        if (batch + 1) % self.every == 0 and not self._check():
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Check, and add what was found to the logs."""
        if not self._check():
            self.model.stop_training = True
        if logs is not None:
            logs["accuracy"], logs["omega"] = self.accuracy, self.omega
            logs["share"] = self._share()

    def on_train_end(self, logs: Any = None) -> None:
        """Restore the best scale."""
        self.scale.assign(self.kept)

    def _share(self) -> float:
        return float(keras.ops.sigmoid(self.scale))

    def _check(self) -> bool:
        """Measure the network as it is; tell whether it is within the tolerance."""
        norms = rate_norms(self.model)
        right, omegas = 0, []
        for start in range(0, len(self.x), self.batch_size):
            part = slice(start, start + self.batch_size)
            logits = self.model(self.x[part], training=False)
            terms = [loss / norm.penalty for norm in norms for loss in norm.losses]
            omegas.append(float(sum(terms) + logit_omega(logits)) / (len(terms) + 1))
            labels = self.y[part]
            labels = labels.argmax(-1) if labels.ndim > 1 else labels
            right += int(np.sum(np.argmax(logits, -1) == labels))
        self.accuracy, self.omega = right / len(self.x), float(np.mean(omegas))
        self.best = max(self.best, self.accuracy)
        within = self.accuracy >= self.best - self.tolerance - ROUNDING
        if within and self.omega < self.least:
            self.kept, self.least = float(self.scale), self.omega
        return within
