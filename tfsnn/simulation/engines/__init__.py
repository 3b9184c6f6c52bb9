"""Engines: what runs a network, apart from what measures it.

A new engine is a file with a subclass of :class:`tfsnn.simulation.engines.base.Engine`
and a line that registers it: here, or anywhere else by the decorator :func:`engine`.
"""

from __future__ import annotations

from typing import Any

from tfsnn.errors import OptionError
from tfsnn.simulation.engines import openvino as _openvino  # noqa: F401
from tfsnn.simulation.engines.base import Engine
from tfsnn.simulation.engines.keras import KerasEngine
from tfsnn.simulation.engines.stablehlo import ProgramEngine
from tfsnn.simulation.engines.tensorflow import (
    AutoEngine,
    OpenVINOEngine,
    SpikingEngine,
)

__all__ = ["ENGINES", "Engine", "as_engine", "check_engine", "engine"]

# The engines by name; the first that takes a network runs it if none is named.
ENGINES: dict[str, type[Engine]] = {}


def engine(cls: type[Engine]) -> type[Engine]:
    """Register an engine under its ``kind``; a decorator.

    Raises:
        ValueError: if there is another one of that name.
    """
    if ENGINES.setdefault(cls.kind, cls) is not cls:
        raise ValueError(f"there is an engine {cls.kind} already: {ENGINES[cls.kind]}")
    return cls


for _engine in (
    SpikingEngine,
    KerasEngine,
    ProgramEngine,
    OpenVINOEngine,
    AutoEngine,
):
    engine(_engine)


def check_engine(kind: str | None) -> str | None:
    """Return the name of an engine, or None for the one that a network brings.

    Raises:
        OptionError: for another name.
    """
    if kind is not None and kind not in ENGINES:
        raise OptionError(f"engine={kind!r}; expected one of {', '.join(ENGINES)}")
    return kind


def as_engine(
    network: Any, timesteps: int | None = None, kind: str | None = None
) -> Engine:
    """Return the engine that runs a network.

    Args:
        network: anything that an engine takes, such as a :class:`tfsnn.SpikingModel`
            or any Keras model; or an engine, which is returned.
        timesteps: T; the network's own if None.
        kind: the name of the engine; the first one that takes the network if None.

    Raises:
        OptionError: for an unknown name, a network that no engine (or not the one
            named) takes, and steps that it cannot run.
        ModelError: for a model that cannot be run.
    """
    engine = isinstance(network, Engine)
    found = network if engine else _kind(network, kind).of(network)
    return found if timesteps is None else found.at(timesteps)


def _kind(network: Any, kind: str | None) -> type[Engine]:
    kind = check_engine(kind)
    wanted = ENGINES.values() if kind is None else [ENGINES[kind]]
    for cls in wanted:
        if cls.takes(network):
            return cls
    raise OptionError(
        f"{type(network).__name__} cannot be run by "
        f"{'any engine' if kind is None else f'the engine {kind}'}: give a network "
        "from tfsnn.convert, a Keras model, or an engine "
        f"({', '.join(ENGINES)})"
    )
