"""What a running-sum node has sent by step t is t * f(mean of its inputs so far)."""

import itertools

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from running_sum_references import REFERENCES

from tfsnn.conversion.normalize import normalize
from tfsnn.network.functions import FUNCTIONS
from tfsnn.network.nodes import Function, Max
from tfsnn.network.passes import simplify
from tfsnn.network.running_sum import SumState, send_change
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model

STEPS, BATCH = 7, 2


def drawn(name, seed=0):
    """Currents of each input, ``(T, B, *shape)``: signed multiples of 1/16."""
    rng = np.random.default_rng(seed)
    sizes = [(STEPS, BATCH, *shape) for shape in REFERENCES[name].shapes]
    drawn = [rng.integers(-32, 33, size) / 16 for size in sizes]
    if name in ("floor_divide", "fmod", "mod"):  # not where they jump
        drawn[0] += 0.003
    return [values.astype(np.float32) for values in drawn]


def silent_at_first(currents):
    """Nothing arrives in the first two steps, so that log(0) and the like come up."""
    return [
        np.concatenate([np.zeros_like(values[:2]), values[2:]]) for values in currents
    ]


def tracked(call, currents, constant=()):
    """t * f(mean so far) after each step; where that is no number, what was before."""
    steps = np.arange(1, STEPS + 1, dtype=np.float32)
    means = [
        values if i in constant
        else values.cumsum(0) / steps.reshape(-1, *[1] * (values.ndim - 1))
        for i, values in enumerate(currents)
    ]  # fmt: skip
    before, after = 0.0, []
    with np.errstate(all="ignore"):
        for t in range(STEPS):
            y = (t + 1) * np.float64(
                call(*(each[t].astype(np.float64) for each in means))
            )
            before = np.where(np.isfinite(y), y, before)
            after.append(before)
    return np.stack(after)


def sent(node, currents, constant, k, shape):
    """The sums of what is sent, after each step, in chunks of k."""
    state = SumState(
        tf.constant(0.0),
        [tf.zeros(v.shape[1:]) for i, v in enumerate(currents) if i not in constant],
        tf.zeros((BATCH, *shape)),
    )
    changes = []
    for start in range(0, STEPS, k):
        size = min(k, STEPS - start)
        reads = [
            tf.constant(values[0])
            if i in constant
            else [tf.constant(each) for each in values[start : start + size]]
            for i, values in enumerate(currents)
        ]
        change, state = send_change(node, reads, state, size)
        changes.append(change.numpy().reshape(size, BATCH, *shape))
    return np.concatenate(changes).cumsum(0)


def held(values):
    """The same current in every step."""
    return np.repeat(values[:1], STEPS, 0)


def assert_tracks(node, call, currents, constant=()):
    currents = [held(v) if i in constant else v for i, v in enumerate(currents)]
    expected = tracked(call, currents, constant)
    atol = 1e-5 * max(1.0, np.abs(expected).max())
    for k in (1, 3):
        received = sent(node, currents, constant, k, expected.shape[2:])
        assert np.isfinite(received).all()
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=atol)


def node_for(name):
    reference = REFERENCES[name]
    inputs = tuple(f"x{i}" for i in range(len(reference.shapes)))
    return Function("f", inputs, (), name, reference.options)


def test_every_function_has_a_reference():
    assert set(REFERENCES) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_was_sent_is_the_function_of_the_mean(name):
    reference, node = REFERENCES[name], node_for(name)
    currents = drawn(name)
    inputs = range(len(currents))
    for count in inputs:  # how many inputs are constant; not all
        for constant in itertools.combinations(inputs, count):
            assert_tracks(node, reference.call, currents, constant)
    assert_tracks(node, reference.call, silent_at_first(currents))


def tried(name):
    """Inputs: nothing, signed ones, and large ones."""
    signed = [values[0] for values in drawn(name)]
    return [
        [np.zeros_like(x) for x in signed],
        signed,
        [np.full_like(x, 5000) for x in signed],
    ]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_partial_functions_are_those_that_may_be_no_number(name):
    formula, options = FUNCTIONS[name], REFERENCES[name].options
    results = [formula(*xs, **options).numpy() for xs in tried(name)]
    assert formula.partial != all(np.isfinite(y).all() for y in results)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_homogeneous_functions_are_those_that_are(name):
    formula, options = FUNCTIONS[name], REFERENCES[name].options
    zeros, signed, _ = tried(name)
    same = []
    for xs in (zeros, signed, [np.abs(x) / 3 + 0.05 for x in signed]):
        once = formula(*xs, **options).numpy()
        twice = formula(*(2 * x for x in xs), **options).numpy()
        defined = np.isfinite(once) & np.isfinite(twice)
        same.append(np.allclose(twice[defined], 2 * once[defined], 1e-5, 1e-6))
    assert formula.homogeneous == all(same)


@pytest.mark.parametrize("window", [(2, 2), (4, 4)])
def test_max_pooling_has_sent_the_maximum_of_the_sums(window):
    rng = np.random.default_rng(0)
    currents = rng.integers(-9, 9, (STEPS, BATCH, 4, 4, 3)).astype(np.float32)
    size = 4 // window[0]
    shape = (size, size, 3) if size > 1 else (3,)
    node = Max("max", ("x",), shape, window, window)

    def maxima(x):
        parts = x.reshape(BATCH, size, window[0], size, window[1], 3)
        return parts.max((2, 4)).reshape(BATCH, *shape)

    assert_tracks(node, maxima, [currents])


def squeeze_and_excite(x):
    gate = layers.Dense(6, "sigmoid")(ops.mean(x, 1, keepdims=True))
    return ops.multiply(x, gate)


NETWORKS = {
    "a smooth activation": lambda x: layers.Activation("gelu")(x),
    "a product": squeeze_and_excite,
    "a maximum": lambda x: layers.Maximum()([x, layers.Dense(6)(x)]),
    "a layer norm": lambda x: layers.LayerNormalization()(x),
    "attention": lambda x: layers.MultiHeadAttention(2, 3)(x, x),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_the_error_falls_as_one_over_time(name):
    x = keras.Input((5, 4))
    y = layers.Dense(6, activation="relu")(x)
    model = keras.Model(x, layers.Dense(3)(NETWORKS[name](y)))
    graph = simplify(import_model(models.randomise(model)))
    plan = models.fine_plan(graph, scale=0.25)
    assert graph.of_kind(Function)
    x = np.random.default_rng(5).normal(size=(8, 5, 4)).astype(np.float32)
    expected = model(x).numpy()
    seen = simulate(normalize(graph, plan), x, 256, chunk=16, observe=("outputs",))
    (observed,) = seen.observed.values()
    steps = 2 ** np.arange(2, 9)
    errors = [np.abs(observed[t - 1] - expected).mean() for t in steps]
    slope, _ = np.polyfit(np.log(steps), np.log(errors), 1)
    assert slope <= -0.8, errors
