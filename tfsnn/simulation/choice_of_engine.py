"""What simulates a spiking model, and in which way: as asked for, or the fastest."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.extras import require
from tfsnn.simulation.compiled import (
    LARGEST_CHUNK,
    TENSORFLOW,
    RunKey,
    chunk_for,
    on_accelerator,
)
from tfsnn.simulation.computed_in import IN_FLOAT32, runs_otherwise
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.parts import in_parts
from tfsnn.simulation.simulate import Result
from tfsnn.simulation.ways import Way, Ways, fastest_of
from tfsnn_numpy.defaults import SIMULATORS

AUTO, OPENVINO = "auto", "openvino"
# Multiply-accumulates of a call (those of the ANN, times samples and steps) from which
# on the seconds of a measurement are a few calls.
LARGE = 10**9
# Samples of a batch, where that is free: values of the largest node that they have, and
# samples, at most.
BATCH_VALUES, LARGEST_BATCH, USUAL_BATCH = 2**25, 128, 32


class RunByEngines:
    """The part of :class:`tfsnn.SpikingModel` that says what simulates it."""

    _engine = TENSORFLOW
    _ways: Ways

    @property
    def engine(self) -> str:
        """What simulates the network, where no function is being traced.

        "tensorflow"; "openvino", which compiles a program for each shape of a batch and
        leaves what it cannot run to TensorFlow (:attr:`ran_by`); or "auto", the one
        that takes the least time in a short measurement, with the samples and steps at
        a time that do, where a call is large. That is measured once for a network and a
        machine (:mod:`tfsnn.simulation.ways`). It is of this object alone, and not
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

        That is why another engine did not, how many samples and steps were taken at a
        time where that was measured, and whether synapses of bfloat16 were computed in
        float32, where the machine has no instructions for it.
        """
        simulations = self._simulations
        notes = []
        if simulations.ran_by == TENSORFLOW and simulations.refusal:
            notes.append(simulations.refusal)
        if self._ways.chosen:
            notes.append(self._ways.chosen.at_a_time)
        if runs_otherwise(self._structure):
            notes.append(IN_FLOAT32)
        ran_by = simulations.ran_by or ""
        return f"{ran_by} ({'; '.join(notes)})" if ran_by and notes else ran_by

    def is_large(self: Any, rows: int | None, timesteps: int) -> bool:
        """Return whether it pays to look for the fastest way to run a call.

        Args:
            rows: the samples; None if that is not known.
            timesteps: T.
        """
        work = self.operations_per_sample().ann_macs * timesteps * (rows or 0)
        return tf.executing_eagerly() and not on_accelerator() and work >= LARGE

    def engine_for(self: Any, rows: int, timesteps: int) -> str:
        """Return the engine of a frame: "auto" decides by the size of the call."""
        if self.engine != AUTO:
            return self.engine
        return OPENVINO if _others() and self.is_large(rows, timesteps) else TENSORFLOW

    def chunk_for(
        self: Any, batch: int | None, early_exit: ExitRule | None = None
    ) -> int:
        """Return K, the steps advanced at a time, for a batch; None if unknown."""
        if self.chunk is not None:
            return self.chunk
        return 1 if early_exit else chunk_for(batch)  # a rule is asked after each step

    @property
    def batch_size(self: Any) -> int:
        """The samples that ``predict`` simulates at a time, where it is not told."""
        if self.engine != AUTO:
            return USUAL_BATCH
        largest = max(map(math.prod, self.populations.values()), default=1)
        return max(USUAL_BATCH, min(BATCH_VALUES // largest, LARGEST_BATCH))

    def run_by(
        self: Any,
        engine: str,
        key: RunKey,
        run: Callable[[RunKey, Any, str], Result],
        feed: dict[str, Any],
    ) -> Result:
        """Run a batch by an engine; "auto" in the fastest way.

        Args:
            engine: its name.
            key: what is asked for; its chunk is None where that is free.
            run: runs a batch by an engine.
            feed: the samples ``(B, *shape)``, by input.
        """
        self._ways.chosen = None
        if engine != AUTO:
            return run(key, feed, engine)
        rows = next(iter(feed.values())).shape[0]
        if not self.is_large(rows, key.timesteps):
            return run(key, feed, TENSORFLOW)

        def run_in(way: Way) -> Result:
            asked = key._replace(chunk=way.chunk)
            return in_parts(lambda x: run(asked, x, way.engine), feed, way.samples)

        def search() -> Way:
            first = Way(TENSORFLOW, rows, key.chunk)
            usual = chunk_for(rows)
            other = 1 if usual > 1 else min(LARGEST_CHUNK, key.timesteps)
            chunks = [other] if key.chunk is None and other != usual else []
            return fastest_of(first, run_in, _others(), chunks)

        asked = (key.timesteps, sorted(key.observe), key.chunk, str(key.early_exit))
        return run_in(self._ways.fastest(asked, rows, search))


def _others() -> list[str]:
    """Return the engines beside TensorFlow that are installed."""
    return [OPENVINO] if importlib.util.find_spec("openvino") is not None else []


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
