"""The neuron against a reference in NumPy, and against its laws."""

import numpy as np
import pytest
import tensorflow as tf
from neuron_reference import NEURONS, reference

from tfsnn.network.neurons import Neuron

STEPS = 50


def run(neuron, currents):
    """Spikes and potentials of every step."""
    state = neuron.initial_state(currents.shape[1:])
    spikes, potentials = [], []
    for current in currents.astype(np.float32):
        c, state = neuron.step(tf.constant(current), state)
        spikes.append(c.numpy())
        potentials.append(state.potential.numpy())
    return np.array(spikes), np.array(potentials)


def currents(seed=0, low=-24, high=40, units=(3, 7)):
    """Multiples of 1/16 in [-1.5, 2.5): exact whatever is added up."""
    return np.random.default_rng(seed).integers(low, high, (STEPS, *units)) / 16


def make(θ=1.0, v0=0.0, n=None, most=None, reset="subtract", leak=0.0):
    return Neuron(θ, v0, n, most, reset, leak)


@pytest.mark.parametrize("name", NEURONS)
def test_equals_the_reference(name):
    values = NEURONS[name]
    inputs = currents()
    if "leak" in values:  # a leak halves: fewer steps, so that float32 stays exact
        inputs = inputs[:8]
    spikes, potentials = run(make(**values), inputs)
    expected_spikes, expected_potentials = reference(inputs, **values)
    assert (spikes == expected_spikes).all()
    assert (potentials == expected_potentials).all()
    assert len(np.unique(spikes)) > 1


def test_parameters_per_channel_equal_neurons_of_their_own():
    inputs = currents(3, units=(2, 4))
    thresholds = np.array([0.25, 0.5, 1, 2], np.float32)
    most = np.array([1, 2, 3, 4], np.float32)
    margins = np.array([0, 0.25, 0.5, 1], np.float32)
    spikes, potentials = run(Neuron(thresholds, thresholds / 2, margins, most), inputs)
    for i in range(4):
        θ, c, n = float(thresholds[i]), float(most[i]), float(margins[i])
        alone = reference(inputs[..., i : i + 1], θ=θ, v0=θ / 2, n=n, most=c)
        assert (spikes[..., i : i + 1] == alone[0]).all()
        assert (potentials[..., i : i + 1] == alone[1]).all()


@pytest.mark.parametrize("θ", [1.0, 0.75, 2.0])
@pytest.mark.parametrize("v0", [0.0, 0.5])
@pytest.mark.parametrize("n", [None, 0.0, 1.0])
def test_constant_input_gives_the_floor_at_every_step(θ, v0, n):
    x = np.arange(16) / 16 * θ  # 0 to just below the threshold
    spikes, _ = run(make(θ, v0 * θ, n, 1), np.repeat(x[None, None], STEPS, 0))
    t = np.arange(1, STEPS + 1)[:, None, None]
    assert (spikes.cumsum(0) == np.floor((v0 * θ + t * x) / θ)).all()


@pytest.mark.parametrize(
    "name", [n for n, v in NEURONS.items() if not {"reset", "leak"} & set(v)]
)
def test_what_came_in_is_what_was_sent_and_what_is_left(name):
    values = NEURONS[name]
    inputs = currents(1)
    spikes, potentials = run(make(**values), inputs)
    sent = values.get("θ", 1.0) * spikes.cumsum(0)
    left = potentials - values.get("v0", 0.0)
    assert (inputs.cumsum(0) == sent + left).all()


@pytest.mark.parametrize("θ", [1.0, 0.5])
def test_unbounded_signed_spikes_round_the_sum_at_every_step(θ):
    inputs = currents(2, low=-40, high=48)
    spikes, _ = run(Neuron(θ, θ / 2, 0.0, None), inputs)
    sums = θ / 2 + inputs.cumsum(0)
    assert (sums < 0).any()
    assert (spikes.cumsum(0) == np.maximum(np.floor(sums / θ), 0)).all()


def test_unbounded_unsigned_spikes_follow_a_sum_that_grows():
    inputs = currents(2, low=0, high=60)
    spikes, _ = run(Neuron(1.0, 0.5, None, None), inputs)
    assert (spikes.cumsum(0) == np.floor(0.5 + inputs.cumsum(0))).all()


@pytest.mark.parametrize("n", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("most", [1, 3, None])
def test_no_more_is_taken_back_than_was_sent(n, most):
    spikes, _ = run(make(n=n, most=most), currents(4, low=-40, high=40))
    assert (spikes < 0).any()
    assert (spikes.cumsum(0) >= 0).all()


def test_the_negative_threshold_itself_fires_nothing():
    neuron = make(n=0.5, most=1)
    spikes, _ = run(neuron, np.array([1.0, -0.5, -1 / 16]).reshape(3, 1, 1))
    assert spikes.ravel().tolist() == [1, 0, -1]


@pytest.mark.parametrize("θ", [1.0, 2.0])
@pytest.mark.parametrize(
    ("n", "most", "sent", "low", "high"),
    [
        (None, 1, 0, 0.0, 2.0),
        (None, 3, 0, 0.0, 4.0),
        (None, None, 0, 0.0, np.inf),
        (0.0, 1, 5, -1.0, 2.0),
        (0.0, 3, 2, -2.0, 4.0),
        (0.5, 1, 5, -1.5, 2.0),
        (1.0, 3, 2, -3.0, 4.0),
    ],
)
def test_the_gradient_is_that_of_the_clipped_potential(θ, n, most, sent, low, high):
    """One between the bounds of u, none outside: a straight-through estimator."""
    u = np.arange(-90, 91, dtype=np.float32) / 16 + 1 / 32
    neuron = make(θ, 0.0, None if n is None else θ * n, most)
    state = neuron.initial_state((len(u),))
    state = (
        state if n is None else state._replace(unsent=tf.fill((len(u),), -1.0 * sent))
    )
    x = tf.constant(θ * u)
    with tf.GradientTape() as tape:
        tape.watch(x)
        c, _ = neuron.step(x, state)
    gradient = tape.gradient(c, x).numpy()
    assert (gradient == ((u > low) & (u < high)) / θ).all()


def test_the_gradient_reaches_earlier_steps_through_the_potential():
    neuron = make(most=1)
    x = tf.constant([[0.25], [0.25], [0.75]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        state = neuron.initial_state((1,))
        for t in range(3):
            c, state = neuron.step(x[t], state)
    # dc/dx of the last step: 1 directly; (1 - 1) through each earlier potential,
    # for there the clipped potential is sent as a whole.
    assert tape.gradient(c, x).numpy().ravel().tolist() == [0, 0, 1]
