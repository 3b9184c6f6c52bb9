"""What a spiking network does over time: recorded simulations, and streams."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from tfsnn.errors import DataError, OptionError
from tfsnn.network.digest import model_digest
from tfsnn.simulation.compiled import RunKey, on_accelerator
from tfsnn.simulation.feed import by_name, checked_feed
from tfsnn.simulation.frame_readout import FrameReadout, frame_readout
from tfsnn.simulation.frames import (
    FrameResult,
    FrameSettings,
    check_over_time,
    initial_state,
)
from tfsnn.simulation.steps import COUNTS, OUTPUTS, SPIKES
from tfsnn.simulation.stream import Stream, each_frame
from tfsnn.simulation.trace import Trace, observations
from tfsnn_numpy.checks import check_count


class FrameByFrame:
    """The part of a :class:`tfsnn.SpikingModel` that lets its users watch time pass."""

    def simulate(
        self: Any,
        x: Any,
        timesteps: int | None = None,
        record: Iterable[str] = (SPIKES,),
        *,
        over_time: bool = False,
        steps_per_frame: int | None = None,
        readout: str | int | None = None,
    ) -> Trace:
        """Simulate a batch, and record what its neurons do.

        Args:
            x: samples ``(B, *input shape)``; `over_time` sequences of F frames, ``(B,
                F, *input shape)``, which the network takes as a :meth:`stream` does.
            timesteps: T; ``self.timesteps`` if None.
            record: any of "spikes", "potentials" and "values". A recording takes
                memory for all steps times all neurons.
            over_time: whether the input changes over time.
            steps_per_frame, readout: as for :meth:`stream`.

        Raises:
            OptionError: for something else to record, for `over_time` of a network
                that needs the whole input, or with `timesteps`.
            DataError: for an input of another shape, or a frame with NaN or Inf.
        """
        wanted = observations(record)
        if not over_time:
            refuse_frames(steps_per_frame, readout)
            observed = self.run(x, timesteps, wanted).observed
            return Trace.of(observed, self.graph_outputs)
        if timesteps is not None:
            raise OptionError(
                f"timesteps={timesteps}: over time the number of steps follows from "
                "that of frames; give steps_per_frame, or fewer frames"
            )
        sequences = sequences_of(self.inputs_by_name, x)
        batch = len(next(iter(sequences.values())))
        options = {"steps_per_frame": steps_per_frame, "readout": readout}
        stream = self.stream(batch, **options, observe=wanted - {OUTPUTS})
        results = list(each_frame(stream, sequences))
        observed = {
            key: np.concatenate([found.observed[key] for found in results])
            for key in results[0].observed
        }
        outputs = zip(*(found.outputs for found in results), strict=True)
        return Trace.by_kind(observed, [np.stack(values) for values in outputs])

    def stream(
        self: Any,
        batch_size: int = 1,
        *,
        steps_per_frame: int | None = None,
        readout: str | int | None = None,
        observe: Collection[str] = (),
    ) -> Stream:
        """Return a stream: the network taking one frame after the other.

        Args:
            batch_size: B, the number of rows, each a stream of its own.
            steps_per_frame: K, the time steps for which a frame is the input; 1 if
                None, and for a recurrent network those that it was converted for.
            readout: what the outputs say after a frame: "mean", of all frames so far;
                "last", that frame alone; a number n, the mean of the last n frames. If
                None, "last" for a recurrent network and one that sends changes
                (`sigma_delta`), else "mean".
            observe: any of "spikes", "potentials", "values" and "counts", for
                :meth:`tfsnn.simulation.stream.Stream.advance`.

        Raises:
            OptionError: for a network whose method needs the whole input: one that
                works layer by layer, looks ahead, or has pre-steps or digits.
        """
        graph, batch = self.graph, check_count("batch_size", batch_size)
        settings = self.frame_settings(batch, steps_per_frame, readout)
        return Stream(
            self.name,
            initial_state(graph, batch, settings),
            partial(self._frame, settings, frozenset(observe)),
            partial(checked_feed, self._structure, report=self.report),
            self.output_keys,
            partial(model_digest, graph),
        )

    def frame_settings(
        self: Any,
        batch: int | None,
        steps_per_frame: int | None,
        readout: str | int | None,
    ) -> FrameSettings:
        """Return how a frame is run, for B samples or any number (None).

        The other arguments and the errors are those of :meth:`stream`.
        """
        graph = self._structure
        check_over_time(graph, self.name, self.report.method)
        steps = steps_per_frame
        if steps is None:
            steps = self.timesteps if graph.states else 1
        return FrameSettings(
            check_count("steps_per_frame", steps),
            self.frame_readout(readout),
            self.chunk_for(batch),
            on_accelerator(),
        )

    def frame_readout(self: Any, readout: str | int | None) -> FrameReadout:
        """Return how outputs are read after a frame, as for :meth:`stream`."""
        last = self.clock.tracks or bool(self._structure.states)
        return frame_readout(readout, last=last)

    def _frame(
        self: Any,
        settings: FrameSettings,
        observe: frozenset[str],
        feed: dict[str, Any],
        state: list[Any],
    ) -> FrameResult:
        """Run the compiled simulation of a frame."""
        key = RunKey(settings.steps, observe, self.chunk, None, settings)
        counts = COUNTS in observe
        fan_outs = self.connections().columns if counts else {}
        by = self.engine_for(next(iter(feed.values())).shape[0], settings.steps)
        given = {"x": feed, "state": state}
        return self._simulations.run(fan_outs, key, given, by)


def refuse_frames(steps_per_frame: int | None, readout: str | int | None) -> None:
    """Refuse options of frames for still inputs.

    Raises:
        OptionError: for any but the usual ones.
    """
    if steps_per_frame not in (None, 1) or readout is not None:
        raise OptionError(
            f"steps_per_frame={steps_per_frame}, readout={readout!r} are for inputs "
            "that change: give over_time=True as well"
        )


def sequences_of(inputs: Mapping[str, tuple[int, ...]], x: Any) -> dict[str, Any]:
    """Return sequences of frames by input, ``(B, F, *shape)`` NumPy arrays.

    Args:
        inputs: name and shape of one frame, of each input.
        x: the only input, or of several a list in order or a dict by name.

    Raises:
        DataError: for other shapes, no frames, or inputs of different lengths.
    """
    sequences = {
        name: np.asarray(values) for name, values in by_name(inputs, x).items()
    }
    for name, values in sequences.items():
        shape = inputs[name]
        if values.shape[2:] != shape or values.ndim != len(shape) + 2:
            raise DataError(
                f"the input {name} has shape {values.shape}; over time it is (B, F, "
                f"{', '.join(map(str, shape))}), with F frames for each of B samples"
            )
    sizes = {name: values.shape[:2] for name, values in sequences.items()}
    if len(set(sizes.values())) > 1 or 0 in next(iter(sizes.values())):
        raise DataError(
            f"the inputs have these samples and frames: {sizes}; give each the same "
            "number, and at least one"
        )
    return sequences
