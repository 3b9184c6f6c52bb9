"""Refusals of networks whose values float32 does not hold on the calibration data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn.errors import CalibrationError
from tfsnn.network.graph import Graph

LARGEST = float(np.finfo(np.float32).max)
# Within this range sums of values and fractions of them keep their digits in float32.
LOW, HIGH = 1e-30, 1e30


def check_range(what: str, largest: float) -> None:
    """Refuse values that float32 holds only just.

    Args:
        what: the subject of the message, as in "the activations of dense".
        largest: the largest absolute value that was seen.

    Raises:
        CalibrationError: if it is beyond the range; 0 and infinity are not.
    """
    if largest == 0 or LOW <= largest <= HIGH or not np.isfinite(largest):
        return
    raise CalibrationError(
        f"{what} reach {largest:.3g} on the calibration data, and spikes need values "
        f"from {LOW:g} to {HIGH:g} in float32: check that the data is scaled as in "
        "training; or multiply the weights of one layer by a factor and those of the "
        "next by its inverse, so that values come near 1"
    )


def not_finite(
    graph: Graph, x: Mapping[str, Any], before: int, layer: str
) -> CalibrationError:
    """Return the error for a batch on which values of a layer are not finite.

    It names the first layer that gives such values.

    Args:
        graph: the ANN.
        x: the batch, by input.
        before: the number of samples before it.
        layer: the layer, named if no node before it has such values.
    """
    values = graph.forward(x)
    largest, what = 0.0, "a sum of its values is"
    for node in graph:
        found = np.asarray(values[node.name], np.float32)
        wrong = ~np.isfinite(found).reshape(len(found), -1)
        if wrong.any():
            layer = node.layer or node.name
            kind = "NaN" if np.isnan(found).any() else "infinite"
            sample = before + int(wrong.any(1).argmax())
            what = (
                f"{wrong.sum()} of {wrong.size} values are {kind}, first in "
                f"calibration sample {sample}, counted from 0,"
            )
            break
        largest = max(largest, float(np.abs(found).max(initial=0)))
    return CalibrationError(
        f"{layer}: {what} where the largest value before it is {largest:.3g} and "
        f"float32 ends at {LARGEST:.3g}: check that its weights are those of a trained "
        "network, and that the calibration data is scaled as in training"
    )
