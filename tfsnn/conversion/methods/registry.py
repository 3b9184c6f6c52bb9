"""The registry of methods: by name, with the checks that a new one has to pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from tfsnn.conversion.methods.contract import Method
from tfsnn.conversion.methods.fields import specs
from tfsnn.conversion.methods.spikes import Spikes
from tfsnn.conversion.settings import RESERVED
from tfsnn.errors import unknown

_REGISTRY: dict[str, type[Method]] = {}

M = TypeVar("M", bound=Method)


def method(name: str) -> Callable[[type[M]], type[M]]:
    """Register a class of methods under a name, as a decorator.

    Raises:
        ValueError: if the name is taken, for a class that is no frozen dataclass
            derived from :class:`Method`, that has no option `timesteps`, or one with
            the name of a setting of every conversion, that does not declare its
            alphabet, or whose options have no meaning or no type.
    """

    def register(cls: type[M]) -> type[M]:
        if name in _REGISTRY:
            raise ValueError(f"there is a method {name!r} already: take another name")
        _check(name, cls)
        _REGISTRY[name] = cls
        return cls

    return register


def methods() -> dict[str, type[Method]]:
    """Return all methods by name."""
    return dict(_REGISTRY)


def options(cls: type) -> list[dict[str, Any]]:
    """Describe a method's options, the time steps first.

    Each has a name, a default, a meaning, and choices, empty where it is free.
    """
    ordered = sorted(specs(cls).values(), key=lambda spec: spec.name != "timesteps")
    return [
        {
            "name": spec.name,
            "default": spec.default,
            "meaning": spec.meaning,
            "choices": spec.choices,
        }
        for spec in ordered
    ]


def make(name: str, values: Mapping[str, Any], beside: Iterable[str] = ()) -> Method:
    """Make the method `name` with options; texts are parsed to the option's type.

    Args:
        name: the name of the method.
        values: the values of its options, by name.
        beside: names that could have been given as well, for the error.

    Raises:
        OptionError: for an unknown method or option, or an impossible value.
    """
    if name not in _REGISTRY:
        raise unknown("method", name, _REGISTRY)
    cls = _REGISTRY[name]
    known = specs(cls)
    parsed = {}
    for key, value in values.items():
        if key not in known:
            raise unknown(f"option of {name}", key, [*known, *beside])
        parsed[key] = known[key].parse(value, name)
    return cls(**parsed)


def _check(name: str, cls: type) -> None:
    """Refuse a class that is no complete method."""
    head = f"the method {name!r} ({cls.__name__})"
    if not issubclass(cls, Method):
        raise ValueError(f"{head} is no Method: derive it from tfsnn.methods.Method")
    if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.frozen:
        raise ValueError(
            f"{head} is no frozen dataclass, so its options are not known: put "
            "@dataclass(frozen=True) below @method(...)"
        )
    known = specs(cls)
    if "timesteps" not in known:
        raise ValueError(
            f"{head} has no option timesteps: declare `timesteps: int = option(...)`"
        )
    if taken := [key for key in known if key in RESERVED]:
        raise ValueError(
            f"{head} has the option {', '.join(taken)}, which tfsnn.convert takes for "
            "every method: give it another name"
        )
    if not hasattr(cls, "alphabet") or not isinstance(cls.alphabet, Spikes):
        raise ValueError(
            f"{head} does not declare what its spikes carry: give it a class attribute "
            "`alphabet = Spikes(...)`, as Spikes() for binary spikes, "
            "Spikes(signed=True) for ternary ones, Spikes(LevelsOption('levels')) for "
            "integers up to its option levels"
        )
    if missing := [key for key in cls.alphabet.names() if key not in known]:
        raise ValueError(
            f"{head} declares that its spikes follow from {', '.join(missing)}, which "
            f"is none of its options: {', '.join(known)}"
        )
