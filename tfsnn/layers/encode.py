"""Input encoders, which turn values ``(B, *shape)`` into ``(B, T, *shape)``."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn_numpy.checks import check_count


class _Encoder(keras.layers.Layer):
    """The base of all encoders, which holds the number of steps."""

    def __init__(self, timesteps: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.timesteps = check_count("timesteps", timesteps)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape with time inserted behind the batch."""
        return (input_shape[0], self.timesteps, *input_shape[1:])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "timesteps": self.timesteps}

    def _repeated(self, inputs: Any) -> Any:
        return tf.repeat(tf.expand_dims(inputs, 1), self.timesteps, 1)

    def _steps(self, inputs: Any) -> Any:
        """Return the steps 1 to T along axis 1, in float32, to broadcast."""
        steps = tf.range(1.0, self.timesteps + 1.0)
        return tf.reshape(steps, (1, -1) + (1,) * (len(inputs.shape) - 1))


@keras.saving.register_keras_serializable(package="tfsnn")
class ConstantCurrent(_Encoder):
    """An encoder that gives the value itself in each step: direct, or analog, input."""

    def call(self, inputs: Any) -> Any:
        """Encode values ``(B, *shape)`` as a sequence ``(B, T, *shape)``."""
        return self._repeated(inputs)


@keras.saving.register_keras_serializable(package="tfsnn")
class DeterministicRate(_Encoder):
    """An encoder to evenly spaced spikes: round(t * x) by step t, for x in [0, 1].

    Spike(t) = floor(t x + 1/2) - floor((t - 1) x + 1/2), which is 0 or 1.
    """

    def call(self, inputs: Any) -> Any:
        """Encode values ``(B, *shape)`` as a sequence ``(B, T, *shape)``."""
        x = tf.expand_dims(tf.cast(inputs, tf.float32), 1)
        steps = self._steps(inputs)
        spikes = tf.floor(steps * x + 0.5) - tf.floor((steps - 1.0) * x + 0.5)
        return tf.cast(spikes, self.compute_dtype)


@keras.saving.register_keras_serializable(package="tfsnn")
class BernoulliRate(_Encoder):
    """An encoder that spikes with probability x in each step, for x in [0, 1].

    The random numbers depend on `seed` and the position in the batch alone (they are
    stateless, so XLA draws the same): equal calls give equal spikes.
    """

    def __init__(self, timesteps: int, seed: int = 0, **kwargs: Any) -> None:
        """Make an encoder of T steps.

        Args:
            timesteps: number of steps, T.
            seed: seed of the random numbers.
        """
        super().__init__(timesteps, **kwargs)
        self.seed = seed

    def call(self, inputs: Any) -> Any:
        """Encode values ``(B, *shape)`` as a sequence ``(B, T, *shape)``."""
        x = self._repeated(tf.cast(inputs, tf.float32))
        # Without `alg`, XLA would take another algorithm than TensorFlow.
        drawn = tf.random.stateless_uniform(tf.shape(x), (self.seed, 0), alg="philox")
        return tf.cast(drawn < x, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(package="tfsnn")
class PoissonTrains(_Encoder):
    """An encoder to trains that spike with probability rate * x in each step.

    In training each batch has new trains, or a network learns the noise of those that
    it sees; the number of batches is saved with the model. In inference equal calls
    give equal trains.
    """

    def __init__(
        self, timesteps: int, rate: float = 1 / 5.5, seed: int = 0, **kwargs: Any
    ) -> None:
        """Make an encoder of T steps.

        Args:
            timesteps: number of steps, T.
            rate: probability of a spike per step for the value 1, in (0, 1].
            seed: seed of the random numbers.

        Raises:
            OptionError: for a rate outside of (0, 1].
        """
        super().__init__(timesteps, **kwargs)
        if not 0 < rate <= 1:
            raise OptionError(f"PoissonTrains: rate={rate!r} must be in (0, 1]")
        self.rate, self.seed = rate, seed

    def build(self, input_shape: Any) -> None:
        """Create the count of the batches seen in training."""
        self.batches = self.add_weight(
            (), "zeros", dtype="int32", trainable=False, name="batches"
        )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Encode values ``(B, *shape)`` as trains ``(B, T, *shape)``."""
        drawn = 0
        if training:
            self.batches.assign_add(1)
            drawn = self.batches.value
        chance = tf.expand_dims(tf.cast(inputs, tf.float32) * self.rate, 1)
        shape = tf.shape(chance)
        shape = tf.concat([shape[:1], [self.timesteps], shape[2:]], 0)
        seed = tf.stack([self.seed, drawn])
        drawn = tf.random.stateless_uniform(shape, seed, alg="philox")
        trains = tf.cast(drawn < chance, self.compute_dtype)
        trains.set_shape(self.compute_output_shape(inputs.shape))
        return trains

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
