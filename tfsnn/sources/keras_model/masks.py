"""The masks that Keras hands from layer to layer beside the values.

The config of a model names a mask as an argument only where a layer has one tensor for
input. In a call, each layer looks for the masks of its inputs again
(``keras.Layer.__call__``), so this is done here in the same way.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras

from tfsnn.sources.handlers.builder import Builder, Signal
from tfsnn.sources.handlers.masks import output_masks


class Call(NamedTuple):
    """A layer's call with the masks that Keras puts into it.

    Attributes:
        kwargs: the keyword arguments, with masks.
        arguments: all arguments by name, without the masks that were put in.
        mask: the mask of the first argument, arranged as it is.
    """

    kwargs: Mapping[str, Any]
    arguments: Mapping[str, Any]
    mask: Any

    @property
    def first(self) -> Any:
        """The first argument."""
        return next(iter(self.arguments.values()), None)


def with_masks(layer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call:
    """Return a layer's call with the masks of its inputs as arguments."""
    signature = inspect.signature(layer.call)
    known = {name: x for name, x in kwargs.items() if name in signature.parameters}
    bound = signature.bind_partial(*args, **known)
    bound.apply_defaults()
    arguments = bound.arguments
    tensors = {name: x for name, x in arguments.items() if _is_tensor(x)}
    added: dict[str, Any] = {}
    if len(tensors) == 1 and "mask" in arguments and arguments["mask"] is None:
        added["mask"] = mask_of(*tensors.values())
    for name, x in tensors.items() if len(tensors) > 1 else ():
        if f"{name}_mask" in arguments and arguments[f"{name}_mask"] is None:
            added[f"{name}_mask"] = mask_of(x)
    mask = added.get("mask", arguments.get("mask"))
    call = Call({**kwargs, **added}, arguments, mask)
    return call if call.mask is not None else call._replace(mask=mask_of(call.first))


def _is_tensor(argument: Any) -> bool:
    if isinstance(argument, Mapping):
        argument = list(argument.values())
    if isinstance(argument, list | tuple):
        return bool(argument) and all(x is None or _is_tensor(x) for x in argument)
    return isinstance(argument, Signal)


def mask_of(argument: Any) -> Any:
    """Return the masks of the signals in an argument, arranged as they are."""
    if isinstance(argument, Mapping):
        return {key: mask_of(item) for key, item in argument.items()}
    if isinstance(argument, list | tuple):
        return [mask_of(item) for item in argument]
    return argument.mask if isinstance(argument, Signal) else None


def hand_in(mask: Any, inputs: Sequence[Signal]) -> None:
    """Put the masks that a model's call names beside the inputs of the model.

    Where it names none, or they are in a dict, the inputs keep their own.
    """
    masks = mask if isinstance(mask, list | tuple) else [mask]
    for x, each in zip(inputs, masks, strict=False):
        if isinstance(each, Signal):
            x.mask = each


def masked_outputs(
    layer: Any, call: Call, outputs: list[str], builder: Builder
) -> list[Signal]:
    """Return the outputs of a layer with the masks that Keras puts beside them.

    A layer that passes its very input on, such as Dropout, passes its mask on with it.
    """
    if not getattr(layer, "supports_masking", False):
        return [Signal(y) for y in outputs]
    plain = type(layer).compute_mask is keras.Layer.compute_mask
    found = [y if plain and isinstance(y, Signal) else Signal(y) for y in outputs]
    if isinstance(layer, keras.layers.MultiHeadAttention):
        # It takes the masks off its inputs: who reads them behind it finds none.
        for name in ("query", "value", "key"):
            if isinstance(x := call.arguments.get(name), Signal):
                x.mask = None
    masks = output_masks(layer, call.first, call.mask, builder)
    for y, mask in zip(found, masks, strict=False):
        if y.mask is None:
            y.mask = mask
    return found
