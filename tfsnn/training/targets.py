"""What an output is to learn: its logits, and the losses of labels and of a teacher."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import tensorflow as tf

from tfsnn_numpy.tasks import Output
from tfsnn_numpy.tasks.output import SCORES
from tfsnn_numpy.tasks.places import IGNORED

SMALLEST = 1e-30  # a probability whose logarithm has a gradient still
SIGMOID = "sigmoid"


class Target(ABC):
    """A kind of output, as far as learning is concerned.

    All functions take values ``(B, ...)`` and return one loss for each sample.

    Attributes:
        labelled: whether labels can be learnt.
    """

    labelled: ClassVar[bool] = True

    @abstractmethod
    def of_labels(self, z: Any, y: Any) -> Any:
        """Return the loss of logits against labels, ``(B,)``."""

    @abstractmethod
    def of_teacher(self, z: Any, v: Any, temperature: float) -> Any:
        """Return the loss of logits against those of a teacher, ``(B,)``."""

    def logits(self, head: str, values: Any) -> Any:
        """Return what is behind a head, up to what the losses do not see."""
        return values


class Classes(Target):
    """Scores of classes that exclude each other, along the last axis."""

    def of_labels(self, z: Any, y: Any) -> Any:
        """Return the cross entropy; places whose label does not count are left out."""
        if y.dtype.is_floating and y.shape.rank == z.shape.rank:  # one-hot, or shares
            found = tf.nn.softmax_cross_entropy_with_logits(y, z)
            return _mean(found)
        classes = z.shape[-1]
        if y.shape.rank == z.shape.rank and y.shape[-1] == classes:
            y = tf.argmax(y, -1)
        y = tf.cast(tf.reshape(y, tf.shape(z)[:-1]), tf.int32)
        counts = (y >= 0) & (y < classes) & ((y != IGNORED) | (z.shape.rank == 2))
        found = tf.nn.sparse_softmax_cross_entropy_with_logits(
            tf.where(counts, y, 0), z
        )
        counted = tf.cast(counts, found.dtype)
        if z.shape.rank == 2:
            return found * counted
        return _sum(found * counted) / tf.maximum(_sum(counted), 1.0)

    def of_teacher(self, z: Any, v: Any, temperature: float) -> Any:
        """Return t^2 times the Kullback-Leibler divergence at temperature t."""
        ours = tf.nn.log_softmax(z / temperature)
        theirs = tf.nn.log_softmax(v / temperature)
        divergence = tf.reduce_sum(tf.exp(theirs) * (theirs - ours), -1)
        return temperature**2 * _mean(divergence)

    def logits(self, head: str, values: Any) -> Any:
        """Return the logarithm of a softmax, which is the logits but for a constant."""
        if head == "softmax":
            return tf.math.log(values + SMALLEST)
        return values


class YesOrNo(Target):
    """Outputs that say yes or no, each for itself."""

    def of_labels(self, z: Any, y: Any) -> Any:
        """Return the binary cross entropy, without places of 255 or below 0."""
        y = tf.cast(tf.reshape(y, tf.shape(z)), z.dtype)
        counted = tf.cast((y >= 0) & (y <= 1), z.dtype)
        found = tf.nn.sigmoid_cross_entropy_with_logits(y * counted, z)
        return _sum(found * counted) / tf.maximum(_sum(counted), 1.0)

    def of_teacher(self, z: Any, v: Any, temperature: float) -> Any:
        """Return t^2 times the divergence of the two answers at temperature t."""
        p = tf.sigmoid(v / temperature)
        against = tf.nn.sigmoid_cross_entropy_with_logits(p, z / temperature)
        own = tf.nn.sigmoid_cross_entropy_with_logits(p, v / temperature)
        return temperature**2 * _mean(against - own)

    def logits(self, head: str, values: Any) -> Any:
        """Return the logits of a sigmoid."""
        if head == SIGMOID:
            return tf.math.log(values + SMALLEST) - tf.math.log1p(
                -tf.minimum(values, 1 - 2.0**-23)
            )
        return values


class Numbers(Target):
    """Outputs that are numbers; the error is the mean square."""

    def of_labels(self, z: Any, y: Any) -> Any:
        """Return the mean squared error."""
        return _mean(tf.square(z - tf.cast(tf.reshape(y, tf.shape(z)), z.dtype)))

    def of_teacher(self, z: Any, v: Any, temperature: float) -> Any:
        """Return the mean squared error to the teacher."""
        return _mean(tf.square(z - v))


class Vectors(Numbers):
    """Embeddings, whose labels say only which samples are of one kind."""

    labelled = False


_OF_TASK: dict[str, type[Target]] = {
    "classification": Classes,
    "binary": YesOrNo,
    "multilabel": YesOrNo,
    "places": Classes,
    "embedding": Vectors,
}


def kind_of(output: Output, label: Any = None, task: str | None = None) -> Target:
    """Return the kind of an output: by its task, or by its head and its labels.

    Args:
        output: the output.
        label: its labels, a tensor, or None.
        task: the name of its task; None if that is not known.
    """
    if task == "places" and output.shape[-1] == 1:
        kind: type[Target] = YesOrNo
    elif task is not None:
        kind = _OF_TASK.get(task, Numbers)
    elif output.head in SCORES:
        kind = Classes
    elif output.head in (SIGMOID, "hard_sigmoid"):
        kind = YesOrNo
    elif output.size > 1 and (label is None or not label.dtype.is_floating):
        kind = Classes
    else:
        kind = Numbers
    if (
        kind is YesOrNo and output.head == "hard_sigmoid"
    ) or output.head == "sparsemax":
        return Numbers()  # values whose logits are lost at both ends
    return kind()


def logits(kind: Target, output: Output, values: Any) -> Any:
    """Return the logits of an output's values, as the losses of its kind take them."""
    return kind.logits(output.head, values)


def _mean(values: Any) -> Any:
    """Return the mean of each sample, ``(B,)``."""
    return tf.reduce_mean(values, tuple(range(1, values.shape.rank)))


def _sum(values: Any) -> Any:
    return tf.reduce_sum(values, tuple(range(1, values.shape.rank)))
