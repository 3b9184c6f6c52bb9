"""Copies of Keras networks with other layers in place of their ReLUs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import activations, layers

from tfsnn.errors import ModelError

Make = Callable[["Found"], keras.layers.Layer]
Replace = Callable[[Any], keras.layers.Layer | None]
RELUS = (activations.relu, activations.relu6)
OPERATIONS = ("Relu", "Relu6")  # of keras.ops


class Found(str):
    """The name of the layer that a ReLU is, or is the activation of.

    Attributes:
        bound: the ReLU's upper bound; None where it has none.
    """

    bound: float | None = None

    @classmethod
    def at(cls, layer: Any, relu: Any) -> Found:
        """Return the name of a layer, and the bound of its ReLU."""
        found = cls(layer.name)
        six = relu is activations.relu6 or type(relu).__name__ == "Relu6"
        bound = 6.0 if six else getattr(relu, "max_value", None)
        found.bound = None if bound is None else float(bound)
        return found


def swapped(
    model: keras.Model, make: Make | None, replace: Replace | None = None
) -> Any:
    """Return a copy of a network with other layers in place of its ReLUs.

    A ReLU is one whether it is a layer, the activation of a layer or an operation, with
    an upper bound or without. Weights are copied, what the network was compiled with is
    not; it stays as it is. Where a layer is used several times, so is the one behind.

    Args:
        model: a Functional or Sequential network; networks inside it are copied alike.
        make: returns the layer in place of a ReLU. It is given the name of the layer
            that the ReLU is, or is the activation of, with the bound of the ReLU. None
            to leave ReLUs as they are.
        replace: returns another layer in place of one that is no ReLU, or None to copy
            it. That layer's weights are not copied.

    Raises:
        ModelError: if the network is of another kind, is not built, or has no ReLU.
    """
    swap = _Swap(make, replace)
    copy = swap.copy(model)
    if make is not None and not swap.found:
        raise ModelError(
            f"{model.name} has no ReLU that could be swapped: give a network with ReLU "
            "layers, or with activation='relu'"
        )
    return copy


class _Swap:
    """One copy in the making."""

    def __init__(self, make: Make | None, replace: Replace | None) -> None:
        self.make, self.replace = make, replace
        self.behind: dict[int, keras.layers.Layer] = {}
        self.copied: list[tuple[Any, Any]] = []
        self.found = False

    def copy(self, model: Any) -> Any:
        """Return the copy of a network, or of one inside it."""
        name = getattr(model, "name", str(model))
        if not (hasattr(model, "inputs") and model.built and model.inputs):
            raise ModelError(
                f"{name} has no fixed input shape: give a Functional network, or a "
                "Sequential one that begins with keras.Input"
            )
        ends: tuple[Any, Any] = (model.inputs[0], model.outputs[0])
        if not isinstance(model, keras.Sequential):
            ends = model.input, model.output
        model = keras.Model(*ends, name=name)  # not compiled
        copy = keras.models.clone_model(
            model, clone_function=self._layer, call_function=self._called
        )
        for old, new in self.copied:
            if isinstance(old, layers.Layer):
                new.set_weights(old.get_weights())
        self.copied = []
        return copy

    def _layer(self, layer: Any) -> Any:
        """Return what takes the place of a layer or operation."""
        if isinstance(layer, keras.Model):
            outer, self.copied = self.copied, []
            inner = self.copy(layer)
            self.copied = outer
            return inner
        if self.make is not None and _is_relu(layer):
            self.found = True
            return self.make(Found.at(layer, getattr(layer, "activation", layer)))
        if self.replace is not None and (other := self.replace(layer)) is not None:
            return other
        config, behind = layer.get_config(), None
        if self.make is not None and _ends_in_relu(layer):
            self.found = True
            config["activation"] = "linear"
            behind = self.make(Found.at(layer, layer.activation))
        copy = layer.__class__.from_config(config)
        if behind is not None:
            self.behind[id(copy)] = behind
        self.copied.append((layer, copy))
        return copy

    def _called(self, layer: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a layer, and what takes the place of its activation."""
        outputs = layer(*args, **kwargs)
        behind = self.behind.get(id(layer))
        return outputs if behind is None else behind(outputs)


def _is_relu(layer: Any) -> bool:
    if isinstance(layer, layers.ReLU):
        return not layer.negative_slope and not layer.threshold
    if isinstance(layer, layers.Activation):
        return layer.activation in RELUS or _ends_in_relu(layer)
    return not isinstance(layer, layers.Layer) and type(layer).__name__ in OPERATIONS


def _ends_in_relu(layer: Any) -> bool:
    """Tell whether a layer's activation is a ReLU of all that it returns."""
    recurrent = isinstance(layer, layers.RNN) or hasattr(layer, "recurrent_activation")
    own = getattr(layer, "activation", None)
    return not recurrent and (
        own in RELUS or (isinstance(own, layers.ReLU) and _is_relu(own))
    )
