"""Settings that are given by name: those of the calibration, and those beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tfsnn.errors import OptionError, unknown
from tfsnn_numpy.defaults import CALIBRATION_BATCH_SIZE, SEED


@dataclass(frozen=True)
class CalibrationSettings:
    """The settings of :func:`tfsnn.calibration`.

    Attributes:
        raw: whether to keep 8-bit values at 0..255, instead of 0..1; None for what the
            network takes (:mod:`tfsnn.network.pixels`).
        strict: whether to refuse a network that needs running sums.
        limit: samples used at most.
        seed: seed of the places and samples that are drawn.
        batch_size: samples swept at a time.
        over_time: whether samples are sequences, ``(N, F, *input shape)``, of which
            each frame counts; `limit` is then of sequences. A recurrent model is then
            converted for one element of its sequences at a time.
    """

    raw: bool | None = None
    strict: bool = False
    limit: int | None = None
    seed: int = SEED
    batch_size: int = CALIBRATION_BATCH_SIZE
    over_time: bool = False


@dataclass(frozen=True)
class SpikingEnds:
    """What is spikes at the ends of a network.

    Attributes:
        spiking_input: whether each input is sent by a population of neurons.
        spiking_output: whether each output is the count of a population's spikes.
    """

    spiking_input: bool = False
    spiking_output: bool = False


SETTINGS = tuple(each.name for each in dataclasses.fields(CalibrationSettings))
INTEGERS = (
    "scales",
    "potential_bits",
    "saturate",
    "initial_potentials",
    "reset",
    "input_bits",
)  # tfsnn.conversion.integers.settings
ENDS = tuple(each.name for each in dataclasses.fields(SpikingEnds))
RESERVED = (
    *SETTINGS,
    *INTEGERS,
    *ENDS,
    "precision",
    "progress",
)  # names that no option of a method has
SAME = {name: name for name in SETTINGS}

G = TypeVar("G")


def split(
    given: Mapping[str, Any], names: Mapping[str, str] = SAME
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split what was given by name: the settings of the calibration, and all else.

    Args:
        given: the values by name.
        names: the name by which each setting of the calibration is given, and its own.
    """
    of_calibration = {names[key]: value for key, value in given.items() if key in names}
    return of_calibration, {k: value for k, value in given.items() if k not in names}


def split_ends(given: Mapping[str, Any]) -> tuple[SpikingEnds, dict[str, Any]]:
    """Split what was given by name: the settings of the ends, and all else."""
    ends = {name: value for name, value in given.items() if name in ENDS}
    return SpikingEnds(**ends), {k: v for k, v in given.items() if k not in ENDS}


def grouped(
    kind: type[G],
    group: G | None,
    given: Mapping[str, Any],
    names: Mapping[str, str] = SAME,
) -> tuple[G, dict[str, Any]]:
    """Make a group of settings of what was given, and split off the calibration's.

    Args:
        kind: a frozen dataclass whose fields are settings.
        group: one to start from; the defaults if None.
        given: values by name, which go before those of `group`.
        names: as for :func:`split`.

    Raises:
        OptionError: for a name that is none of them, or a group of another kind.
    """
    if group is not None and not isinstance(group, kind):
        raise OptionError(
            f"{group!r} is no {kind.__name__}: give one, or its fields by name, as in "
            f"{_example(kind)}"
        )
    of_calibration, own = split(given, names)
    known = _fields(kind)
    for name in own:
        if name not in known:
            raise unknown("setting", name, [*known, *names])
    chosen = kind(**own) if group is None else dataclasses.replace(group, **own)  # type: ignore[type-var]
    return chosen, of_calibration


def _fields(kind: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


def _example(kind: Any) -> str:
    return ", ".join(f"{name}=..." for name in _fields(kind)[:2])
