"""Samples drawn from a stream of unknown length."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import numpy as np


class Reservoir:
    """A sample of a stream, each of its members as likely as any other.

    Those are held to which the smallest random numbers fall, so that what a smaller
    reservoir of the same seed holds is part of it.
    """

    def __init__(self, size: int, seed: int) -> None:
        """Hold `size` samples at most."""
        self.size, self.count = size, 0
        self.rng = np.random.default_rng(seed)
        # A heap, whose first has the largest number: (-number, place, sample).
        self.held: list[tuple[float, int, dict[str, np.ndarray]]] = []

    def pass_on(self, feed: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Draw from a batch, ``(B, *shape)`` by input, which is handed back."""
        for i in range(len(next(iter(feed.values()))) if self.size else 0):
            key, place = -self.rng.random(), self.count
            self.count += 1
            full = len(self.held) == self.size
            if full and key < self.held[0][0]:
                continue
            # A copy: the sample alone is kept, not its batch.
            sample = {name: np.array(values[i]) for name, values in feed.items()}
            put = heapq.heapreplace if full else heapq.heappush
            put(self.held, (key, place, sample))
        return feed

    def samples(self, count: int | None = None) -> dict[str, np.ndarray]:
        """What was drawn, ``(N, *shape)`` by input, in the order of the stream.

        Of fewer, `count`, what a reservoir of that size holds.
        """
        in_order = [sample for _, sample in self._drawn(count)]
        names = in_order[0] if in_order else ()
        return {name: np.stack([s[name] for s in in_order]) for name in names}

    def places(self, count: int | None = None) -> np.ndarray:
        """Where :meth:`samples` were in the stream, ``(N,)``, counted from 0."""
        return np.array([place for place, _ in self._drawn(count)], np.int64)

    def _drawn(self, count: int | None) -> list[tuple[int, dict[str, np.ndarray]]]:
        first = heapq.nlargest(self.size if count is None else count, self.held)
        return sorted([held[1:] for held in first], key=lambda held: held[0])
