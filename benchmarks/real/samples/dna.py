"""Genomes: pieces of the contigs that jaeger ships, as letters or one-hot."""

from __future__ import annotations

import numpy as np

from benchmarks.real.samples.sources import Sources, generator, recipe

FASTA = "jaeger/data/test/test_contigs.fasta"


@recipe
def one_hot_dna(
    sources: Sources, count: int, length: int, letters: str = "ACGT"
) -> np.ndarray:
    """Cut pieces ``(N, length, 4)`` out of contigs of phages and bacteria."""
    pieces = _pieces(sources, count, length)
    return (pieces[..., None] == np.frombuffer(letters.encode(), "u1")).astype("f4")


@recipe
def dna_letters(
    sources: Sources, count: int, length: int, letters: str = "ACGT", first: int = 0
) -> np.ndarray:
    """Cut pieces ``(N, length)`` of numbers, `first` for the first letter and so on."""
    hot = one_hot_dna(sources, count, length, letters)
    return (hot.argmax(-1) + first).astype(np.float32)


def _pieces(sources: Sources, count: int, length: int) -> np.ndarray:
    contigs = []
    for record in sources.find(FASTA).read_text().split(">")[1:]:
        sequence = "".join(record.splitlines()[1:]).upper()
        contigs.append(np.frombuffer(sequence.encode(), "u1"))
    rng, genome = generator(), np.concatenate(contigs)
    starts = rng.integers(0, len(genome) - length, count)
    return np.stack([genome[s : s + length] for s in starts])
