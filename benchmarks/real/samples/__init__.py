"""Recipes of samples: by name, each makes arrays of what a network was made for."""

from benchmarks.real.samples import (
    audio,
    dna,
    heads,
    images,
    ions,
    nights,
    signals,
    stars,
    text,
    trees,
)
from benchmarks.real.samples.sources import RECIPES, Sources

__all__ = [
    "RECIPES",
    "Sources",
    "audio",
    "dna",
    "heads",
    "images",
    "ions",
    "nights",
    "signals",
    "stars",
    "text",
    "trees",
]
