"""Training for few steps: Ding, Yu, Tian, Huang, IJCAI 2021, arXiv 2105.11654.

"Optimal ANN-SNN conversion for fast and accurate inference in deep spiking neural
networks". First a network of :class:`tfsnn.layers.RateNorm` is trained as any other.
In the second stage its weights and maxima are frozen. Trained is one scale s of all
layers, which lowers the bounds of their rates, so that these are larger and spikes tell
them sooner. With the logits y, those of the first stage y0, the number n of rate norm
layers plus one, and Omega as in :mod:`tfsnn.layers.rate_norm`::

    loss = 1 - mean cos(y0, y) + weight / n * (sum of Omega(rates) + Omega(y+))
    y+ = relu(y) / max(y)

Departs from the authors' code as their paper says: there y0 is of the same network with
the same scale, so that the distance is 0 and has no gradient.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from tfsnn.errors import ModelError, OptionError
from tfsnn.layers.rate_norm import RateNorm, rate_omega
from tfsnn.network.nodes import Readout
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model
from tfsnn.training.swap import swapped

RATE, MOMENTUM = 0.05, 0.9


def rate_normed(model: keras.Model, average_pooling: bool = False) -> keras.Model:
    """Return a copy of a network with RateNorm layers in place of its ReLUs.

    Train it by ``fit``: this is the first stage. Weights are copied, but the copy
    computes another function, as its activations are in [0, 1].

    Args:
        model: a Functional or Sequential network.
        average_pooling: whether to swap max pooling for average pooling too, as the
            authors do.

    Raises:
        ModelError: if the network is of another kind, is not built, or has no ReLU.
    """
    return swapped(
        model,
        lambda name: RateNorm(name=f"{name}_rate"),
        _averaging if average_pooling else None,
    )


def rate_inference(
    network: keras.Model,
    weight: float = 0.1,
    initial: float = 2.5,
    optimizer: Any = None,
) -> keras.Model:
    """Return a copy of a network, compiled for the second stage of training.

    Train it by ``fit(x, network.predict(x))`` with the callback
    :class:`tfsnn.training.RateTolerance`. Trained is only the scale that all of its
    RateNorm layers share.

    Args:
        network: the trained first stage, with logits as its output.
        weight: weight of the mean Omega in the loss, > 0.
        initial: the scale s before training: bounds are sigmoid(s) of the maxima.
        optimizer: as of ``compile``; stochastic gradient descent of learning rate 0.05
            and momentum 0.9 if None.

    Raises:
        ModelError: if the network has no RateNorm layer, several outputs, or a head
            such as softmax behind its logits.
        UnsupportedError: if it has layers that could not be converted.
        OptionError: for a weight that is not positive.
    """
    if not weight > 0:
        raise OptionError(f"rate_inference: weight={weight!r} must be positive")
    _check_logits(network)
    old = rate_norms(network)
    if not old:
        raise ModelError(
            f"{network.name} has no RateNorm layer: make it with "
            "tfsnn.training.rate_normed and train it first"
        )
    part = weight / (len(old) + 1)
    share = keras.Variable(initial, dtype="float32", name="scale")
    changed = {"momentum": 0.0, "penalty": part, "trainable": True}

    def sharing(layer: Any) -> RateNorm | None:
        if isinstance(layer, RateNorm):
            return RateNorm(**(layer.get_config() | changed), share=share)
        return None

    copy = swapped(network, None, sharing)
    for ours, theirs in zip(rate_norms(copy), old, strict=True):
        ours.maximum.assign(theirs.maximum)
    for layer in _parts(copy):
        layer.trainable = isinstance(layer, RateNorm)
    copy.compile(optimizer or keras.optimizers.SGD(RATE, MOMENTUM), LogitDistance(part))
    return copy


def rate_norms(network: keras.Model) -> list[RateNorm]:
    """Return the RateNorm layers of a network and of those inside it, each once."""
    return [layer for layer in _parts(network) if isinstance(layer, RateNorm)]


@keras.saving.register_keras_serializable(package="tfsnn")
class LogitDistance(keras.losses.Loss):
    """The part of the rate-inference loss that depends on the logits y.

    It is 1 - cos(y0, y) of each sample, plus `penalty` times Omega(y+) of the batch.
    """

    def __init__(
        self, penalty: float = 0.0, name: str = "logit_distance", **kwargs: Any
    ) -> None:
        """Make a loss; `penalty` is the weight of Omega of the logits, >= 0."""
        super().__init__(name=name, **kwargs)
        self.penalty = penalty

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample; arguments are logits ``(B, classes)``."""
        cosine = -keras.losses.cosine_similarity(y_true, y_pred)
        return 1.0 - cosine + self.penalty * logit_omega(y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"penalty": self.penalty}


def logit_omega(logits: Any) -> Any:
    """Compute Omega of logits as rates of the largest of the batch: a number."""
    positive = ops.relu(logits)
    return rate_omega(positive / ops.maximum(ops.max(positive), 1e-6))


def _parts(network: Any) -> list[Any]:
    """Return the layers of a network and of those inside it, each once."""
    found: dict[int, Any] = {}
    for layer in network.layers:
        inner = _parts(layer) if isinstance(layer, keras.Model) else [layer]
        found |= {id(each): each for each in inner}
    return list(found.values())


def _averaging(layer: Any) -> keras.layers.Layer | None:
    """Return average pooling in place of max pooling, None for other layers."""
    for pooled in ("MaxPooling", "GlobalMaxPooling"):
        for axes in ("1D", "2D", "3D"):
            if type(layer) is getattr(layers, pooled + axes):
                average = getattr(layers, pooled.replace("Max", "Average") + axes)
                return average.from_config(layer.get_config())
    return None


def _check_logits(network: keras.Model) -> None:
    readouts = simplify(import_model(network)).of_kind(Readout)
    if len(readouts) != 1:
        raise ModelError(
            f"{network.name} has {len(readouts)} outputs: rate inference takes one, "
            "the logits of classes"
        )
    if (head := readouts[0].head) != "linear":
        raise ModelError(
            f"{network.name} ends in {head}, and rate inference takes logits: train "
            "the first stage without it, with a loss of from_logits=True"
        )
