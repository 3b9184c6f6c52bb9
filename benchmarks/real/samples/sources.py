"""The packages that samples are taken from, and the recipes by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.real.packages import located, unpacked

# Makes samples: sources, a number and options of the table go in, arrays come out.
Recipe = Callable[..., Any]
RECIPES: dict[str, Recipe] = {}


def recipe(function: Recipe) -> Recipe:
    """Register a recipe under its name."""
    RECIPES[function.__name__] = function
    return function


@dataclass(frozen=True)
class Sources:
    """Unpacked packages with what samples are made of.

    Attributes:
        packages: those named by the network, its own first.
        folder: where packages are kept.
    """

    packages: tuple[str, ...]
    folder: Path

    def find(self, pattern: str) -> Path:
        """Return the only path of all packages that matches a glob pattern.

        Raises:
            FileNotFoundError: if no package has it.
        """
        for package in self.packages:
            root = unpacked(package, self.folder)
            if any(root.glob(pattern)):
                return located(root, pattern)
        raise FileNotFoundError(f"{pattern} is in none of {', '.join(self.packages)}")


def generator(seed: int = 0) -> np.random.Generator:
    """Return the random numbers of a recipe: the same in every run."""
    return np.random.default_rng(seed)
