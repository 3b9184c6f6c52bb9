"""The activation of QCFS: Bu, Fang, Ding, Dai, Yu, Huang, ICLR 2022, arXiv 2303.04347.

"Optimal ANN-SNN conversion for high-accuracy and ultra-low-latency spiking neural
networks": quantisation, clip, floor, shift. With L levels and a trainable λ::

    a = λ clip(floor(z L / λ + 1/2) / L, 0, 1)

    da/dz = 1           da/dλ = (a - z) / λ     for -λ / 2L <= z < λ - λ / 2L
    da/dz = 0           da/dλ = 0 or 1          below and above that

The gradients are straight-through: that of the floor is taken to be 1.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from tfsnn.errors import OptionError
from tfsnn_numpy.checks import check_count


@keras.saving.register_keras_serializable(package="tfsnn")
class QCFS(keras.layers.Layer):
    """A ReLU that is clipped at λ and rounded to L levels, as spikes round it.

    The layer takes the place of every ReLU in a network that is trained to be converted
    with the method "qcfs". λ is the weight ``threshold``, which becomes the neurons'
    threshold.
    """

    def __init__(
        self,
        levels: int = 4,
        initial: float = 8.0,
        per_channel: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make an activation with L levels and a trainable λ.

        Args:
            levels: number of levels above 0, L >= 1.
            initial: λ before training, > 0.
            per_channel: whether each channel, the last axis, has a λ of its own.

        Raises:
            OptionError: for a value outside of these ranges.
        """
        super().__init__(**kwargs)
        check_count("QCFS: levels", levels)
        if not 0 < initial < math.inf:
            raise OptionError(f"QCFS: initial={initial!r} must be a positive number")
        self.levels, self.initial, self.per_channel = levels, initial, per_channel

    def build(self, input_shape: Any) -> None:
        """Create the weight λ.

        Raises:
            OptionError: if λ is per channel and the inputs have no fixed number of
                channels.
        """
        shape: tuple[int, ...] = ()
        if self.per_channel:
            if len(input_shape) < 2 or input_shape[-1] is None:
                raise OptionError(
                    f"{self.name}: inputs {tuple(input_shape)} have no fixed number of "
                    "channels behind the batch: give them one, or per_channel=False"
                )
            shape = (input_shape[-1],)
        self.threshold = self.add_weight(
            shape,
            keras.initializers.Constant(self.initial),
            name="threshold",
            autocast=False,
        )

    def call(self, inputs: Any) -> Any:
        """Clip and round ``(B, *shape)``; the shape stays the same."""
        z = ops.cast(inputs, self.threshold.dtype)
        threshold = ops.convert_to_tensor(self.threshold)
        steps = z * self.levels / threshold + 0.5
        share = ops.stop_gradient(
            ops.clip(ops.floor(steps), 0.0, self.levels) / self.levels
        )
        inside = ops.logical_and(steps >= 0, steps < self.levels)
        passed = ops.where(inside, z / threshold, 0.0)
        # `line` is 0 but has the gradient of the line that the steps follow.
        line = passed - ops.stop_gradient(passed)
        return ops.cast(threshold * (share + line), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, which stays the same."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("levels", "initial", "per_channel")
        return super().get_config() | {name: getattr(self, name) for name in names}
