"""Embeddings: vectors that are compared with each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn_numpy.tasks.classification import Classification
from tfsnn_numpy.tasks.contract import Sums
from tfsnn_numpy.tasks.labels import column, whole
from tfsnn_numpy.tasks.output import Output


class Embedding(Classification):
    """A vector for each sample, which lies near those of samples that are like it.

    Nearness is the cosine. Neighbours are looked for among the first samples, 1,000 at
    most.
    """

    name = "embedding"
    metric = "neighbour_accuracy"
    expects = "the number of a class or an identity for each sample (N,)"
    decision = "nearest neighbour"
    kept = 1000

    @classmethod
    def suits(cls, output: Output, y: np.ndarray | None) -> bool:
        """Take vectors of unit length."""
        if not cls.possible(output) or output.head != "unit_norm":
            return False
        return y is None or (column(y).ndim == 1 and whole(y))

    def read(self, y: np.ndarray, where: str, first: int = 0) -> np.ndarray:
        """Return identities ``(N,)``, int64."""
        numbers = column(y)
        if y.dtype.kind not in "biuf" or numbers.ndim != 1 or not whole(numbers):
            raise self.refusal(y, where)
        return numbers.astype(np.int64)

    def counted(self, outputs: np.ndarray, labels: np.ndarray) -> Sums:
        """Return nothing: a score needs samples side by side."""
        return {}

    def scores(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Return nothing: a score needs samples side by side."""
        return {}

    def of_each(self, outputs: np.ndarray, labels: np.ndarray) -> None:
        """Return nothing: a score needs samples side by side."""

    def agreed(self, outputs: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Return the cosine between the two networks' vectors, ``(N,)``."""
        ours, theirs = self._unit(outputs), self._unit(reference)
        return (ours * theirs).sum(1)

    def of_kept(
        self,
        outputs: np.ndarray,
        reference: np.ndarray | None,
        labels: np.ndarray | None,
    ) -> dict[str, float]:
        """Return what neighbours say.

        The share of samples whose nearest other one is of the same class; and against
        the ANN the share that has the same nearest one, and Spearman's correlation of
        all cosines between samples.
        """
        if len(outputs) < 3:
            return {}
        ours = self._cosines(outputs)
        nearest = ours.argmax(1)
        found = {}
        if labels is not None:
            found[self.metric] = float(np.mean(labels[nearest] == labels))
        if reference is not None:
            theirs = self._cosines(reference)
            found["agreement"] = float(np.mean(nearest == theirs.argmax(1)))
            pairs = np.triu_indices(len(ours), 1)
            ranks = [_ranks(cosines[pairs]) for cosines in (ours, theirs)]
            if all(np.ptp(values) > 0 for values in ranks):
                found["rank_correlation"] = float(np.corrcoef(np.array(ranks))[0, 1])
        return found

    def _unit(self, outputs: np.ndarray) -> np.ndarray:
        rows = outputs.reshape(len(outputs), self.output.size).astype(np.float64)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)

    def _cosines(self, outputs: np.ndarray) -> np.ndarray:
        """Return the cosines between samples; none is its own neighbour."""
        unit = self._unit(outputs)
        cosines = unit @ unit.T
        np.fill_diagonal(cosines, -np.inf)
        return cosines


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks of values, equal ones the mean of theirs."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[index]
