"""Registries of handlers, which translate Keras layers and operations into nodes.

A handler for a custom layer::

    @tfsnn.handles(MyScale)
    def my_scale(layer, inputs, builder):
        (x,) = inputs
        gain = np.asarray(layer.gain)
        return builder.add(Affine, (x,), builder.shape(x), gain=gain)

The handler gets the layer, the names of the nodes that the layer reads and the builder
of the graph; it returns the name of the node that holds the layer's output. Arguments
that it cannot honour are data in the decorator (`only`), so that every refusal reads
the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import keras

from tfsnn.sources.handlers.builder import Builder, Unsupported

Handler = Callable[[Any, Sequence[str], Builder], str | list[str]]
H = TypeVar("H", bound=Callable[..., str | list[str]])


@dataclass(frozen=True)
class Registration:
    """A registered handler, with the values of arguments that it can honour."""

    handler: Handler
    only: Mapping[str, tuple[Any, ...]]


_REGISTRY: dict[type, Registration] = {}


def handles(
    *layer_classes: type, only: Mapping[str, tuple[Any, ...]] | None = None
) -> Callable[[H], H]:
    """Register a handler for exactly these layer classes, not for their subclasses.

    A subclass may compute something else, so it needs a handler of its own.

    Args:
        layer_classes: Keras layer classes.
        only: by name of a layer's argument, the values that the handler can honour.

    Raises:
        ValueError: if one of the classes has a handler already.
    """

    def register(handler: H) -> H:
        for layer_class in layer_classes:
            if layer_class in _REGISTRY:
                raise ValueError(
                    f"{layer_class.__name__} has a handler already: a class has one; "
                    "register a subclass instead"
                )
            _REGISTRY[layer_class] = Registration(handler, only or {})
        return handler

    return register


def registered() -> dict[type, Registration]:
    """Return the layer classes that can be converted, with their handlers."""
    return dict(_REGISTRY)


_NAMED: dict[tuple[str, str], Handler] = {}


def handles_named(package: str, *names: str) -> Callable[[H], H]:
    """Register a handler for layer classes of a package that need not be installed.

    Args:
        package: the package that defines the classes, as its modules are called.
        names: the names of the classes.

    Raises:
        ValueError: if one of the classes has a handler already.
    """

    def register(handler: H) -> H:
        for name in names:
            if (package, name) in _NAMED:
                raise ValueError(
                    f"{name} of {package} has a handler already: a class has one; "
                    "register a subclass instead"
                )
            _NAMED[package, name] = handler
        return handler

    return register


def registered_named() -> dict[tuple[str, str], Handler]:
    """Return the handlers of classes by their package and their name."""
    return dict(_NAMED)


def translate_as(
    kind: type,
    layer: Any,
    inputs: Sequence[str],
    builder: Builder,
    **changed: Any,
) -> str:
    """Call the handler of a Keras class for a layer that computes alike.

    Args:
        kind: a class that has a handler.
        layer: a layer with the attributes of that class.
        inputs: the nodes that it reads.
        builder: the graph in the making.
        changed: attributes that take the place of the layer's own.
    """
    (y,) = _translated(_Changed(layer, changed), _REGISTRY[kind], inputs, builder)
    return y


class _Changed:
    """A layer with other values of some attributes."""

    def __init__(self, layer: Any, changed: Mapping[str, Any]) -> None:
        self._layer, self._changed = layer, changed

    def __getattr__(self, name: str) -> Any:
        if name in self._changed:
            return self._changed[name]
        return getattr(self._layer, name)


_OPERATIONS: dict[str, Handler] = {}


def handles_operation(*names: str) -> Callable[[H], H]:
    """Register a handler for operations of ``keras.ops``, by their class names.

    ``x + y`` and ``keras.ops.add(x, y)`` in a Functional model are both "Add". The
    handler finds the arguments of the call, tensors and constants, in the builder.

    Raises:
        ValueError: if one of the operations has a handler already.
    """

    def register(handler: H) -> H:
        for name in names:
            if name in _OPERATIONS:
                raise ValueError(
                    f"{name} has a handler already: an operation has one; leave "
                    "yours out"
                )
            _OPERATIONS[name] = handler
        return handler

    return register


def registered_operations() -> dict[str, Handler]:
    """Return the operations of ``keras.ops`` that can be converted, with handlers."""
    return dict(_OPERATIONS)


_REFUSED: dict[type, str] = {}
_REFUSED_OPERATIONS: dict[str, str] = {}


def refuse(reason: str, *layer_classes: type) -> None:
    """Record why layers of these classes and their subclasses cannot be converted."""
    for layer_class in layer_classes:
        _REFUSED[layer_class] = reason


def refusals() -> dict[type, str]:
    """Return the layer classes that are refused (with subclasses), and the reasons."""
    return dict(_REFUSED)


def refuse_operations(reason: str, *names: str) -> None:
    """Record why operations of ``keras.ops`` cannot be converted, by class names."""
    for name in names:
        _REFUSED_OPERATIONS[name] = reason


def operation_refusals() -> dict[str, str]:
    """Return the operations that are refused on purpose, and the reasons."""
    return dict(_REFUSED_OPERATIONS)


def translate(layer: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Call the handler of a layer or operation; return the nodes of its outputs.

    Raises:
        Unsupported: if there is no handler, or it cannot honour the arguments.
    """
    return _translated(layer, _registration(layer), inputs, builder)


def _translated(
    layer: Any, registration: Registration, inputs: Sequence[str], builder: Builder
) -> list[str]:
    for argument, values in registration.only.items():
        received = getattr(layer, argument)
        if received not in values:
            expected = " or ".join(repr(value) for value in values)
            raise Unsupported(
                f"{argument}={received!r}; only {expected} is supported: build the "
                "model with that value and its weights, or replace the layer"
            )
    result = registration.handler(layer, inputs, builder)
    return [result] if isinstance(result, str) else result


def _registration(layer: Any) -> Registration:
    if registration := _REGISTRY.get(type(layer)):
        return registration
    package, name = type(layer).__module__.partition(".")[0], type(layer).__name__
    if handler := _NAMED.get((package, name)):
        return Registration(handler, {})
    for layer_class, reason in _REFUSED.items():
        if isinstance(layer, layer_class):
            raise Unsupported(reason)
    if isinstance(layer, keras.Layer):
        raise Unsupported(
            "no handler for this class: register one with @tfsnn.handles, "
            "or replace the layer"
        )
    operation = type(layer).__name__
    of_keras = type(layer).__module__.startswith("keras.")
    if of_keras and operation in _REFUSED_OPERATIONS:
        raise Unsupported(f"it {_REFUSED_OPERATIONS[operation]}")
    if not of_keras or operation not in _OPERATIONS:
        raise Unsupported(
            f"no handler for the operation {operation}: compute it before the model, "
            "behind it, or in a layer with a handler of its own (@tfsnn.handles)"
        )
    return Registration(_OPERATIONS[operation], {})
