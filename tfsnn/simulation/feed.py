"""Checks of what a spiking model is fed: inputs by name, of the right shapes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import DataError
from tfsnn.network.graph import Graph
from tfsnn.simulation.report import ConversionReport
from tfsnn_numpy.ranges import BEYOND

LOG = logging.getLogger(__name__)
# Reports of networks of which the logger has had its warning, by id.
_WARNED: WeakValueDictionary[int, ConversionReport] = WeakValueDictionary()


def checked_feed(
    graph: Graph, x: Any, report: ConversionReport | None = None
) -> dict[str, Any]:
    """Return the inputs by name, as float32 ``(B, *shape)``.

    Args:
        graph: the graph whose inputs they are.
        x: the only input, or of several a list in order or a dict by name.
        report: the report of the network's conversion, to warn of 8-bit values that it
            was not calibrated on; None for no warning.

    Raises:
        DataError: for other inputs, or other shapes.
    """
    feed, checked = by_name(graph.given, x), {}
    for name, shape in graph.given.items():
        if report is not None and feed[name].dtype == np.uint8:
            _check_bytes(name, report)
        values = tf.cast(tf.convert_to_tensor(feed[name]), tf.float32)
        if tuple(values.shape[1:]) != shape:
            raise DataError(
                f"the input {name} has shape {tuple(values.shape)}; expected (B, "
                f"{', '.join(map(str, shape))})"
            )
        checked[name] = values
    return checked


def by_name(inputs: Mapping[str, tuple[int, ...]], x: Any) -> dict[str, Any]:
    """Return what is given for each input, by name.

    Args:
        inputs: the inputs by name, in order.
        x: the only input, or of several a list in order or a dict by name.

    Raises:
        DataError: if these are other inputs.
    """
    if isinstance(x, Mapping):
        values: Mapping[str, Any] = x
    else:
        listed = list(x) if isinstance(x, list | tuple) else [x]
        values = {}
        if len(listed) == len(inputs):
            values = dict(zip(inputs, listed, strict=True))
    if not set(inputs) <= set(values):
        raise DataError(
            f"the inputs are not {', '.join(inputs)}: give a list in that order, or a "
            "dict by name"
        )
    return {name: values[name] for name in inputs}


def float_feed(graph: Graph, x: Any) -> dict[str, Any]:
    """Return the inputs by name as float32, of a shape that was checked before."""
    return {name: tf.cast(value, tf.float32) for name, value in graph.feed(x).items()}


def _check_bytes(name: str, report: ConversionReport) -> None:
    """Warn once of 8-bit values given to a network that was calibrated on others."""
    _, high = report.ranges.get(name, (0.0, 255.0))
    if BEYOND * high < 255 and id(report) not in _WARNED:
        _WARNED[id(report)] = report
        LOG.warning(
            f"{name} is of 8-bit values 0..255, and the network was calibrated on "
            f"values up to {high:.4g}, 8-bit ones divided by 255: give {name} / 255"
        )


def input_spec(inputs: Mapping[str, tuple[int, ...]]) -> Any:
    """Return the input spec that Keras checks: None for several inputs."""
    if len(inputs) > 1:
        return None
    (shape,) = inputs.values()
    return keras.layers.InputSpec(shape=(None, *shape))
