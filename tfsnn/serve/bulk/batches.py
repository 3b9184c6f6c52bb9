"""Samples of many files, in order, in batches that no shard shares with another.

So a shard depends on its samples and the batch size alone, and not on where the
prediction was stopped, nor on who made the shards before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.data.arrays import by_input
from tfsnn.errors import DataError
from tfsnn.serve.bulk.inputs import Reading, Source, open_source
from tfsnn_numpy.samples import FIRST, alone, each_label
from tfsnn_numpy.tasks import Labels
from tfsnn_numpy.tasks.labels import joined_labels


@dataclass(frozen=True)
class Batch:
    """Consecutive samples of one shard.

    Attributes:
        shard: the number of the shard.
        last: whether the shard ends here.
        index: numbers of the samples among all, ``(B,)`` int64.
        ids: source and row of each, ``(B,)`` text.
        x: float32 ``(B, *shape)``; by name for several inputs.
        y: labels as they are stored, or None.
    """

    shard: int
    last: bool
    index: np.ndarray
    ids: np.ndarray
    x: Any
    y: Labels | None

    def __len__(self) -> int:
        """Return B, the number of samples."""
        return len(self.index)


@dataclass(frozen=True)
class Samples:
    """The samples by source, cut into shards and batches."""

    root: Path
    sources: Sequence[Source]
    reading: Reading
    shard_size: int
    batch_size: int

    @property
    def size(self) -> int:
        """The number of samples."""
        return sum(source.samples for source in self.sources)

    @property
    def shards(self) -> int:
        """The number of shards; the last may be smaller."""
        return -(-self.size // self.shard_size)

    @property
    def labelled(self) -> bool:
        """Whether every sample has a label."""
        return all(source.labelled for source in self.sources)

    def first(self) -> tuple[Any, Labels | None]:
        """Return the first sample, as a batch of one, and the first labels.

        There are labels where every sample has some. The first source is opened once,
        for that compares an npz file with its checksums.
        """
        source = next(source for source in self.sources if source.samples)
        data, _ = open_source(self.root, source, self.reading)
        count = min(FIRST, source.samples) if self.labelled else 1
        x, y = next(iter(data.part(0, count).batches(count)))
        one = {
            key: values[:1]
            for key, values in by_input(data.name, x, data.inputs).items()
        }
        return alone(one), y if self.labelled else None

    def bounds(self, shard: int) -> tuple[int, int]:
        """Return the first sample of a shard, and the one after its last."""
        first = shard * self.shard_size
        return first, min(first + self.shard_size, self.size)

    def count(self, shards: Sequence[int]) -> int:
        """Count the batches in some shards."""
        sizes = (stop - start for start, stop in map(self.bounds, shards))
        return sum(-(-size // self.batch_size) for size in sizes)

    def batches(self, shards: Sequence[int]) -> Iterator[Batch]:
        """Read some shards, given in order; samples between them are passed over."""
        for run in _runs(shards):
            rows = _Rows(self._chunks(self.bounds(run[0])[0], self.bounds(run[-1])[1]))
            for shard in run:
                first, stop = self.bounds(shard)
                for i in range(first, stop, self.batch_size):
                    end = min(i + self.batch_size, stop)
                    x, y, ids = rows.take(end - i)
                    index = np.arange(i, end)
                    labels = y if self.labelled else None
                    yield Batch(shard, end == stop, index, ids, alone(x), labels)

    def _chunks(self, start: int, stop: int) -> Iterator[_Chunk]:
        """Read the samples from `start` to `stop` in chunks, source by source."""
        first = 0
        for source in self.sources:
            low, high = max(start - first, 0), min(stop - first, source.samples)
            first += source.samples
            if low >= high:
                continue
            data, name = open_source(self.root, source, self.reading)
            row = low
            for x, y in data.part(low, high).batches(self.batch_size):
                feed = by_input(data.name, x, data.inputs)
                count = len(next(iter(feed.values())))
                ids = [name(i) for i in range(row, row + count)]
                yield _Chunk(feed, y, np.array(ids))
                row += count
            if row != high:
                raise DataError(
                    f"{data.name} held {source.samples} samples and now holds {row}; "
                    "leave it alone while it is being read, and run again."
                )


def _runs(numbers: Sequence[int]) -> list[list[int]]:
    """Split numbers into runs of consecutive ones."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] + 1 == number:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


@dataclass(frozen=True)
class _Chunk:
    x: dict[str, np.ndarray]
    y: Labels | None
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, part: slice) -> _Chunk:
        x = {key: values[part] for key, values in self.x.items()}
        y = None if self.y is None else each_label(self.y, itemgetter(part))
        return _Chunk(x, y, self.ids[part])


class _Rows:
    """A reader of any number of rows from chunks of other sizes."""

    def __init__(self, chunks: Iterator[_Chunk]) -> None:
        self.chunks = chunks
        self.rest: _Chunk | None = None

    def take(self, count: int) -> tuple[dict[str, np.ndarray], Any, np.ndarray]:
        """Return x by input, y (None if some have none) and ids of the next rows."""
        parts: list[_Chunk] = []
        while (needed := count - sum(map(len, parts))) > 0:
            chunk = self.rest or next(self.chunks)
            parts.append(chunk.rows(slice(needed)))
            self.rest = chunk.rows(slice(needed, None)) if len(chunk) > needed else None
        x = {key: np.concatenate([p.x[key] for p in parts]) for key in parts[0].x}
        labels = [p.y for p in parts if p.y is not None]
        y = joined_labels(labels) if len(labels) == len(parts) else None
        return x, y, np.concatenate([p.ids for p in parts])
