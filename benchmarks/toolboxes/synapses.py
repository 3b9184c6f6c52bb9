"""The layers of ``neutral_network.py`` as lists of single synapses. Needs NumPy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Synapses(NamedTuple):
    """Synapses from the units of one layer, flattened, to those of another.

    Attributes:
        source, target: units, of each synapse.
        weight: of each synapse.
    """

    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray

    def apply(self, x: np.ndarray, units: int) -> np.ndarray:
        """Return what `units` receive from values of the source."""
        flat = x.ravel()[self.source] * self.weight
        return np.bincount(self.target, flat, units).astype(np.float32)


def convolution(
    node: dict[str, Any], kernel: np.ndarray, before: tuple[int, ...]
) -> Synapses:
    """List the synapses of a convolution without groups, on inputs of a shape."""
    if node["groups"] != 1:
        raise SystemExit(f"{node['name']}: groups are not listed here")
    places: list[tuple[np.ndarray, ...]] = []
    height, width, channels = node["shape"]
    for offset in np.ndindex(*kernel.shape[:2]):
        y, x = np.mgrid[:height, :width].reshape(2, -1)
        (top, _), (left, _) = node["pads"]
        rows = y * node["strides"][0] + offset[0] * node["dilation"][0] - top
        columns = x * node["strides"][1] + offset[1] * node["dilation"][1] - left
        inside = (rows >= 0) & (rows < before[0]) & (columns >= 0)
        inside &= columns < before[1]
        source = (rows * before[1] + columns)[inside] * before[2]
        target = (y * width + x)[inside] * channels
        all_of = np.broadcast_arrays(
            source[:, None, None] + np.arange(before[2])[:, None],
            target[:, None, None] + np.arange(channels),
            kernel[offset],
        )
        places.append(tuple(each.ravel() for each in all_of))
    source, target, weight = map(np.concatenate, zip(*places, strict=True))
    return Synapses(source, target, weight)


def dense_of_means(kernel: np.ndarray, before: tuple[int, ...]) -> Synapses:
    """List the synapses of a dense layer on the mean of each channel."""
    places = int(np.prod(before[:-1]))
    inputs, outputs = kernel.shape
    units = np.arange(places * inputs)
    weight = np.tile(kernel / places, (places, 1)).ravel()
    return Synapses(
        np.repeat(units, outputs), np.tile(np.arange(outputs), len(units)), weight
    )


def by_place_in_window(
    synapses: Synapses, shape: tuple[int, ...], pool: dict[str, Any]
) -> list[Synapses]:
    """Split synapses to units of a shape by the unit's place in its pooling window.

    Each part has the windows as targets, of which it reaches one place.
    """
    size = pool["size"]
    if size != pool["strides"] or any(sum(pads) for pads in pool["pads"]):
        raise SystemExit(f"{pool['name']}: windows overlap, or are padded")
    y, x, channel = np.unravel_index(synapses.target, shape)
    places = (y % size[0]) * size[1] + x % size[1]
    windows = np.ravel_multi_index(
        (y // size[0], x // size[1], channel), tuple(pool["shape"])
    )
    return [
        Synapses(*(v[places == k] for v in (synapses.source, windows, synapses.weight)))
        for k in range(size[0] * size[1])
    ]
