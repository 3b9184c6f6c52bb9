"""Engines of networks whose inputs change: a sample is a sequence of frames.

What measures networks takes them as it takes others: a step of a row is a frame.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import DataError, OptionError
from tfsnn.simulation.engines.base import Engine
from tfsnn.simulation.engines.elements import ElementEngine
from tfsnn.simulation.engines.tensorflow import SpikingEngine
from tfsnn.simulation.frame_readout import FrameReadout
from tfsnn.simulation.results import Results
from tfsnn.simulation.steps import COUNTS
from tfsnn.simulation.stream import Stream, each_frame
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.sums import Costs

CHANGES = f"{COUNTS}/"


class _Frames(Engine):
    """An engine whose samples are sequences of frames for another one."""

    over_time = True
    timesteps: int

    def __init__(self, engine: Engine, frames: int) -> None:
        """Take the engine of one frame, and the number of frames."""
        self.engine, self.timesteps = engine, check_count("frames", frames)
        self.name, self.output_keys = engine.name, engine.output_keys
        shapes = engine.inputs.items()
        self.inputs = {name: (frames, *shape) for name, shape in shapes}
        self.whole_inputs, self.ranges = engine.whole_inputs, engine.ranges
        self.raw_inputs, self.raw_recorded = engine.raw_inputs, engine.raw_recorded

    @classmethod
    def takes(cls, network: Any) -> bool:
        """Return False: it is made of an engine, not of a network."""
        return False

    @classmethod
    def of(cls, network: Any) -> Engine:
        """Refuse: it is made of an engine.

        Raises:
            OptionError: always.
        """
        raise OptionError(f"the engine {cls.kind} is made of another engine: make that")

    @property
    def ran_by(self) -> str:
        """What simulated the engine of one frame last."""
        return self.engine.ran_by

    @property
    def outputs(self) -> Any:
        """The outputs, as the network has them."""
        return self.engine.outputs

    @property
    def hints(self) -> Any:
        """The tasks that the engine of one frame knows of."""
        return self.engine.hints

    @property
    def digest(self) -> str:
        """Return that of the engine of one frame."""
        return self.engine.digest

    @abstractmethod
    def run(self, x: Any, observe: Collection[str] = ()) -> Results:
        """Run sequences ``(B, F, *shape)``; "outputs over time" are after each frame.

        The arguments are those of :meth:`Engine.run`.
        """

    def at(self, timesteps: int) -> Engine:
        """Return this engine, which has as many frames as it was made for.

        Raises:
            DataError: for more frames than the sequences have.
        """
        if timesteps > self.timesteps:
            raise DataError(
                f"after {timesteps} frames was asked for, and the sequences have "
                f"{self.timesteps}: ask for fewer (timesteps), or give longer ones"
            )
        return self

    def _by_input(self, x: Any) -> Mapping[str, Any]:
        return x if isinstance(x, Mapping) else dict.fromkeys(self.inputs, x)


class SpikingFrames(_Frames):
    """A spiking network that takes a frame after the other, as a stream does."""

    kind = "frames"

    def __init__(
        self,
        engine: SpikingEngine,
        frames: int,
        steps_per_frame: int | None = None,
        readout: str | int | None = None,
    ) -> None:
        """Take the engine of a network, and how it runs over time.

        Args:
            engine: the engine of the network for still samples.
            frames: F, the frames of a sequence.
            steps_per_frame, readout: as for :meth:`tfsnn.SpikingModel.stream`.

        Raises:
            OptionError: for a network that needs the whole input.
        """
        super().__init__(engine, frames)
        self.engine: SpikingEngine = engine
        self.snn, self.asked = engine.snn, (steps_per_frame, readout)
        self._stream()  # refuses what cannot be
        self.readout = self.snn.frame_readout(readout)

    @property
    def options(self) -> dict[str, Any]:
        """How it runs over time, JSON: frames, steps of each, and what is read."""
        steps = self.snn.frame_settings(None, *self.asked).steps
        readout = repr(self.readout)
        return {"frames": self.timesteps, "steps": steps, "readout": readout}

    def run(self, x: Any, observe: Collection[str] = ()) -> Results:
        """Run sequences from an empty state, with NumPy arrays as results."""
        sequences = self._by_input(x)
        batch = len(next(iter(sequences.values())))
        found = each_frame(self._stream(batch, {COUNTS} & set(observe)), sequences)
        outputs: list[list[Any]] = []
        counts: dict[str, list[Any]] = {}
        for result in found:
            outputs.append([values.numpy() for values in result.outputs])
            for key, values in result.observed.items():
                counts.setdefault(key.removeprefix(CHANGES), []).append(values.numpy())
        over_time = [np.stack(values) for values in zip(*outputs, strict=True)]
        return Results(
            outputs[-1],
            over_time,
            {name: np.stack(values) for name, values in counts.items()},
            np.full(batch, self.timesteps, np.int32),
        )

    def _stream(self, batch: int = 1, observe: Collection[str] = ()) -> Stream:
        steps, readout = self.asked
        return self.snn.stream(
            batch, steps_per_frame=steps, readout=readout, observe=observe
        )

    def costs(self) -> Costs:
        """Return the costs after each frame; the ANN computes anew for each."""
        operations, clock = self.snn.operations_per_sample(), self.snn.clock
        steps = self.snn.frame_settings(None, *self.asked).steps
        of_frame, latency = operations.macs(clock.pre_steps + steps), steps
        if self.snn.graph.states:  # each frame goes through the network as a still one
            latency = clock.latency(steps, self.snn.depth, steps)
        frames = range(1, self.timesteps + 1)
        return Costs(
            0,
            operations.ann_macs,
            [of_frame * frame for frame in frames],
            [latency * frame for frame in frames],
            self.snn.populations,
            repeated=True,
            multiplies=self.snn.clock.tracks,
            structure=self.engine.structure(
                [steps * frame for frame in frames],
                [self.snn.clock.weight(steps)] * self.timesteps,
            ),
        )


class StillFrames(_Frames):
    """A network that is not spiking, which takes each frame by itself.

    A recurrent one keeps its states from frame to frame. What it says of the frames is
    read as that of a spiking network is.
    """

    kind = "still_frames"

    def __init__(self, engine: Engine, frames: int, readout: FrameReadout) -> None:
        """Take the engine of one frame, F, and what is read of the frames so far."""
        super().__init__(engine, frames)
        self.readout = readout

    def run(self, x: Any, observe: Collection[str] = ()) -> Results:
        """Run the frames of sequences, one after the other."""
        sequences = self._by_input(x)
        batch = len(next(iter(sequences.values())))
        kept: list[Any] = []
        read: list[list[Any]] = []
        for frame, found in enumerate(self._of_each(sequences, batch)):
            values = [tf.convert_to_tensor(y) for y in found]
            kept = kept or [self.readout.initial(y.shape) for y in values]
            so_far = tf.fill([batch], frame + 1)
            both = [
                self.readout.read(y, before, so_far)
                for y, before in zip(values, kept, strict=True)
            ]
            kept = [after for _, after in both]
            read.append([np.asarray(y) for y, _ in both])
        over_time = [np.stack(values) for values in zip(*read, strict=True)]
        return Results(read[-1], over_time)

    def _of_each(
        self, sequences: Mapping[str, Any], batch: int
    ) -> Iterator[Sequence[Any]]:
        """Yield the outputs for each frame."""
        engine = self.engine
        states = engine.states(batch) if isinstance(engine, ElementEngine) else {}
        for frame in range(self.timesteps):
            feed = {name: values[:, frame] for name, values in sequences.items()}
            if isinstance(engine, ElementEngine):
                outputs, states = engine.advance(feed, states)
                yield outputs
                continue
            one = feed if len(feed) > 1 else next(iter(feed.values()))
            yield engine.run(one).outputs


def frames_of(
    engine: Engine,
    frames: int,
    steps_per_frame: int | None = None,
    readout: str | int | None = None,
) -> SpikingFrames:
    """Return the engine of a network for sequences of frames.

    Args:
        engine: the engine of the network for still samples.
        frames: F, the frames of a sequence.
        steps_per_frame, readout: as for :meth:`tfsnn.SpikingModel.stream`.

    Raises:
        OptionError: for an engine or a network that cannot.
    """
    if not isinstance(engine, SpikingEngine):
        raise OptionError(
            f"the engine {engine.kind} of {engine.name} keeps no state from frame to "
            "frame: give a network from tfsnn.convert"
        )
    return SpikingFrames(engine, frames, steps_per_frame, readout)
