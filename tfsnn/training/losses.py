"""Losses and metrics of networks that answer in every step, outputs ``(B, T, ...)``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from tfsnn.errors import OptionError


@keras.saving.register_keras_serializable(package="tfsnn")
class EachStep(keras.losses.Loss):
    """The mean over steps of a loss of each step's output: temporal efficient training.

    For outputs y(t), ``(B, T, *output)``, and targets without time::

        L = (1 - target_weight) * mean_t loss(y_true, y(t))
            + target_weight * mean_t mean((y(t) - target)^2)

    Source: Deng et al., ICLR 2022, with the weight 0.05 and the threshold 1 as target.
    Each step learns to answer by itself, so that a network may stop early.
    """

    def __init__(
        self,
        loss: keras.losses.Loss | str | Mapping[str, Any],
        target_weight: float = 0.0,
        target: float = 1.0,
        reduction: str = "sum_over_batch_size",
        name: str = "each_step",
        **kwargs: Any,
    ) -> None:
        """Make the loss.

        Args:
            loss: the loss of one step, a ``keras.losses.Loss``, its name or its config.
            target_weight: share of the second term, in [0, 1].
            target: what it draws each output to.
            reduction: how losses of samples become one number, as in Keras.
            name: the name of the loss.

        Raises:
            OptionError: for a weight outside of its range, or no such loss.
        """
        super().__init__(name=name, reduction=reduction, **kwargs)
        if not 0 <= target_weight <= 1:
            raise OptionError(f"EachStep: target_weight={target_weight} must be 0 to 1")
        self.loss = _loss(loss)
        self.target_weight, self.target = float(target_weight), float(target)
        self._reduced = _Given(reduction=reduction, dtype=self.dtype)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Reduce the losses of samples, with their weights, as Keras does."""
        values = self.call(y_true, y_pred)
        return self._reduced(ops.zeros_like(values), values, sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample, ``(B,)``, or of each of its places.

        Raises:
            OptionError: for outputs without a time axis.
        """
        y_pred = ops.cast(y_pred, self.dtype)
        rank = len(y_pred.shape)
        if rank < 3:
            raise OptionError(
                f"{self.name}: outputs {tuple(y_pred.shape)} have no steps, and should "
                "be (B, T, *output): take the loss itself, or leave out MeanOverTime"
            )
        y_true = ops.convert_to_tensor(y_true)
        if len(y_true.shape) == rank - 2 and y_pred.shape[-1] == 1:
            y_true = ops.expand_dims(y_true, -1)
        steps = ops.shape(y_pred)[1]
        targets = ops.repeat(y_true, steps, axis=0)
        flat = ops.reshape(y_pred, (-1, *ops.shape(y_pred)[2:]))
        values = self.loss.call(targets, flat)
        values = ops.reshape(values, (-1, steps, *ops.shape(values)[1:]))
        mean = ops.mean(ops.cast(values, self.dtype), 1)
        if not self.target_weight:
            return mean
        drawn = ops.mean(ops.square(y_pred - self.target), (1, rank - 1))
        return (1 - self.target_weight) * mean + self.target_weight * drawn

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "loss": keras.losses.serialize(self.loss),
            "target_weight": self.target_weight,
            "target": self.target,
        }


@keras.saving.register_keras_serializable(package="tfsnn")
class OfMean(keras.metrics.Metric):
    """A metric of the mean over steps of outputs ``(B, T, *output)``."""

    def __init__(
        self,
        metric: keras.metrics.Metric
        | str
        | Mapping[str, Any] = "sparse_categorical_accuracy",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Make the metric.

        Args:
            metric: the metric of outputs ``(B, *output)``: a ``keras.metrics.Metric``,
                its name or its config.
            name: the name under which it is reported; None for the metric's own.
        """
        metric = keras.metrics.get(metric)
        if not isinstance(metric, keras.metrics.Metric):
            metric = keras.metrics.MeanMetricWrapper(metric, metric.__name__)
        super().__init__(name=name or metric.name, **kwargs)
        self.metric = metric

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of outputs ``(B, T, *output)``."""
        mean = ops.mean(ops.cast(y_pred, self.dtype), 1)
        self.metric.update_state(y_true, mean, sample_weight)

    def result(self) -> Any:
        """Return the metric so far."""
        return self.metric.result()

    def reset_state(self) -> None:
        """Begin anew."""
        self.metric.reset_state()

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        serialized = keras.metrics.serialize(self.metric)
        return {**super().get_config(), "metric": serialized}


class _Given(keras.losses.Loss):
    """Losses of samples that are known already, to be reduced."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return what is given."""
        return y_pred


def _loss(given: Any) -> keras.losses.Loss:
    """Return a loss object from one, its name or its config.

    Raises:
        OptionError: for a function, which does not say how it treats samples.
    """
    if isinstance(given, str) and "_" in given:  # the class, not the function
        given = "".join(part.capitalize() for part in given.split("_"))
    loss = keras.losses.get(given)
    if isinstance(loss, keras.losses.Loss):
        return loss
    raise OptionError(
        f"EachStep: the loss {given!r} is no keras.losses.Loss: give one, such as "
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
    )
