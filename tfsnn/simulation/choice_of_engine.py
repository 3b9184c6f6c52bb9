"""Which engine simulates a spiking model: TensorFlow, or another where that pays."""

from __future__ import annotations

import importlib.util
from typing import Any

from tfsnn.errors import OptionError
from tfsnn.extras import require
from tfsnn.simulation.compiled import TENSORFLOW
from tfsnn.simulation.computed_in import IN_FLOAT32, runs_otherwise
from tfsnn_numpy.defaults import SIMULATORS

AUTO, OPENVINO = "auto", "openvino"
# Multiply-accumulates of a call (those of the ANN, times samples and steps) from which
# on the seconds that OpenVINO compiles for are a few calls.
LARGE = 10**9


class RunByEngines:
    """The part of :class:`tfsnn.SpikingModel` that says what simulates it."""

    _engine = TENSORFLOW

    @property
    def engine(self) -> str:
        """What simulates the network, where no function is being traced.

        "tensorflow"; "openvino", which compiles a program for each shape of a batch and
        leaves what it cannot run to TensorFlow (:attr:`ran_by`); or "auto", OpenVINO
        where it is installed and a call is large. It is of this object alone, and not
        saved.
        """
        return self._engine

    @engine.setter
    def engine(self, name: str) -> None:
        """Set the engine.

        Raises:
            OptionError: for an unknown one.
            MissingPackageError: for OpenVINO where it is not installed.
        """
        self._engine = check_simulator(name)

    @property
    def ran_by(self: Any) -> str:
        """The engine that simulated last, and what it did otherwise; "" for none.

        That is why another engine did not, and whether synapses of bfloat16 were
        computed in float32, where the machine has no instructions for it.
        """
        simulations = self._simulations
        notes = []
        if simulations.ran_by == TENSORFLOW and simulations.refusal:
            notes.append(simulations.refusal)
        if runs_otherwise(self._structure):
            notes.append(IN_FLOAT32)
        ran_by = simulations.ran_by or ""
        return f"{ran_by} ({'; '.join(notes)})" if ran_by and notes else ran_by

    def engine_for(self: Any, rows: int | None, timesteps: int, name: str = "") -> str:
        """Return the engine for a call: "auto" decides by its size.

        Args:
            rows: the samples; None if that is not known.
            timesteps: T.
            name: the engine that is asked for; :attr:`engine` if empty.
        """
        name = name or self.engine
        if name != AUTO:
            return name
        work = self.operations_per_sample().ann_macs * timesteps * (rows or 0)
        installed = importlib.util.find_spec("openvino") is not None
        return OPENVINO if installed and work >= LARGE else TENSORFLOW


def check_simulator(name: str) -> str:
    """Return the name of what simulates.

    Raises:
        OptionError: for an unknown one.
        MissingPackageError: for OpenVINO where it is not installed.
    """
    if name not in SIMULATORS:
        raise OptionError(f"engine={name!r}; expected one of {', '.join(SIMULATORS)}")
    if name == OPENVINO:
        require("openvino", "openvino", "The engine openvino")
    return name
