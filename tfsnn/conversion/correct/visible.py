"""How much of a wrong current the neurons that read it show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.node import Node
from tfsnn.network.nodes import Spiking

MARGIN = 0.1  # of the range of a population's spikes


def visible(readers: Sequence[Node], wanted: Any, current: Any) -> Any:
    """Return what a current lacks, as far as the nodes that read it show it.

    To neurons that rectify all are alike below zero, and above the range of their
    spikes, but for a margin, because currents fluctuate. Of smooth activations it is
    the difference in what they send.
    """
    neurons = [reader for reader in readers if isinstance(reader, Spiking)]
    if not neurons or len(neurons) < len(readers):
        return wanted - current
    if not neurons[0].rectifies:
        sent = neurons[0].population.response
        return sent(wanted) - sent(current)
    bounds = [each.max_coefficient for each in neurons]
    top = np.inf if None in bounds else float(max(map(np.max, bounds)))
    margin = MARGIN * top if np.isfinite(top) else MARGIN
    low = tf.where(wanted > 0, tf.minimum(wanted, top + margin), -np.inf)
    high = tf.where(wanted < top, tf.maximum(wanted, -margin), np.inf)
    return tf.clip_by_value(current, low, high) - current
