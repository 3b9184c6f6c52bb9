"""Drawing samples from a stream of unknown length."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import numpy as np


class Reservoir:
    """Samples drawn from a stream, each of which is drawn with equal probability.

    Each sample gets a random number, and those with the smallest numbers are held. So
    a reservoir holds all that a smaller one with the same seed holds.
    """

    def __init__(self, size: int, seed: int) -> None:
        """Start empty, to hold `size` samples at most."""
        self.size, self.count = size, 0
        self.rng = np.random.default_rng(seed)
        # A heap of (-number, place, sample), whose first has the largest number.
        self.held: list[tuple[float, int, dict[str, np.ndarray]]] = []

    def pass_on(self, feed: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Draw from a batch, ``(B, *shape)`` by input, and return the batch."""
        for i in range(len(next(iter(feed.values()))) if self.size else 0):
            key, place = -self.rng.random(), self.count
            self.count += 1
            full = len(self.held) == self.size
            if full and key < self.held[0][0]:
                continue
            # A view would keep the whole batch in memory.
            sample = {name: np.array(values[i]) for name, values in feed.items()}
            put = heapq.heapreplace if full else heapq.heappush
            put(self.held, (key, place, sample))
        return feed

    def samples(self, count: int | None = None) -> dict[str, np.ndarray]:
        """Return the drawn samples, ``(N, *shape)`` by input, in the stream's order.

        Args:
            count: size of a smaller reservoir whose samples to return; None for all.
        """
        in_order = [sample for _, sample in self._drawn(count)]
        names = in_order[0] if in_order else ()
        return {name: np.stack([s[name] for s in in_order]) for name in names}

    def places(self, count: int | None = None) -> np.ndarray:
        """Return the places of :meth:`samples` in the stream, ``(N,)``, from 0."""
        return np.array([place for place, _ in self._drawn(count)], np.int64)

    def _drawn(self, count: int | None) -> list[tuple[int, dict[str, np.ndarray]]]:
        first = heapq.nlargest(self.size if count is None else count, self.held)
        return sorted([held[1:] for held in first], key=lambda held: held[0])
