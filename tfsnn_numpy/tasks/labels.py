"""Labels as they are stored, and the questions that tasks ask of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

# As stored: an array (N, ...) for the only or first output, or arrays by output, whose
# keys are names or, where labels come as a list, numbers.
Labels = np.ndarray | Mapping[str | int, np.ndarray]


def whole(y: np.ndarray) -> bool:
    """Return whether all values are whole numbers."""
    if y.dtype.kind in "biu":
        return True
    return y.dtype.kind == "f" and bool(np.all(y == np.round(y)))


def yes_or_no(y: np.ndarray) -> bool:
    """Return whether all values are 0 or 1."""
    return y.dtype.kind in "biuf" and bool(np.isin(y, (0, 1)).all())


def flags(y: np.ndarray) -> bool:
    """Return whether values are 0 or 1, and not by chance: integers, or both seen."""
    return yes_or_no(y) and (y.dtype.kind in "biu" or len(np.unique(y)) == 2)


def one_hot(y: np.ndarray) -> bool:
    """Return whether the last axis holds a single 1 among zeros, everywhere."""
    return yes_or_no(y) and y.shape[-1] > 1 and bool((y.sum(-1) == 1).all())


def column(y: np.ndarray) -> np.ndarray:
    """Return labels ``(N, 1, ..., 1)`` as ``(N,)``; others as they are."""
    return y.reshape(len(y)) if y.size == len(y) else y


def joined_labels(parts: Sequence[Labels]) -> Labels | None:
    """Return the labels of consecutive batches as those of one.

    Outputs of which a batch has no labels have none.
    """
    named = [part for part in parts if isinstance(part, Mapping)]
    if not named:
        return np.concatenate([np.asarray(part) for part in parts])
    keys = [key for key in named[0] if all(key in part for part in named)]
    return {key: np.concatenate([part[key] for part in named]) for key in keys} or None


def by_output(y: Labels | None, names: Sequence[str]) -> list[np.ndarray | None]:
    """Return what is stored for each output, in order; None where there is nothing.

    An array alone belongs to the first output.

    Raises:
        KeyError: with the name of an output that the network does not have.
    """
    if y is None:
        return [None] * len(names)
    if not isinstance(y, Mapping):
        return [y, *[None] * (len(names) - 1)]
    found: dict[str, np.ndarray] = {}
    for key, values in y.items():
        known = key in names if isinstance(key, str) else key < len(names)
        if not known:
            raise KeyError(key)
        found[names[key] if isinstance(key, int) else key] = values
    return [found.get(name) for name in names]
