"""The loss of ST-RSBP on spike counts, and the boosting of samples that are wrong."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import OptionError


@keras.saving.register_keras_serializable(package="tfsnn")
class SpikeCounts(keras.losses.Loss):
    """Half the squared distance of counts to those desired, beyond a margin.

    With o spikes where `desired` are wanted of the class and `undesired` of the others,
    d = o - desired (or - undesired) counts as 0 up to the margin: 1/2 sum d².
    """

    def __init__(
        self,
        desired: float = 35.0,
        undesired: float = 5.0,
        margin: float = 5.0,
        name: str = "spike_counts",
        **kwargs: Any,
    ) -> None:
        """Make a loss.

        Args:
            desired: count that the class's neuron should have.
            undesired: count that the other neurons should have, below `desired`.
            margin: distance up to which a count is right, >= 0.

        Raises:
            OptionError: for counts that cannot be.
        """
        super().__init__(name=name, **kwargs)
        if not desired > undesired >= 0:
            raise OptionError(
                f"SpikeCounts: desired={desired!r} must be above "
                f"undesired={undesired!r}, and both 0 or more"
            )
        if not margin >= 0:
            raise OptionError(f"SpikeCounts: margin={margin!r} must be 0 or more")
        self.desired, self.undesired, self.margin = desired, undesired, margin

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss ``(B,)`` of counts ``(B, classes)``.

        Args:
            y_true: class numbers ``(B,)`` or ``(B, 1)``, or one-hot ``(B, classes)``.
            y_pred: counts.
        """
        counts = tf.convert_to_tensor(y_pred)
        labels = tf.convert_to_tensor(y_true)
        if len(labels.shape) < 2 or labels.shape[-1] != counts.shape[-1]:
            numbers = tf.cast(tf.reshape(labels, (-1,)), tf.int32)
            labels = tf.one_hot(numbers, counts.shape[-1])
        of_class = tf.cast(labels, tf.float32) > 0.5
        wanted = tf.where(of_class, float(self.desired), float(self.undesired))
        distance = tf.cast(counts, tf.float32) - wanted
        beyond = tf.where(tf.abs(distance) > self.margin, distance, 0.0)
        return 0.5 * tf.reduce_sum(tf.square(beyond), -1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("desired", "undesired", "margin")
        return super().get_config() | {name: getattr(self, name) for name in names}


def boosted(weights: Any, labels: Any, predicted: Any, rate: float = 1 / 20) -> Any:
    """Return the weights of samples for the next epoch: those that are wrong gain.

    With e_c, the share of the weight of class c that is on samples predicted wrong, a
    wrong sample's weight is multiplied by exp(e_c * rate), as in the authors' code.
    Give them to ``fit`` as ``sample_weight``.

    Args:
        weights: the weights of this epoch ``(N,)``; ones to begin with.
        labels: class numbers ``(N,)``.
        predicted: class numbers that the network gave ``(N,)``.
        rate: how fast they grow, > 0.
    """
    weights = np.asarray(weights, np.float32)
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    wrong = labels != predicted
    grown = weights.copy()
    for label in np.unique(labels):
        mine = labels == label
        share = weights[mine & wrong].sum() / weights[mine].sum()
        grown[mine & wrong] *= np.exp(share * rate)
    return grown


@keras.saving.register_keras_serializable(package="tfsnn")
class FanInPenalty(keras.regularizers.Regularizer):
    """The regulariser of ST-RSBP: it grows exponentially with a neuron's mean w².

    Its gradient for w_ij is strength * beta * (w_ij / scale) * exp(beta * (m_i - 1)),
    m_i = sum_j (w_ij / scale)² / (inputs + 1).
    """

    def __init__(
        self, strength: float = 10.0, beta: float = 0.04, scale: float = 8.0
    ) -> None:
        """Make a regulariser; all three numbers are positive."""
        self.strength, self.beta, self.scale = strength, beta, scale

    def __call__(self, x: Any) -> Any:
        """Return the penalty of a kernel ``(inputs, units)``."""
        places = float(x.shape[0] + 1)
        mean = tf.reduce_sum(tf.square(x / self.scale), 0) / places
        total = tf.reduce_sum(tf.exp(self.beta * (mean - 1.0)))
        return self.strength * self.scale * places / 2.0 * total

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("strength", "beta", "scale")
        return {name: getattr(self, name) for name in names}
