"""Samples that can be read again and again, and the checks that each batch passes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from tfsnn_numpy.checks import check_count
from tfsnn_numpy.errors import DataError
from tfsnn_numpy.ranges import LOG, Range, Ranges
from tfsnn_numpy.tasks.labels import Labels

Shape = tuple[int, ...]
Inputs = dict[str, Shape]  # of a model, by name
FIRST = 64  # samples whose labels tell what kind they are of
Raw = frozenset[str]  # the inputs whose integers are kept as they are
# x and y; x is an array, or for several inputs a dict[str, np.ndarray]. Labels are as
# they were stored: the task of an output reads them (tfsnn_numpy.tasks).
Batch = tuple[Any, Labels | None]
Stored = tuple[dict[str, np.ndarray], Labels | None]
# (things, how many or None, label) -> the same things, counted as they pass.
Progress = Callable[[Iterable[Any], int | None, str], Iterable[Any]]


class Header(NamedTuple):
    """The shape and type of an array, known before it is read."""

    shape: Any
    dtype: np.dtype


@dataclass(frozen=True)
class Data:
    """Samples that can be read again and again; made by :func:`open_data`.

    `inputs` are the shapes of one sample, by input of the model; the integers of those
    in `raw` are kept as they are.
    `size` is the number of samples, None when it is not known before reading.
    `read(n, start)` yields unchecked batches of at most n samples, as stored, by input,
    from sample `start` on; those before are passed over as cheaply as can be.
    `expected` are the ranges of values that a network was calibrated on: where those
    read do not fit them, the logger "tfsnn" gets a warning at the end.
    `over_time` says that samples are sequences of frames, which errors then number.
    `bytes_seen` are the inputs of which 8-bit values have been read so far.
    """

    name: str
    inputs: Inputs
    raw: Raw
    size: int | None
    has_labels: bool
    read: Callable[[int, int], Iterator[Stored]]
    limit: int | None = None
    start: int = 0
    expected: Mapping[str, Range] = field(default_factory=dict)
    over_time: bool = False
    bytes_seen: set[str] = field(default_factory=set)

    @property
    def input_shape(self) -> Shape | Inputs:
        """The shape of one sample; by name where there are several inputs."""
        return alone(self.inputs)

    def part(self, start: int, stop: int) -> Data:
        """Return the samples from `start` to `stop`, which errors name as before."""
        return replace(self, start=start, limit=stop - start, size=stop - start)

    def batches(
        self, batch_size: int, progress: Progress | None = None, label: str = "reading"
    ) -> Iterable[Batch]:
        """Read from the start, `batch_size` samples at a time (the last may be less).

        Yields x float32 ``(B, *input_shape)``, or a dict of such arrays by name for
        several inputs, and y as it is stored, ``(B, ...)``, a dict of such arrays for
        labels of several outputs, or None where the data has no labels; `progress` may
        wrap them. Raises OptionError for a `batch_size` below 1, and,
        while reading, DataError for samples that are damaged, of the wrong shape or
        type, not finite, or none at all.
        """
        check_count("batch_size", batch_size)
        batches = self._batches(batch_size)
        if progress is None:
            return batches
        count = None if self.size is None else -(-self.size // batch_size)
        return progress(batches, count, label)

    def first_labels(self, most: int = FIRST) -> Labels | None:
        """Read the labels of the first samples, `most` or fewer; None without any."""
        if not self.has_labels:
            return None
        fewer = most if self.limit is None else min(most, self.limit)
        _, y = next(iter(replace(self, limit=fewer).batches(fewer)))
        return y

    def _batches(self, batch_size: int) -> Iterator[Batch]:
        done, ranges = 0, Ranges()
        for x, y in self.read(batch_size, self.start):
            count = check_arrays(self.name, x, y, self.inputs, self.raw)
            if self.limit is not None:
                count = min(count, self.limit - done)
            first = self.start + done
            self.bytes_seen.update(k for k, v in x.items() if v.dtype == np.uint8)
            values = {
                key: _values(self, key, x[key][:count], first) for key in self.inputs
            }
            if self.expected:
                ranges.add(values)
            yield alone(values), None if y is None else each_label(y, _first(count))
            done += count
            if done == self.limit:
                break
        if done == 0:
            raise DataError(f"{self.name} holds no samples; give data with at least 1.")
        if found := ranges.warning(self.expected, self.name):
            LOG.warning(found)


@contextlib.contextmanager
def refusing(
    kinds: tuple[type[Exception], ...], what: str, way_out: str
) -> Iterator[None]:
    """Turn errors of these kinds into a DataError that says what and the way out."""
    try:
        yield
    except DataError:  # a ValueError as well, with a better message already
        raise
    except kinds as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(f"{what} ({reason}); {way_out}.") from error


def alone(by_input: dict[str, Any]) -> Any:
    """Return the value of the only input, or all by name if there are several."""
    return by_input if len(by_input) > 1 else next(iter(by_input.values()))


def each_label(y: Labels, change: Callable[[np.ndarray], np.ndarray]) -> Labels:
    """Return labels with a change made to each array of them."""
    if isinstance(y, Mapping):
        return {key: change(values) for key, values in y.items()}
    return change(y)


def _first(count: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda values: values[:count]


def check_arrays(
    name: str, x: Mapping[str, Any], y: Any, inputs: Inputs, raw: Raw
) -> int:
    """Refuse arrays that do not fit the inputs; return the number of samples.

    x holds, by input, a :class:`Header` or an array; y is one of them, or several by
    output, or None.
    """
    for key, array in x.items():
        what = f"{_what(key, inputs)} of {name}"
        _check_array(what, array, inputs[key], key in raw)
    counts = {_what(key, inputs): array.shape[0] for key, array in x.items()}
    first, size = next(iter(counts.items()))
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{what} {count}" for what, count in counts.items())
        raise DataError(
            f"{name}: the inputs differ in their number of samples ({found}); give "
            "each sample a row in every input."
        )
    labels: Mapping[Any, Any] = y if isinstance(y, Mapping) else {None: y}
    for output, array in labels.items():
        if array is not None and tuple(array.shape[:1]) != (size,):
            what = "y" if output is None else str(output)
            raise DataError(
                f"{name}: {first} has {size} samples but {what} is of shape "
                f"{tuple(array.shape)}; give one label per sample."
            )
    return size


def _check_array(what: str, array: Any, shape: Shape, raw: bool) -> None:
    received, dtype = tuple(array.shape), array.dtype
    if len(received) == 0 or shape not in (received[1:], (*received[1:], 1)):
        raise DataError(
            f"{what} has shape {received}, the model takes (N, "
            f"{', '.join(map(str, shape))}) for N samples; give data of the shape that "
            "the model was trained on."
        )
    integer = dtype.kind in "iu"
    if not (dtype == np.uint8 or dtype.kind in "fb" or (raw and integer)):
        out = "uint8 or float32, or keep its values with raw=True"
        raise DataError(
            f"{what} is of type {dtype}, whose range is not known; store it as "
            f"{out if integer else 'float32 or uint8'}."
        )


def require_one(what: str, inputs: Inputs) -> None:
    """Refuse data with one input for a model that takes several."""
    if len(inputs) > 1:
        raise DataError(
            f"{what} gives one input, the model takes {len(inputs)}: "
            f"{', '.join(inputs)}; give an npz file with an array for each."
        )


def _what(key: str, inputs: Inputs) -> str:
    return f"input {key!r}" if len(inputs) > 1 else "x"


def _values(data: Data, key: str, x: np.ndarray, start: int) -> np.ndarray:
    with np.errstate(over="ignore"):  # a float64 that becomes Inf is reported below
        values = x.astype(np.float32).reshape(len(x), *data.inputs[key])
    if x.dtype == np.uint8 and key not in data.raw:
        values *= np.float32(1 / 255)
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if not finite.all():
        row = int(finite.argmin())
        place = f"sample {start + row}"
        if data.over_time:
            frames = np.isfinite(values[row]).reshape(len(values[row]), -1).all(axis=1)
            place = f"frame {int(frames.argmin())} of {place}"
        raise DataError(
            f"{_what(key, data.inputs)} of {data.name} holds NaN or Inf (as float32) "
            f"in {place}, counted from 0; remove or repair it."
        )
    return values
