"""Spikes in few bits: integers of a known range, several in each byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Spiking

LARGEST = 127  # of the integers that fit into a byte with either sign


@dataclass(frozen=True)
class Packing:
    """The way to pack integers from `least` to `most`, at most 256 values.

    One takes 1, 2, 4 or 8 bits. All numbers on the way are small integers, which floats
    hold exactly, and no integer tensor of the size of the spikes is made.
    """

    least: int
    most: int

    @property
    def bits(self) -> int:
        """The bits that one integer takes."""
        span = self.most - self.least
        return next(bits for bits in (1, 2, 4, 8) if span < 2**bits)

    def pack(self, values: Any) -> Any:
        """Pack n integers, a float tensor of any shape: bytes ``(ceil(n b / 8),)``."""
        codes = tf.reshape(values, (-1,))
        codes = codes - float(self.least) if self.least else codes
        places = 8 // self.bits
        if places == 1:
            return tf.cast(codes, tf.uint8)
        known = codes.shape[0]
        missing = -(tf.size(codes) if known is None else known) % places
        if known is None or missing:
            codes = tf.pad(codes, [[0, missing]])
        weights = np.float32(2) ** (self.bits * np.arange(places, dtype=np.float32))
        summed = tf.matmul(tf.reshape(codes, (-1, places)), weights[:, None])
        return tf.cast(tf.reshape(summed, (-1,)), tf.uint8)

    def unpack(self, packed: Any, shape: Any) -> Any:
        """Return the integers as floats of the shape that they had."""
        places = 8 // self.bits
        if places == 1:
            values = tf.cast(packed, tf.float32) + float(self.least)
            return tf.reshape(values, shape)
        shifts = self.bits * np.arange(places)
        table = (np.arange(256)[:, None] >> shifts & 2**self.bits - 1) + self.least
        values = tf.gather(table.astype(np.float32), tf.cast(packed, tf.int32))
        count = tf.reduce_prod(shape)
        return tf.reshape(tf.reshape(values, (-1,))[:count], shape)


def packings(graph: Graph) -> dict[str, Packing]:
    """Return how the values of a spiking graph's nodes can be packed, by name.

    The nodes are populations that send integers of a known range, and what passes those
    on as integers, such as max pooling. Other nodes are left out.
    """
    found: dict[str, Packing] = {}
    for node in graph:
        if isinstance(node, Spiking):
            if (packing := _of_spikes(node)) is not None:
                found[node.name] = packing
        elif node.integers and node.inputs and all(n in found for n in node.inputs):
            reads = [found[name] for name in node.inputs]
            most = max(max(read.most, -read.least) for read in reads)
            found[node.name] = Packing(-most, most)  # sums that fall send a negative
    return found


def _of_spikes(node: Spiking) -> Packing | None:
    if node.arrays().keys() & {"threshold", "max_coefficient"}:
        return None  # numbers that are not known while a program is traced
    population = node.population
    most = population.largest_spike
    if most > LARGEST or most != int(most):
        return None
    signed = population.negative_threshold is not None
    return Packing(-int(most) if signed else 0, int(most))
