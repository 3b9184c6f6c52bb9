"""Reading variables, one by one and by a program, and seeing that they have changed."""

import numpy as np
import pytest
import tensorflow as tf

from tfsnn.simulation.weights import SINGLE_READS, Watch, reader


@pytest.fixture
def variables():
    return [tf.Variable([1.0, 2.0]), tf.Variable(3, dtype=tf.int32)]


def test_the_values_of_now_are_read_by_either_way(variables):
    read = reader(variables)
    for call in range(SINGLE_READS + 3):
        variables[0].assign([call, -call])
        values, number = read()
        assert np.array_equal(values, [call, -call]) and int(number) == 3
    assert reader([])() == []


def test_each_change_is_seen_and_nothing_else(variables):
    watch = Watch(variables)
    seen = []
    for call in range(SINGLE_READS + 4):
        if call % 2:
            variables[0].assign_add([1.0, 0.0])
        seen.append(watch.changed(watch.read()))
    assert seen == [bool(call % 2) for call in range(SINGLE_READS + 4)]


def test_in_a_trace_the_values_of_now_are_read(variables):
    watch = Watch(variables)

    @tf.function
    def traced():
        held.extend(watch.read())
        return tf.constant(0)

    for call in range(SINGLE_READS + 2):
        held = []
        variables[0].assign([call, 0])
        traced.get_concrete_function()
        traced = tf.function(traced.python_function)
        assert np.array_equal(held[0], [call, 0])
