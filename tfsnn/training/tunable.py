"""A converted network that learns: a SpikingModel with gradients, for ``fit``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from tfsnn.errors import ModelError, OptionError
from tfsnn.simulation.feed import float_feed
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.saved import checked_config
from tfsnn.sources.keras_model.structure import arranged_outputs
from tfsnn.surrogates import Surrogate, as_surrogate
from tfsnn.training.distillation import ReadsSamples
from tfsnn.training.from_logits import check_from_logits
from tfsnn.training.gradients import BY_TIME, GRADIENTS, Forward, Way, check_time
from tfsnn_numpy.defaults import SURROGATES

SURROGATE = SURROGATES[0]


@keras.saving.register_keras_serializable(package="tfsnn")
class TunableModel(ReadsSamples, SpikingModel):
    """A spiking network that ``fit`` trains; made by :func:`tunable`.

    Called with ``training=True`` it returns the very outputs of the spiking network,
    with gradients with respect to weights and biases; everything else is that of
    :class:`tfsnn.SpikingModel`. Thresholds are 1 in a spiking network and sit in its
    weights, so they are trained with them.

    Attributes:
        gradient: "rates", "time" or "time_packed" (:mod:`tfsnn.training.gradients`).
        surrogate: the slopes of spikes, for "time".
        each_step: whether the loss reads the outputs after each step, for "time".
        penalties: functions of the mean values that the populations send, ``(B,
            *units)`` by name; what each returns is added to the loss.
    """

    def __init__(
        self,
        *args: Any,
        gradient: str = "rates",
        surrogate: Surrogate | str | Mapping[str, Any] = SURROGATE,
        each_step: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make the model of a spiking graph, as a SpikingModel is made.

        Args:
            args: those of :class:`tfsnn.SpikingModel`.
            gradient: "rates", "time" or "time_packed".
            surrogate: the slopes of spikes, by name, config or object, for "time".
            each_step: whether the loss reads the outputs after each step, ``(B, T,
                *shape)``; for "time" only.
            kwargs: those of :class:`tfsnn.SpikingModel`.

        Raises:
            ModelError: for a network of integers.
            OptionError: for another gradient, an unknown surrogate, or outputs of each
                step by rates.
        """
        if gradient not in GRADIENTS:
            raise OptionError(
                f"gradient={gradient!r} is not known: take one of "
                f"{', '.join(map(repr, GRADIENTS))}"
            )
        if each_step and gradient not in BY_TIME:
            raise OptionError(
                f"each_step=True needs the outputs of each step, and gradient="
                f"{gradient!r} has those of the end alone: take gradient='time'"
            )
        super().__init__(*args, **{**kwargs, "trainable": True})
        if self.report.integers is not None:
            raise ModelError(
                f"{self.name} is made of integers ({self.report.precision}), which "
                "gradients would leave: tune the network converted with -o precision "
                "float32, or train the ANN further and convert it again"
            )
        if gradient in BY_TIME:
            check_time(self._structure)
        self.gradient = gradient
        self.surrogate = as_surrogate(surrogate)
        self.each_step = each_step
        self.penalties: list[Callable[[dict[str, Any]], Any]] = []
        self._last: Forward | None = None  # while a training step is traced

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Simulate ``(B, *input shape)``; in training the outputs have gradients."""
        if not training:
            return super().call(inputs)
        feed = float_feed(self._structure, inputs)
        way = Way(
            self.timesteps,
            self.chunk_for(next(iter(feed.values())).shape[0]),
            self.surrogate,
            self.each_step,
            bool(self.penalties),
            bool(self.jit_compile),
        )
        self._last = GRADIENTS[self.gradient](self.graph, feed, way)
        for penalty in self.penalties:
            self.add_loss(penalty(self._last.means))
        return arranged_outputs(self.output_keys, self._last.outputs)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile as a spiking network is, with a loss that takes what heads give.

        Raises:
            OptionError: for a cross entropy of logits against a softmax or sigmoid
                head, and of probabilities against no head.
        """
        loss = kwargs.get("loss", args[1] if len(args) > 1 else None)
        check_from_logits(loss, self.outputs_known)
        super().compile(*args, **kwargs)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Compute the loss as Keras does, of each step's outputs if that is asked."""
        if training and self.each_step and self._last is not None:
            y_pred = arranged_outputs(self.output_keys, self._last.each_step)
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compile_from_config(self, config: Any) -> None:
        """Compile a loaded model, so that ``fit`` goes on where it was saved."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def spiking_model(self) -> SpikingModel:
        """Return the network as it is now, no longer trainable, for service."""
        return SpikingModel(
            self.graph,
            self.timesteps,
            self.report,
            self.output_keys,
            self.chunk,
            self.early_exit,
            name=self.name,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the structure as JSON; the weights are saved beside it."""
        return {
            **super().get_config(),
            "gradient": self.gradient,
            "surrogate": self.surrogate.get_config(),
            "each_step": self.each_step,
        }

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> TunableModel:
        """Make a model from its :meth:`get_config`; weights are not loaded."""
        rest = dict(config)
        names = ("gradient", "surrogate", "each_step")
        own = {name: rest.pop(name) for name in names if name in rest}
        try:
            return cls(**checked_config(rest), **own)
        except OptionError as error:
            raise ModelError(
                f"the config of this spiking network is damaged: {error}; train it "
                "again, or copy the file again"
            ) from error


def tunable(
    snn: SpikingModel,
    gradient: str = "rates",
    *,
    surrogate: Surrogate | str | Mapping[str, Any] = SURROGATE,
    each_step: bool = False,
) -> TunableModel:
    """Return a copy of a spiking network that Keras' own ``fit`` trains.

    ::

        net = tfsnn.training.tunable(snn)
        net.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        net.fit(x, y, epochs=2)
        net.save("tuned.keras")

    Args:
        snn: the network, of any method; it stays as it is.
        gradient: "rates", whose memory does not grow with T; "time", which is
            backpropagation through the simulation; or "time_packed", the same gradient
            bit for bit in a fraction of the memory, for about 1.5 times the time.
        surrogate: the slopes of spikes (:mod:`tfsnn.surrogates`), for "time".
        each_step: whether the loss reads the outputs after each step, ``(B, T,
            *shape)``, as that of :class:`tfsnn.training.EachStep` does; for "time".

    Raises:
        OptionError: for another gradient, an unknown surrogate, or outputs of each
            step by rates.
    """
    return TunableModel(
        snn.graph,
        snn.timesteps,
        snn.report,
        snn.output_keys,
        snn.chunk,
        snn.early_exit,
        name=snn.name,
        gradient=gradient,
        surrogate=surrogate,
        each_step=each_step,
    )
