"""Distillation: the outputs of the ANN are the targets, beside labels or without.

G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015,
arXiv 1503.02531. With the logits z of the network and v of the teacher at temperature
t, the loss of a sample is ::

    L(labels, z) + weight * t^2 * KL(softmax(v / t) || softmax(z / t))

Outputs that say yes or no have the same of a sigmoid, and those that are numbers the
mean squared error to the teacher's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfsnn.errors import ModelError, OptionError
from tfsnn.simulation.engines import Engine, as_engine
from tfsnn.training.targets import Target, kind_of, logits
from tfsnn_numpy.tasks import Output


@keras.saving.register_keras_serializable(package="tfsnn")
class Distillation(keras.losses.Loss):
    """The loss of a spiking network that learns from its ANN, and from labels.

    ::

        net = tfsnn.training.tunable(snn)
        net.compile(optimizer, tfsnn.training.Distillation(ann), metrics=["accuracy"])
        net.fit(x, y)  # or net.fit(x)

    Softmax and sigmoid heads are seen through, so that the loss is that of logits. A
    loaded network has the loss without the ANN, which is not saved: compile again.

    Attributes:
        temperature: t; the larger, the more of the smaller logits is learnt.
        weight: how much the teacher counts beside the labels.
        tasks: what the outputs answer, by name; found where it is not given.
    """

    def __init__(
        self,
        ann: Any = None,
        temperature: float = 2.0,
        weight: float = 1.0,
        *,
        tasks: Mapping[str, str] | None = None,
        name: str = "distillation",
    ) -> None:
        """Take the teacher.

        Args:
            ann: the network that was converted, a Keras model; or a better one of the
                same outputs. None for the loss of labels alone.
            temperature: t, above 0.
            weight: of the teacher, 0 or more.
            tasks: what outputs answer, a task's name by output.
            name: of the loss.

        Raises:
            OptionError: for an impossible temperature or weight.
            ModelError: for a teacher that TensorFlow cannot compute.
        """
        super().__init__(name=name)
        if not temperature > 0:
            raise OptionError(f"temperature={temperature}: give a number above 0")
        if not weight >= 0:
            raise OptionError(f"weight={weight}: give 0 or more")
        self.temperature, self.weight = float(temperature), float(weight)
        self.tasks = dict(tasks or {})
        engine = None if ann is None else as_engine(ann)
        if engine is not None and not engine.traceable:
            raise ModelError(
                f"{engine.name} runs outside of TensorFlow, so it cannot teach inside "
                "of fit: give a Keras model"
            )
        self._teacher: Any = None if engine is None else _held(engine)

    @property
    def teacher(self) -> Engine | None:
        """The engine of the ANN; None without one."""
        return None if self._teacher is None else self._teacher()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Refuse models that do not hand over their samples.

        Raises:
            ModelError: always.
        """
        raise ModelError(
            "Distillation needs the samples, from which the ANN computes its outputs: "
            "it is the loss of a network from tfsnn.training.tunable"
        )

    def of_batch(
        self, network: Engine, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> Any:
        """Return the mean loss of a batch.

        Args:
            network: the engine of the network that learns.
            x: the samples, as its ``fit`` has them.
            y: labels: of one output an array, of several a list or a dict; or None.
            y_pred: the outputs, ``(B, ...)``, or of each step ``(B, T, ...)``.
            sample_weight: ``(B,)``, or None.

        Raises:
            OptionError: without labels and without a teacher.
        """
        outputs = network.outputs
        names = [output.name for output in outputs]
        predictions, labels = _by_output(y_pred, names), _by_output(y, names)
        teachers = self._taught(network, x, len(outputs))
        losses = []
        for output, predicted, label, taught in zip(
            outputs, predictions, labels, teachers, strict=True
        ):
            kind = kind_of(output, label, self.tasks.get(output.name))
            losses += self._terms(kind, output, predicted, label, taught)
        if not losses:
            raise OptionError(
                "there are neither labels nor a teacher to learn from: give labels, or "
                "the ANN as in Distillation(ann)"
            )
        total = tf.add_n(losses)  # (B,)
        if sample_weight is not None:
            total *= tf.cast(tf.reshape(sample_weight, (-1,)), total.dtype)
        return tf.reduce_mean(total)

    def _terms(
        self, kind: Target, output: Output, predicted: Any, label: Any, taught: Any
    ) -> list[Any]:
        """Return the terms of one output, ``(B,)`` each."""
        steps, rank = None, len(output.shape)
        if len(predicted.shape) == rank + 2:  # (B, T, ...): the loss of each step
            steps = tf.shape(predicted)[1]
            predicted = tf.reshape(predicted, (-1, *output.shape))
        z = logits(kind, output, predicted)

        def over_time(values: Any) -> Any:
            return values if steps is None else tf.repeat(values, steps, 0)

        terms = []
        if label is not None and kind.labelled:
            terms.append(kind.of_labels(z, over_time(label)))
        if taught is not None and self.weight:
            v = logits(kind, *taught)
            against = kind.of_teacher(z, over_time(v), self.temperature)
            terms.append(self.weight * against)
        if steps is not None:
            terms = [tf.reduce_mean(tf.reshape(t, (-1, steps)), 1) for t in terms]
        return terms

    def _taught(self, network: Engine, x: Any, count: int) -> Sequence[Any]:
        """Return what the teacher says of each output, and its values; or None."""
        teacher = self.teacher
        if teacher is None or not self.weight:
            return [None] * count
        parts = tf.nest.flatten(_in_order(x, list(network.inputs)))
        parts = [tf.cast(part, tf.float32) for part in parts]
        named = dict(zip(teacher.inputs, parts, strict=True))
        feed = named if len(named) > 1 else parts[0]
        values = [tf.stop_gradient(v) for v in teacher.run(feed).outputs]
        if len(values) != count:
            raise ModelError(
                f"{teacher.name} has {len(values)} outputs, the network that learns "
                f"{count}: give the ANN that it was converted from"
            )
        return list(zip(teacher.outputs, values, strict=True))

    def get_config(self) -> dict[str, Any]:
        """Return the settings; the teacher is not among them."""
        return {
            "temperature": self.temperature,
            "weight": self.weight,
            "tasks": self.tasks,
            "name": self.name,
        }


class ReadsSamples:
    """A mixin of Keras models whose loss may be a :class:`Distillation`."""

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Compute the loss as Keras does, or that of a teacher on the same samples."""
        model: Any = self
        if not isinstance(model.loss, Distillation):
            own: Any = super()
            return own.compute_loss(x, y, y_pred, sample_weight, training)
        _refuse_shared(model, model.loss.teacher)
        engine = as_engine(model)
        loss = model.loss.of_batch(engine, x, y, y_pred, sample_weight)
        return tf.add_n([loss, *model.losses])


def _refuse_shared(model: Any, teacher: Engine | None) -> None:
    """Refuse a teacher that would change with the network that learns from it.

    Raises:
        ModelError: if they share weights.
    """
    own = {id(v) for v in model.trainable_variables}
    theirs = getattr(getattr(teacher, "model", None), "variables", ())
    shared = [v.path for v in theirs if id(v) in own]
    if shared:
        raise ModelError(
            f"{model.name} shares {', '.join(shared[:3])} with its teacher, which has "
            "to stay as it is: give a copy of the ANN, as loaded from its file again"
        )


def _held(engine: Engine) -> Any:
    """Return a function of the engine: Keras looks into objects, and would save it."""
    return lambda: engine


def _in_order(x: Any, names: Sequence[str]) -> Any:
    return [x[name] for name in names] if isinstance(x, Mapping) else x


def _by_output(y: Any, names: Sequence[str]) -> list[Any]:
    if y is None:
        return [None] * len(names)
    if isinstance(y, Mapping):
        return [y.get(name) for name in names]
    found = list(y) if isinstance(y, list | tuple) else [y]
    return [*found, *[None] * (len(names) - len(found))]
