"""What cannot be rebuilt before or behind a network: the message names the option."""

import keras
import pytest
import tensorflow as tf
from saved_model_files import export
from saved_model_graphs import array, network_of, of

import tfsnn
from tfsnn.sources import load_model
from tfsnn.sources.saved_model.rebuild import Rebuild

KERNELS = array(4, 4), array(4, 3)


def refused(function, *inputs):
    """The reasons by operation."""
    with pytest.raises(tfsnn.UnsupportedError) as caught:
        network = network_of(function, *inputs)
        network.fold()
        specs = {
            name: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)
            for name, tensor in network.inputs.items()
        }
        Rebuild(network).model(specs, "m")
    return {kind: why for _, kind, why in caught.value.problems}


def network(x):
    return tf.matmul(tf.nn.relu(tf.matmul(x, KERNELS[0])), KERNELS[1])


def test_text_before_a_network():
    """Of two operations, the last is the one behind which the network begins."""

    def function(x):
        numbers = tf.strings.to_number(tf.strings.lower(x, name="lower"), name="read")
        return network(numbers)

    why = refused(function, (4, tf.string))
    assert set(why) == {"StringLower", "StringToNumber"}
    assert "(--from read)" in why["StringToNumber"]
    assert "inputs='read' of load_model" in why["StringToNumber"]
    assert "--from" not in why["StringLower"]


def test_decisions_behind_a_network():
    def function(x):
        y = tf.identity(tf.nn.relu(network(x), name="scores"))
        best = tf.nn.top_k(y, 2, name="best").values
        return {"best": best, "unique": tf.unique(tf.reshape(best, [-1]))[0]}

    why = refused(function, (4,))
    assert "(--to " in why["TopKV2"] and "outputs='" in why["TopKV2"]
    assert "--to" not in why["Unique"]  # it goes with the first


def test_the_name_is_that_of_the_operation_that_is_read():
    def function(x):
        y = tf.nn.relu(network(x), name="scores")
        return tf.image.non_max_suppression(
            tf.stack([y[:, 0]] * 4, 1), y[:, 0], 2, name="nms"
        )

    why = refused(function, (4,))
    assert "chooses among boxes" in why["NonMaxSuppressionV3"]
    assert "(--to stack)" in why["NonMaxSuppressionV3"]


def test_what_is_found_while_rebuilding():
    def function(x):
        y = network(x)
        return {"y": tf.gather_nd(y, tf.cast(y, tf.int32)[..., :2], name="taken")}

    assert "--to " in refused(function, (4,))["GatherNd"]


def test_in_the_middle_there_is_no_such_way():
    def function(x):
        return network(tf.nn.top_k(tf.matmul(x, KERNELS[0]), 4).values)

    why = refused(function, (4,))["TopKV2"]
    assert "sorts" in why and "--" not in why


def test_recurrent_layers_of_free_length_are_named(tmp_path):
    stack = [keras.layers.GRU(3, name="memory"), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((None, 2)), *stack])
    with pytest.raises(tfsnn.UnsupportedError) as caught:
        load_model(export(model, tmp_path / "m"))
    ((_, loop, why),) = caught.value.problems
    assert loop in ("While", "StatelessWhile")
    assert "recurrent layers do (here 'memory" in why and "--input-shape" in why


def test_loops_of_other_kinds(tmp_path):
    def function(x):
        return tf.while_loop(
            lambda i, _: i < tf.reduce_sum(x), lambda i, s: (i + 1.0, s * 2.0), (0.0, x)
        )[1]

    (why,) = refused(function, (4,)).values()
    assert "depends on values" in why


@pytest.mark.parametrize(
    ("kind", "function", "said"),
    [
        ("MatrixInverse", lambda x: tf.linalg.inv(x), "solves matrices"),
        ("Angle", lambda x: tf.math.angle(tf.signal.rfft(x)), "complex numbers"),
        ("Lgamma", lambda x: tf.math.lgamma(x), "keras.ops does not have"),
        ("RGBToHSV", lambda x: tf.image.rgb_to_hsv(x), "converts colours"),
        ("ReluGrad", lambda x: of("ReluGrad", x, x), "belongs to training"),
        (
            "StatelessIf",
            lambda x: tf.cond(x[0, 0, 0] > 0, lambda: x, lambda: -x),
            "val",
        ),
        ("RandomUniform", lambda x: x + tf.random.uniform((3,)), "is random"),
        (
            "QuantizeV2",
            lambda x: tf.quantization.dequantize(
                tf.quantization.quantize(x, -1.0, 1.0, tf.quint8).output, -1.0, 1.0
            ),
            "few bits",
        ),
        (
            "Bucketize",
            lambda x: tf.cast(of("Bucketize", x, boundaries=[0.0]), float),
            "looks values up",
        ),
    ],
)
def test_reasons_of_families(kind, function, said):
    assert said in refused(function, (3, 3))[kind]
