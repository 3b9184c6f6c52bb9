"""A graph simulated by TensorFlow and by OpenVINO, and that the two agree."""

import numpy as np
import tensorflow as tf

from tfsnn.simulation.compiled import RunKey, Simulations
from tfsnn.simulation.simulate import simulate


def simulations_of(graph):
    """The compiled simulations of a graph."""
    variables = {
        f"{node.name}.{field}": tf.constant(values, tf.float32)
        for node in graph
        for field, values in node.arrays().items()
    }
    return Simulations(graph, variables, True)


def both(graph, x, timesteps, observe=("spikes",), chunk=None, **options):
    """The results of TensorFlow, not compiled, and those of OpenVINO.

    TensorFlow's compiler takes divisions for products with the inverse, and OpenVINO is
    told not to.
    """
    feed = {name: tf.constant(values) for name, values in graph.feed(x).items()}
    in_openvino = simulations_of(graph)
    rule, fan_outs = options.get("early_exit"), options.get("fan_outs", {})
    key = RunKey(timesteps, frozenset(observe), chunk, rule)
    found = in_openvino.run(fan_outs, key, feed, "openvino")
    assert in_openvino.ran_by == "openvino", in_openvino.refusal
    tensors = graph.map_arrays(lambda node, field, values: tf.constant(values))
    options = {**options, "observe": observe, "gradients": False}
    return simulate(tensors, feed, timesteps, chunk=chunk or 1, **options), found


def assert_same(one, other, tolerance=1e-5):
    """Spikes and counts exactly, outputs to float32's rounding."""
    assert one.observed.keys() == other.observed.keys()
    for key, values in one.observed.items():
        if key.startswith(("spikes", "counts")):
            assert np.array_equal(values, other.observed[key]), key
    for a, b in zip(one.outputs, other.outputs, strict=True):
        size = max(1.0, float(np.abs(a).max()))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * size)
    assert np.array_equal(one.steps, other.steps)
