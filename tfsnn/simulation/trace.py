"""A recorded simulation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfsnn.errors import OptionError
from tfsnn.simulation.steps import OUTPUTS, POTENTIALS, SPIKES, VALUES


def observations(record: Iterable[str]) -> set[str]:
    """Return what a simulation has to observe for a trace of some quantities.

    Raises:
        OptionError: for something that cannot be recorded.
    """
    wanted = set(record)
    if unknown := wanted - {SPIKES, POTENTIALS, VALUES}:
        raise OptionError(
            f"cannot record {sorted(unknown)}: give spikes, potentials or values"
        )
    return wanted | {OUTPUTS}


@dataclass(frozen=True)
class Trace:
    """A recorded simulation, NumPy arrays by node name.

    Over time, outputs are read after each of F frames, ``(F, B, ...)``, and T is F
    times the steps of a frame.

    Attributes:
        outputs: each output of the model after each step, ``(T, B, ...)``.
        spikes: the coefficients, integers as float32, ``(T, B, ...)``.
        potentials: the potentials after firing, in thresholds, ``(T, B, ...)``.
        values: what synapses receive for the spikes, in thresholds, ``(T, B, ...)``;
            the coefficients themselves but for differential coding and few spikes.

    Where the method has pre-steps, all but the outputs begin with them.
    """

    outputs: list[np.ndarray]
    spikes: dict[str, np.ndarray]
    potentials: dict[str, np.ndarray]
    values: dict[str, np.ndarray]

    @classmethod
    def of(cls, observed: Mapping[str, Any], outputs: Sequence[str]) -> Trace:
        """Return what a simulation observed, by ``kind/node``, as a trace.

        `outputs` are the nodes of the model's outputs, in order.
        """
        arrays = {key: values.numpy() for key, values in observed.items()}
        return cls.by_kind(arrays, [arrays[f"{OUTPUTS}/{name}"] for name in outputs])

    @classmethod
    def by_kind(cls, observed: Mapping[str, np.ndarray], outputs: Any) -> Trace:
        """Return outputs, and what was observed by ``kind/node``, as a trace."""
        by_kind: dict[str, dict[str, np.ndarray]] = {}
        for key, values in observed.items():
            kind, name = key.split("/", 1)
            by_kind.setdefault(kind, {})[name] = values
        return cls(
            outputs=list(outputs),
            spikes=by_kind.get(SPIKES, {}),
            potentials=by_kind.get(POTENTIALS, {}),
            values=by_kind.get(VALUES, {}),
        )
