"""Recordings of events at random, a slow count of them, and files of them."""

import math
from fractions import Fraction

import numpy as np

SENSOR = (4, 5)


def recording(seed, count=60, sensor=SENSOR):
    """Random events in order of time, in microseconds, as arrays by field."""
    rng = np.random.default_rng(seed)
    return {
        "t": np.sort(rng.integers(0, 40_000, count)),
        "x": rng.integers(0, sensor[1], count).astype(np.uint16),
        "y": rng.integers(0, sensor[0], count).astype(np.uint16),
        "p": rng.integers(0, 2, count).astype(np.int8),
    }


def structured(fields):
    """The same as one structured array, as tonic has it."""
    names = list(fields)
    kinds = [(name, fields[name].dtype) for name in names]
    array = np.empty(len(fields["t"]), kinds)
    for name in names:
        array[name] = fields[name]
    return array


def counted(fields, shape, frame_of):
    """Count events one by one, in frame ``frame_of(number, t)``: ``(F, *shape)``."""
    frames = [frame_of(i, t) for i, t in enumerate(fields["t"].tolist())]
    counts = np.zeros((max(frames) + 1, *shape), np.float32)
    for i, frame in enumerate(frames):
        place = [frame, int(fields["y"][i]), int(fields["x"][i])]
        if len(shape) == 3:
            place.append(int(fields["p"][i] > 0) if shape[2] == 2 else 0)
        counts[tuple(place)] += 1
    return counts


def by_time(fields, shape, step):
    """Count events of integer times in frames of this many units, a Fraction."""
    first = int(fields["t"][0])
    return counted(fields, shape, lambda _, t: math.floor((Fraction(t) - first) / step))
