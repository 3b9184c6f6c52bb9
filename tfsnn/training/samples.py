"""The samples of a training run: batches whose order depends on seed and epoch alone.

So a run that was interrupted continues with the very batches that it would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.data import Batch, Data, Progress
from tfsnn.data.arrays import by_input
from tfsnn.errors import DataError
from tfsnn.training.augment import Augmentation
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.ranges import Ranges
from tfsnn_numpy.samples import alone

# Memory of the samples among which the next ones are drawn.
POOL_BYTES = 2**29
READ = 256  # samples at a time
Columns = dict[tuple[str, str], np.ndarray]  # by ("x", input) or ("y", output)


class Samples:
    """Training data in batches of one size, shuffled by seed and epoch.

    Samples beyond the last whole batch of an epoch are left out of it; they differ from
    epoch to epoch.

    Attributes:
        data: the data.
        judging: the tasks that read its labels.
        batch_size: samples in a batch; all of them if there are fewer.
        seed: the seed of order and augmentation.
        count: the number of samples, None before :meth:`check`.
        error: what the data raised while Keras read it.
    """

    def __init__(
        self,
        data: Data,
        judging: Judging,
        batch_size: int,
        seed: int = 0,
        augmentation: Augmentation | None = None,
    ) -> None:
        """Take data; nothing is read yet."""
        self.data, self.judging = data, judging
        self.batch_size, self.seed = batch_size, seed
        self.augmentation = augmentation
        self.count: int | None = None
        self.error: Exception | None = None

    @property
    def steps(self) -> int:
        """The number of batches of an epoch."""
        assert self.count is not None, "check() comes first"
        return self.count // self.batch_size

    def check(self, progress: Progress | None = None) -> None:
        """Read all samples once, and refuse what would spoil the training.

        Raises:
            DataError: for labels that do not fit, NaN or Inf, and values of another
                scale than those of the calibration.
        """
        ranges, count = Ranges(), 0
        unwarned = replace(self.data, expected={})  # it is an error here
        for x, y in unwarned.batches(READ, progress, "checking the samples"):
            feed = by_input(self.data.name, x, self.data.inputs)
            self._labels(y)
            ranges.add(feed)
            count += len(next(iter(feed.values())))
        if found := ranges.warning(self.data.expected, self.data.name):
            raise DataError(found)
        self.count = count
        self.batch_size = min(self.batch_size, count)

    def first(self) -> Any:
        """Return x of the first samples, a batch of them, in the order of the data."""
        return next(iter(self.data.batches(self.batch_size)))[0]

    def dataset(self, epoch: int, skip: int = 0) -> tf.data.Dataset:
        """Return the batches of an epoch, without the first `skip`, for ``fit``.

        Elements are x, or x and the labels: of one output an array, of several a dict
        of those that have labels.
        """

        def batches() -> Iterator[Any]:
            try:
                yield from self.batches(epoch, skip)
            except Exception as error:
                self.error = error  # TensorFlow makes another one of it
                raise

        signature = tf.nest.map_structure(
            lambda values: tf.TensorSpec((None, *values.shape[1:]), values.dtype),
            next(self.batches(epoch)),
        )
        found = tf.data.Dataset.from_generator(batches, output_signature=signature)
        return found.apply(
            tf.data.experimental.assert_cardinality(self.steps - skip)
        ).prefetch(2)

    def batches(self, epoch: int, skip: int = 0) -> Iterator[Any]:
        """Yield the batches of an epoch, without the first `skip`."""
        size, done, pool = self.batch_size, 0, _Pool(self.seed, epoch)
        for columns in pool.shuffled(map(self._columns, self.data.batches(READ))):
            rows = len(next(iter(columns.values())))
            for start in range(0, rows - size + 1, size):
                if done >= skip:
                    yield self._batch(_rows(columns, start, start + size), epoch, done)
                done += 1
            pool.left = _rows(columns, rows - rows % size, rows)

    def _columns(self, batch: Batch) -> Columns:
        x, y = batch
        feed = by_input(self.data.name, x, self.data.inputs)
        columns: Columns = {("x", name): values for name, values in feed.items()}
        labels = zip(self.judging.tasks, self._labels(y), strict=True)
        for task, values in labels:
            if values is not None:
                narrow = np.float32 if values.dtype.kind == "f" else values.dtype
                columns["y", task.output.name] = values.astype(narrow, copy=False)
        return columns

    def _labels(self, y: Any) -> list[np.ndarray | None]:
        return self.judging.read(y)

    def _batch(self, columns: Columns, epoch: int, step: int) -> Any:
        feed = {key[1]: values for key, values in columns.items() if key[0] == "x"}
        labels = {key[1]: values for key, values in columns.items() if key[0] == "y"}
        if self.augmentation is not None:
            drawn = np.random.default_rng((self.seed, epoch, step))
            feed = {k: self.augmentation(v, drawn) for k, v in feed.items()}
        if not labels:
            return (alone(feed),)
        several = len(self.judging.tasks) > 1
        return alone(feed), labels if several else next(iter(labels.values()))


class _Pool:
    """A pool in which samples wait to be drawn.

    Attributes:
        left: samples that were drawn and not used yet; they come first.
    """

    def __init__(self, seed: int, epoch: int) -> None:
        self.drawn = np.random.default_rng((seed, epoch))
        self.left: Columns = {}

    def shuffled(self, blocks: Iterator[Columns]) -> Iterator[Columns]:
        """Yield all samples in a drawn order, up to half a pool at a time."""
        waiting: list[Columns] = []
        held = 0
        for block in blocks:
            waiting.append(block)
            held += sum(values.nbytes for values in block.values())
            if held >= POOL_BYTES:
                mixed = self._mixed(waiting)
                rows = len(next(iter(mixed.values())))
                yield self._with_left(_rows(mixed, 0, rows // 2))
                waiting = [_rows(mixed, rows // 2, rows)]
                held = sum(values.nbytes for values in waiting[0].values())
        if waiting:
            yield self._with_left(self._mixed(waiting))

    def _mixed(self, parts: list[Columns]) -> Columns:
        rows = sum(len(next(iter(part.values()))) for part in parts)
        order = self.drawn.permutation(rows)
        return {k: v[order] for k, v in _joined(parts).items()}

    def _with_left(self, columns: Columns) -> Columns:
        return _joined([self.left, columns]) if self.left else columns


def _joined(parts: list[Columns]) -> Columns:
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _rows(columns: Mapping[tuple[str, str], np.ndarray], start: int, end: int) -> Any:
    return {key: values[start:end] for key, values in columns.items()}
