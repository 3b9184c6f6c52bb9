"""Ions of peptides: drawn, with the inputs of ionmob's network."""

from __future__ import annotations

import numpy as np

from benchmarks.real.samples.sources import Sources, generator, recipe

TWOMERS = 673  # pairs of amino acids that the network counts


@recipe
def ions(sources: Sources, count: int) -> dict[str, np.ndarray]:
    """Draw ions: mass over charge ``(N, 1)``, charge ``(N, 4)``, pairs ``(N, 673)``."""
    rng = generator()
    lengths = rng.integers(7, 30, count)
    charges = np.clip(np.round(lengths / 11 + rng.normal(0, 0.6, count)), 1, 4)
    masses = 112 * lengths + rng.normal(0, 60, count)
    pairs = np.zeros((count, TWOMERS), np.float32)
    for row, length in zip(pairs, lengths, strict=True):
        np.add.at(row, rng.integers(0, TWOMERS, length), 1)
    found = {
        "input_1": (masses / charges + 1.007)[:, None],
        "input_2": charges[:, None] == np.arange(1, 5),
        "input_3": pairs,
    }
    return {name: x.astype(np.float32) for name, x in found.items()}
