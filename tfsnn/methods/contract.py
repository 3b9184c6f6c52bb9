"""What a conversion method is: frozen options and one pure function.

``plan(graph, statistics) -> Plan``; a method never sees Keras, never touches weights
and never loops over time. Two more stages are optional: ``prepare`` before it
(:func:`prepare`), and ``refine`` behind it (:func:`refined`), which may have plans
simulated. Methods are registered by name with :func:`method`.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Protocol

import numpy as np

from tfsnn.calibrate import Statistics
from tfsnn.data import Progress
from tfsnn.errors import OptionError
from tfsnn.graph import Graph
from tfsnn.plan import Corrections, Plan
from tfsnn.probe import Probe


class Method(Protocol):
    """A conversion method; its fields are its options."""

    timesteps: int

    @property
    def corrections(self) -> Corrections:
        """What is to be corrected by simulation (:mod:`tfsnn.correct`)."""
        ...

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan the neurons of every rate node, by name."""
        ...


def option(
    default: Any,
    meaning: str,
    choices: tuple[Any, ...] = (),
    *,
    low: float = -np.inf,
    high: float = np.inf,
) -> Any:
    """An option of a method: a dataclass field with its meaning and what it may be."""
    metadata = {"meaning": meaning, "choices": choices, "low": low, "high": high}
    return field(default=default, metadata=metadata)


_REGISTRY: dict[str, type] = {}


def method(name: str) -> Callable[[type], type]:
    """Register a method under a name.

    Raises:
        ValueError: if the name is taken.
    """

    def register(cls: type) -> type:
        if name in _REGISTRY:
            raise ValueError(f"there is a method {name!r} already")
        _REGISTRY[name] = cls
        return cls

    return register


def methods() -> dict[str, type]:
    """All methods by name."""
    return dict(_REGISTRY)


def options(cls: type) -> list[dict[str, Any]]:
    """A method's options, the time steps first: name, default, meaning, choices."""
    specs = sorted(dataclasses.fields(cls), key=lambda spec: spec.name != "timesteps")
    return [
        {
            "name": spec.name,
            "default": spec.default,
            "meaning": spec.metadata["meaning"],
            "choices": spec.metadata["choices"],
        }
        for spec in specs
    ]


def make(name: str, values: Mapping[str, Any]) -> Method:
    """The method `name` with these options; texts are parsed to the option's type.

    Raises:
        OptionError: for an unknown method or option, or an impossible value.
    """
    if name not in _REGISTRY:
        raise OptionError(_unknown("method", name, list(_REGISTRY)))
    cls = _REGISTRY[name]
    specs = {spec.name: spec for spec in dataclasses.fields(cls)}
    parsed = {}
    for key, value in values.items():
        if key not in specs:
            raise OptionError(_unknown(f"option of {name}", key, list(specs)))
        parsed[key] = _parse(name, specs[key], value)
    return cls(**parsed)


def prepare(chosen: Method, graph: Graph) -> Graph:
    """The ANN's graph as a method has it, whose `prepare` may put neurons in.

    Most methods have none, and take the graph as it is.
    """
    change = getattr(chosen, "prepare", None)
    return change(graph) if change else graph


def refined(
    chosen: Method,
    plan: Plan,
    graph: Graph,
    statistics: Mapping[str, Statistics],
    draw: Callable[[int], Mapping[str, np.ndarray]],
    progress: Progress | None = None,
) -> Plan:
    """What a method's second stage, `refine`, makes of its plan; most have none.

    ``refine(plan, graph, statistics, probe) -> Plan``, where ``probe(plan)`` simulates
    a plan on some calibration samples (:mod:`tfsnn.probe`): `probe_samples` of them, an
    option of such a method.

    Args:
        chosen: the method.
        plan, graph, statistics: of its first stage.
        draw: gives so many calibration samples, ``(N, *shape)`` by input.
        progress: wraps what is tried, for a progress bar.
    """
    refine = getattr(chosen, "refine", None)
    if refine is None:
        return plan
    x = draw(chosen.probe_samples)  # type: ignore[attr-defined]
    probe = Probe(graph, x, chosen.timesteps, progress)
    return refine(plan, graph, statistics, probe)


def samples(chosen: Method) -> int:
    """The calibration samples that a method wants to simulate on, at most."""
    corrected = chosen.corrections.samples if chosen.corrections else 0
    return max(corrected, getattr(chosen, "probe_samples", 0))


def _unknown(what: str, received: str, known: list[str]) -> str:
    close = difflib.get_close_matches(received, known, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"unknown {what}: {received!r}; known: {', '.join(known)}{hint}"


def _parse(name: str, spec: dataclasses.Field, value: Any) -> Any:
    """A value of the option's type: that of its annotation, as text."""
    accepted = str(spec.type)
    if isinstance(value, str):
        if value.lower() == "none" and "None" in accepted:
            return None
        for kind in (int, float):
            if kind.__name__ in accepted:
                try:
                    value = kind(value)
                    break
                except ValueError:
                    continue
    choices = spec.metadata["choices"]
    allowed = [kind for kind in (int, float, str) if kind.__name__ in accepted]
    if float in allowed:
        allowed.append(int)
    fits = value is None if value is None else isinstance(value, tuple(allowed))
    if (
        isinstance(value, bool)
        or not fits
        or (value is None and "None" not in accepted)
    ):
        raise OptionError(f"{name}: {spec.name}={value!r} is not of type {accepted}")
    if choices and value not in choices:
        raise OptionError(
            f"{name}: {spec.name}={value!r}; expected one of {', '.join(choices)}"
        )
    low, high = spec.metadata["low"], spec.metadata["high"]
    finite = isinstance(value, int | float) and np.isfinite(value)
    if isinstance(value, int | float) and not (finite and low <= value <= high):
        raise OptionError(
            f"{name}: {spec.name}={value} is not a number from {low} to {high}"
        )
    return value
