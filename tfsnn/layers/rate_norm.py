"""The rate norm layer: Ding, Yu, Tian, Huang, IJCAI 2021, arXiv 2105.11654.

"Optimal ANN-SNN conversion for fast and accurate inference in deep spiking neural
networks". For the inputs z of a batch, with a running maximum m and a scale s::

    m <- (1 - momentum) m + momentum max(relu(z))     in training, without gradient
    p = sigmoid(s)     theta = p m + 1e-6     a = min(relu(z) / theta, 1)

    da/dz = 1 / theta     da/ds = -(a / theta) p (1 - p) m     for 0 < z < theta
    da/dz = 0             da/ds = 0                            elsewhere

So outputs are rates, in [0, 1], and the next layer is trained on rates: neurons that
stand for the layer have the threshold theta, and spikes of size 1.

The rate-inference measure of rates, which the second stage of training lowers, is::

    Omega(a) = sum a / (sum a^2 + 1e-5)               both sums over the whole batch

For a constant input a, integrate-and-fire neurons send r(t) = floor(t a) / t, so their
error is at most a and at most 1 / t, its square at most a / t, and::

    K(t) = sum (r(t) - a)^2 / sum a^2 <= Omega / t

The smaller Omega, the fewer steps a layer needs.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfsnn.errors import OptionError

LEAST = 1e-6  # of theta, which divides
LEAST_SQUARES = 1e-5  # of Omega, in the authors' code


def rate_omega(rates: Any) -> Any:
    """Compute Omega of the rates of a batch, a tensor of any shape: a number."""
    rates = ops.cast(rates, "float32")
    return ops.sum(rates) / (ops.sum(rates * rates) + LEAST_SQUARES)


@keras.saving.register_keras_serializable(package="tfsnn")
class RateNorm(keras.layers.Layer):
    """A ReLU that is clipped at its largest value and divided by it: rates in [0, 1].

    The layer takes the place of every ReLU in a network that is trained to be
    converted. The largest value is `maximum`, m, a running mean of the largest values
    of batches; `scale`, s, lowers the bound below it. A layer that is not trainable
    keeps m, as batch normalisation keeps its mean.
    """

    def __init__(
        self,
        momentum: float = 0.1,
        initial: float = 10.0,
        train_scale: bool = False,
        penalty: float = 0.0,
        share: keras.Variable | None = None,
        **kwargs: Any,
    ) -> None:
        """Make an activation with a running maximum and a scale.

        Args:
            momentum: weight of a batch's maximum in m, in [0, 1]; 0 keeps m.
            initial: s before training; 10 has the bound within 0.005 % of m.
            train_scale: whether s is trained, as a shared one is; not in the first
                stage.
            penalty: weight of Omega of the outputs, >= 0, which is added to the loss.
            share: s, a variable of several layers. That they share it is not saved: a
                layer that is loaded has a variable of its own, of the same value.

        Raises:
            OptionError: for a value outside of these ranges.
        """
        super().__init__(**kwargs)
        if not 0 <= momentum <= 1:
            raise OptionError(f"RateNorm: momentum={momentum!r} must be in [0, 1]")
        if not penalty >= 0:
            raise OptionError(f"RateNorm: penalty={penalty!r} must be 0 or more")
        self.momentum, self.initial, self.penalty = momentum, initial, penalty
        self.train_scale = train_scale or share is not None
        self.scale: Any = share

    def build(self, input_shape: Any) -> None:
        """Create the weights m and, where none is shared, s."""
        self.maximum = self.add_weight(
            (), "ones", name="maximum", trainable=False, autocast=False
        )
        if self.scale is None:
            self.scale = self.add_weight(
                (),
                keras.initializers.Constant(self.initial),
                name="scale",
                trainable=self.train_scale,
                autocast=False,
            )

    @property
    def bound(self) -> Any:
        """The largest input that is told from larger ones, theta: a tensor."""
        share = ops.sigmoid(ops.convert_to_tensor(self.scale))
        return share * ops.convert_to_tensor(self.maximum) + LEAST

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Clip and divide ``(B, *shape)``; the shape stays the same."""
        z = ops.relu(ops.cast(inputs, "float32"))
        if training and self.trainable and self.momentum:
            largest = ops.stop_gradient(ops.max(z))
            kept = (1.0 - self.momentum) * self.maximum
            self.maximum.assign(kept + self.momentum * largest)
        rates = ops.minimum(z / self.bound, 1.0)
        if self.penalty:
            self.add_loss(self.penalty * rate_omega(rates))
        return ops.cast(rates, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, which stays the same."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, but for a shared variable."""
        names = ("momentum", "initial", "train_scale", "penalty")
        return super().get_config() | {name: getattr(self, name) for name in names}
