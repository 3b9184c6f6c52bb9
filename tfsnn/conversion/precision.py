"""Synapses in bfloat16: spikes stay exact, only weights and currents round.

bfloat16 has 8 significant bits, so integers up to 256 are exact in it. A synapse that
receives such spikes is computed in bfloat16; weights, biases and the current that
leaves it are rounded to 8 bits (a relative error of 2^-9 at most), sums inside a
product are those of the device, float32 wherever there is bfloat16. Potentials stay
float32, and so does every synapse that receives analog values, such as the first one.
"""

from __future__ import annotations

import dataclasses
import logging

import numpy as np
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.hardware.bfloat16 import computes_in_bfloat16
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Linear
from tfsnn_numpy.defaults import PRECISIONS

LOG = logging.getLogger(__name__)
EXACT = 256  # bfloat16 has all integers up to it


def check_precision(precision: str) -> None:
    """Refuse a precision that does not exist.

    Raises:
        OptionError: for one that is not in :data:`tfsnn_numpy.defaults.PRECISIONS`.
    """
    if precision not in PRECISIONS:
        raise OptionError(
            f"precision={precision!r}; expected one of {', '.join(PRECISIONS)}"
        )


def with_precision(graph: Graph, precision: str) -> Graph:
    """Return a spiking graph in normal form with its synapses in a precision.

    Raises:
        OptionError: for an unknown precision, or bfloat16 where no synapse receives
            integers of at most 256.
    """
    check_precision(precision)
    if precision == "float32":
        return graph
    if precision != "bfloat16":
        raise OptionError(
            f"precision={precision!r}: integers are chosen when a network is converted "
            "(tfsnn.convert), not afterwards"
        )
    if not computes_in_bfloat16():
        LOG.info(
            "precision bfloat16: this machine has no instructions for it that are "
            "known, so the network runs in float32 here, with the same rounded "
            "weights; a machine that has them rounds currents as well"
        )
    sizes = _sizes(graph)
    rounded = {
        node.name: _rounded(node)
        for node in graph.of_kind(Linear)
        if sizes[node.inputs[0]] <= EXACT and _is_fast(node)
    }
    if not rounded:
        raise OptionError(
            "precision='bfloat16': no dense layer or convolution of this network "
            "receives spikes that are integers up to 256; take float32, or a method "
            "whose spikes are such integers (paced, termapping, augmapping)"
        )
    nodes = tuple(rounded.get(node.name, node) for node in graph)
    return dataclasses.replace(graph, nodes=nodes)


def precision_of(graph: Graph) -> str:
    """Return the lowest precision among the synapses of a graph."""
    found = {node.precision for node in graph.of_kind(Linear)}
    lower = [precision for precision in PRECISIONS if precision in found]
    return lower[-1] if lower else "float32"


def _is_fast(node: Linear) -> bool:
    """Return whether the operation of a node is one that devices have in bfloat16."""
    return node.form == "dense" or (node.form == "conv" and len(node.strides) < 3)


def _rounded(node: Linear) -> Linear:
    """Round weights to bfloat16, but keep them as float32, for all file formats."""
    dtype = tf.bfloat16.as_numpy_dtype
    arrays = {
        name: np.asarray(values).astype(dtype).astype(np.float32)
        for name, values in node.arrays().items()
    }
    return node.replace(precision="bfloat16", **arrays)


def _sizes(graph: Graph) -> dict[str, float]:
    """Return n for each signal, whose values are some k / 2^i with |k| <= n.

    n is infinite where values are no such numbers, or have no bound.
    """
    sizes: dict[str, float] = {}
    for node in graph:
        reads = [sizes[name] for name in node.inputs]
        sizes[node.name] = node.bound(reads)
    return sizes
