"""Networks of n bits, trained on the shipped MNIST images."""

import functools

import numpy as np
import tensorflow as tf
from learnt_networks import images

from benchmarks.quantised import plain
from tfsnn.network.nodes import Rate

STEPS = 60


def pictures(part):
    """The shipped images of a part, from 0 to 1, and their labels."""
    x, y = images(part)["mnist"]
    return x.astype(np.float32) / 255, y


@functools.cache
def trained(bits, form):
    """A network in plain TensorFlow, trained once in a session."""
    return plain.trained(bits, form, *pictures("test"), STEPS)


def exported(net, folder):
    """The folder of the network's SavedModel."""
    path = folder / "saved_model"
    tf.saved_model.save(net, path, signatures=net.__call__)
    return path


def differing(snn, graph, x):
    """Counts of each population that are not the ANN's, and the distance to a tie.

    Returns pairs: how many differ, and the largest distance of their currents in the
    ANN from half a level, in levels.
    """
    values = graph.forward(tf.constant(x))
    spikes = snn.simulate(x).spikes
    found = {}
    for node in graph.of_kind(Rate):
        rounding, sent = node.rounding, spikes[node.name].astype(np.float64)
        base = snn.graph.clock.base
        counts = np.zeros(sent.shape[1:])
        for digit in sent:
            counts = base * counts + digit
        current = values[node.inputs[0]]
        wrong = counts != rounding.counts(current).numpy()
        away = np.abs(rounding.quotient(current).numpy() % 1 - 0.5)[wrong]
        found[node.name] = int(wrong.sum()), float(away.max(initial=0))
    return found
