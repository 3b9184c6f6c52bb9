"""Measure one setting of a conversion: convert for its T, evaluate after T steps."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tfsnn.analysis.evaluate import Evaluation, evaluate
from tfsnn.conversion.calibration import Calibration
from tfsnn.conversion.convert import convert
from tfsnn.data import Data, Progress
from tfsnn.errors import DataError, OutputError, TfsnnError
from tfsnn.hardware.energy import EnergyModel
from tfsnn.simulation.engines import Engine, as_engine
from tfsnn_numpy.defaults import BATCH_SIZE, PRECISION
from tfsnn_numpy.tasks import Wanted


class Setting(NamedTuple):
    """A method with its options, time steps and precision of synapses."""

    method: str
    options: Mapping[str, Any]
    timesteps: int
    precision: str = PRECISION


@dataclass(frozen=True, eq=False)
class Conditions:
    """The conditions that all settings are measured under.

    Attributes:
        known: the calibration of the network: its samples and statistics.
        data: the samples to evaluate on.
        energy: what an operation costs.
        batch_size: samples simulated at a time.
        seconds: function that times simulation per sample; None to leave time out.
        engine: name of the engine that runs the networks; their own if None.
        task: what the outputs answer, as for :func:`tfsnn.evaluate`.
    """

    known: Calibration
    data: Data
    energy: EnergyModel
    batch_size: int = BATCH_SIZE
    seconds: Callable[[Engine], float] | None = None
    engine: str | None = None
    task: Wanted = None


class Measured(NamedTuple):
    """The evaluation of a setting, with one row, and its seconds per sample."""

    evaluation: Evaluation
    seconds: float | None


def measured(
    setting: Setting, conditions: Conditions, progress: Progress | None = None
) -> Measured | str:
    """Convert by a setting and evaluate it, or return the reason why that fails.

    Raises:
        DataError, OutputError: for errors that are not the setting's fault.
    """
    try:
        return _measured(setting, conditions, progress)
    except (DataError, OutputError):
        raise
    except TfsnnError as error:
        return str(error)  # not the error, whose traceback would keep the network
    finally:
        gc.collect()  # a Keras model is part of cycles, with its compiled functions


def _measured(
    setting: Setting, conditions: Conditions, progress: Progress | None
) -> Measured:
    known, steps = conditions.known, setting.timesteps
    options: dict[str, Any] = {**setting.options, "timesteps": steps}
    snn = convert(
        known.model,
        known,
        setting.method,
        precision=setting.precision,
        progress=progress,
        **options,
    )
    network = as_engine(snn, steps, conditions.engine)
    seconds = None if conditions.seconds is None else conditions.seconds(network)
    found = evaluate(
        network,
        conditions.data,
        ann=known.model,
        timesteps=[steps],
        batch_size=conditions.batch_size,
        energy=conditions.energy,
        task=conditions.task,
        progress=progress,
    )
    return Measured(found, seconds)
