"""A stream: a spiking network that takes one frame after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import DataError, OptionError
from tfsnn.simulation.frames import FRAMES, FrameResult
from tfsnn.simulation.stream_state import NETWORK, plain, restored
from tfsnn.sources.keras_model.structure import OutputKeys, arranged_outputs

# (frames by input, state as a list of tensors) -> what one frame gives.
Advance = Callable[[dict[str, Any], list[Any]], FrameResult]


class Stream:
    """A network that takes a frame at a time, and the state that lasts between them.

    Made by :meth:`tfsnn.SpikingModel.stream`. Its memory does not grow with the number
    of frames, and neither do rounding errors.

    Attributes:
        name: the name of the network.
        batch_size: B, the rows; each is a stream of its own.
    """

    def __init__(
        self,
        name: str,
        initial: Mapping[str, Any],
        advance: Advance,
        check: Callable[[Any], dict[str, Any]],
        output_keys: OutputKeys,
        digest: Callable[[], str],
    ) -> None:
        """Take what a network does with a frame.

        Args:
            name: the name of the network.
            initial: the state before the first frame.
            advance: runs the network on a frame.
            check: returns frames by input, after checking their shapes.
            output_keys: how the model arranges its outputs.
            digest: computes the digest of the network, in hexadecimal.
        """
        self.name, self.batch_size = name, int(initial[FRAMES].shape[0])
        self._initial = initial
        self._first = self._leaves = tf.nest.flatten(initial)
        self._advance, self._check, self._output_keys = advance, check, output_keys
        self._hex_digest = digest

    @property
    def frames(self) -> np.ndarray:
        """The frames that each row has taken, ``(B,)`` integers."""
        return self._packed()[FRAMES].numpy()

    def step(self, frame: Any) -> Any:
        """Take one frame, and return what the outputs say after it.

        That is exactly what ``simulate(x, over_time=True).outputs`` has for it.

        Args:
            frame: the input of each row, ``(B, *input shape)``; of several inputs a
                list in order or a dict by name.

        Returns:
            The outputs as ``predict`` gives them, ``(B, ...)``.

        Raises:
            DataError: for a frame of another shape or batch, or with NaN or Inf; the
                state is as before.
        """
        outputs = [values.numpy() for values in self.advance(frame).outputs]
        return arranged_outputs(self._output_keys, outputs)

    def advance(self, frame: Any) -> FrameResult:
        """Take one frame, and return all that was observed, as tensors.

        The arguments and errors are those of :meth:`step`.
        """
        feed = self._check(frame)
        for name, values in feed.items():
            self._check_values(name, values.numpy())
        result = self._advance(feed, self._leaves)
        self._leaves = tf.nest.flatten(result.state)
        return result

    @property
    def state(self) -> dict[str, Any]:
        """The state after the last frame: dicts and lists of NumPy arrays.

        It can be saved, sent to another process and set there, in a stream of the same
        network and batch. Set, it is refused with a DataError if it is of another one.
        """
        return {NETWORK: self._digest.copy(), **plain(self._packed())}

    @state.setter
    def state(self, state: Any) -> None:
        """Continue from a state.

        Raises:
            DataError: for the state of another network, batch or readout.
        """
        if not isinstance(state, Mapping) or NETWORK not in state:
            raise DataError(
                f"the state for {self.name} is {state!r:.60}: give what `state` of a "
                "stream gave"
            )
        rest = {key: part for key, part in state.items() if key != NETWORK}
        digest = np.asarray(state[NETWORK])
        leaves = restored(rest, self._initial, self.name)
        if not np.array_equal(digest, self._digest):
            found, own = (each.tobytes().hex()[:12] for each in (digest, self._digest))
            raise DataError(
                f"the state is of another network ({found}) than {self.name} ({own}), "
                "of the same form but with other weights: load the one that it is of"
            )
        self._leaves = [tf.constant(leaf) for leaf in leaves]

    def reset(self, rows: int | Sequence[int] | np.ndarray | None = None) -> None:
        """Begin anew.

        Args:
            rows: the rows that begin anew, by number or as a mask ``(B,)`` of bool; all
                if None.

        Raises:
            OptionError: for rows that there are not.
        """
        if rows is None:
            self._leaves = self._first
            return
        mask = self._mask(rows)
        self._leaves = [
            tf.where(mask.reshape((-1,) + (1,) * (len(leaf.shape) - 1)), first, leaf)
            for first, leaf in zip(self._first, self._leaves, strict=True)
        ]

    @cached_property
    def _digest(self) -> np.ndarray:
        return np.frombuffer(bytes.fromhex(self._hex_digest()), np.uint8)

    def _packed(self) -> dict[str, Any]:
        return tf.nest.pack_sequence_as(self._initial, self._leaves)

    def _mask(self, rows: Any) -> np.ndarray:
        given = np.asarray(rows)
        if given.dtype == bool and given.shape == (self.batch_size,):
            return given
        numbers = np.atleast_1d(given)
        whole = numbers.dtype.kind in "iu" or not numbers.size
        if (
            not whole
            or numbers.ndim > 1
            or not set(numbers) <= {*range(self.batch_size)}
        ):
            raise OptionError(
                f"rows={rows!r}: the stream has {self.batch_size}, numbered from 0; "
                "give some of these numbers, or a mask of all"
            )
        return np.isin(np.arange(self.batch_size), numbers)

    def _check_values(self, name: str, values: np.ndarray) -> None:
        if len(values) != self.batch_size:
            raise DataError(
                f"the frame of {name} has {len(values)} rows, the stream of "
                f"{self.name} {self.batch_size}: give each row a frame, or make a "
                f"stream(batch_size={len(values)})"
            )
        finite = np.isfinite(values).reshape(len(values), -1).all(1)
        if not finite.all():
            row = int(finite.argmin())
            raise DataError(
                f"frame {self.frames[row]} of row {row} (both counted from 0) holds "
                f"NaN or Inf in {name}: leave the frame out, or repair it"
            )


def each_frame(stream: Stream, x: Mapping[str, Any]) -> Iterator[FrameResult]:
    """Yield what a stream makes of each frame of sequences ``(B, F, ...)``, by input.

    Raises:
        DataError: as :meth:`Stream.step`.
    """
    for number in range(next(iter(x.values())).shape[1]):
        yield stream.advance({name: values[:, number] for name, values in x.items()})
