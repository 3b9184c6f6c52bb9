"""Sparse recurrent connections: which neuron of a layer reaches which.

A mask ``(units, units)`` of 0 and 1 has the sending neuron in its rows, as a Keras
recurrent kernel has. The grid is that of liquid state machines (Maass et al. 2002) as
Zhang and Li (NeurIPS 2019) use it.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfsnn.errors import OptionError, unknown


class Connections(ABC):
    """The recurrent connections that exist; the others stay 0 in training."""

    @abstractmethod
    def mask(self, units: int) -> np.ndarray:
        """Return 1 where the neuron of a row sends to that of a column, else 0."""

    def get_config(self) -> dict[str, Any]:
        """Return the name and the fields, JSON, for :func:`as_connections`."""
        return {"name": type(self).__name__, **dataclasses.asdict(self)}  # type: ignore[call-overload]


@dataclass(frozen=True)
class RandomConnections(Connections):
    """Connections that are drawn independently of each other.

    Attributes:
        share: probability of each connection, in (0, 1].
        seed: seed of the draw.
    """

    share: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a share outside of (0, 1].

        Raises:
            OptionError: for such a share.
        """
        if not 0 < self.share <= 1:
            raise OptionError(
                f"RandomConnections: share={self.share!r} must be in (0, 1]"
            )

    def mask(self, units: int) -> np.ndarray:
        """Return 1 where the neuron of a row sends to that of a column, else 0."""
        drawn = np.random.default_rng(self.seed).random((units, units))
        return (drawn < self.share).astype(np.float32)


@dataclass(frozen=True)
class GridConnections(Connections):
    """Connections that become rarer with the distance of neurons on a 3-d grid.

    At the distance d, in places of the grid, a connection exists with the probability
    ``1.5 c exp(-d² / 4)``. With four neurons of five called excitatory (E), the fifth
    inhibitory (I), c is 0.3 from E to E, 0.2 from E to I, 0.4 from I to E and 0.1 from
    I to I. (Weights have any sign: the names choose c only.)

    Attributes:
        shape: neurons along the three axes; their product is the layer's units.
        seed: seed of the draw.
    """

    shape: tuple[int, int, int] = (5, 5, 16)
    seed: int = 0

    def mask(self, units: int) -> np.ndarray:
        """Return 1 where the neuron of a row sends to that of a column, else 0.

        Raises:
            OptionError: if the grid has another number of places.
        """
        if len(self.shape) != 3 or math.prod(self.shape) != units:
            raise OptionError(
                f"GridConnections: shape={tuple(self.shape)} has "
                f"{math.prod(self.shape)} places for {units} units: give three numbers "
                f"whose product is {units}"
            )
        rng = np.random.default_rng(self.seed)
        places = np.stack(np.unravel_index(np.arange(units), self.shape), 1)
        squares = np.square(places[:, None] - places[None]).sum(-1)
        inhibitory = (rng.random(units) < 0.2).astype(int)
        c = np.array([[0.3, 0.2], [0.4, 0.1]])[inhibitory[:, None], inhibitory[None]]
        chance = 1.5 * c * np.exp(-squares / 4.0)
        return (rng.random((units, units)) < chance).astype(np.float32)


KINDS = {kind.__name__: kind for kind in (RandomConnections, GridConnections)}


def as_connections(given: Connections | Mapping[str, Any] | None) -> Connections | None:
    """Return connections from themselves or their config; None for all connections.

    Raises:
        OptionError: for an unknown kind.
    """
    if given is None or isinstance(given, Connections):
        return given
    config = dict(given)
    name = str(config.pop("name", None))
    if name not in KINDS:
        raise unknown("kind of connections", name, KINDS)
    if "shape" in config:
        config["shape"] = tuple(config["shape"])
    return KINDS[name](**config)
