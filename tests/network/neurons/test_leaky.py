"""Leaky neurons against a reference in NumPy, and the laws of their gradients."""

import numpy as np
import pytest
import tensorflow as tf
from leaky_reference import LEAKY, arguments, reference

from tfsnn.errors import OptionError
from tfsnn.network.neurons import Leaky
from tfsnn.surrogates import SURROGATES

STEPS = 8  # decays halve: fewer steps, so that float32 stays exact


def currents(seed=0, low=-16, high=40, units=(3, 16)):
    """Multiples of 1/16, exact whatever is added up."""
    return np.random.default_rng(seed).integers(low, high, (STEPS, *units)) / 16


def sent(neuron, inputs):
    """What a neuron sends, and its potentials, differentiable."""
    state, spikes, potentials = neuron.initial_state(tf.shape(inputs)[1:]), [], []
    for current in tf.unstack(inputs):
        c, state = neuron.step(current, state)
        spikes.append(c)
        potentials.append(state.potential)
    return tf.stack(spikes), tf.stack(potentials)


@pytest.mark.parametrize("surrogate", [None, "triangle"])
@pytest.mark.parametrize("name", LEAKY)
def test_equals_the_reference(name, surrogate):
    inputs = currents()
    neuron = Leaky(**arguments(name), surrogate=surrogate)
    spikes, potentials = sent(neuron, inputs.astype(np.float32))
    expected = reference(inputs, **LEAKY[name])
    assert (spikes.numpy() == expected[0]).all() and spikes.numpy().any()
    assert (potentials.numpy() == expected[1]).all()


def test_a_refractory_neuron_keeps_its_potential_and_its_current_goes_on():
    neuron = Leaky(decay=0.5, synapse=0.5, refractory=2)
    inputs = tf.constant([1.5, 0, 0, 0, 0.75])[:, None]
    spikes, potentials = sent(neuron, inputs)
    assert spikes.numpy().ravel().tolist() == [1, 0, 0, 0, 1]
    # i: 1.5 .75 .375 .1875 .84375; V: .5 kept twice, .25 + .1875, and so on.
    assert potentials.numpy().ravel().tolist() == [0.5, 0.5, 0.5, 0.4375, 0.0625]


def test_parameters_per_channel_equal_neurons_of_their_own():
    inputs, decays, kept = currents(1, units=(2, 3)), [0.25, 0.5, 1.0], [0.0, 0.5, 0.75]
    whole = sent(Leaky(decay=decays, synapse=kept), inputs.astype(np.float32))[0]
    for i, (decay, synapse) in enumerate(zip(decays, kept, strict=True)):
        expected, _ = reference(inputs[..., i : i + 1], decay=decay, synapse=synapse)
        assert (whole[..., i : i + 1].numpy() == expected).all()


@pytest.mark.parametrize("surrogate", sorted(SURROGATES))
@pytest.mark.parametrize("θ", [1.0, 0.5])
def test_what_a_current_changes_is_sent_or_left(surrogate, θ):
    """Reset by subtraction, no leak: d(θ sum c)/dI(k) + dV(T)/dI(k) = 1 for each k."""
    neuron = Leaky(θ, max_coefficient=2, decay=1.0, surrogate=surrogate)
    inputs = tf.constant(currents(2), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        spikes, potentials = sent(neuron, inputs)
        through = θ * tf.reduce_sum(spikes)
        left = tf.reduce_sum(potentials[-1])
    gradient = tape.gradient(through, inputs)
    assert np.abs(gradient).max() > 0.5
    np.testing.assert_allclose(gradient + tape.gradient(left, inputs), 1, atol=1e-5)


@pytest.mark.parametrize("surrogate", sorted(SURROGATES))
def test_the_gradient_of_a_reset_to_zero_holds_the_spikes_fixed(surrogate):
    """Against the sum over later steps that the equations give, by hand."""
    neuron = Leaky(decay=0.5, reset="zero", surrogate=surrogate)
    inputs = tf.constant(currents(3), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        spikes, potentials = sent(neuron, inputs)
    gradient = tape.gradient(spikes, inputs).numpy()
    before = np.concatenate([np.zeros((1, 3, 16)), potentials[:-1].numpy()])
    slopes = SURROGATES[surrogate]().slope(0.5 * before + inputs.numpy() - 1.0)
    back, expected = np.zeros((3, 16)), []
    for t in reversed(range(STEPS)):
        back = slopes[t] + 0.5 * (1 - spikes[t].numpy()) * back
        expected.append(back)
    np.testing.assert_allclose(gradient, expected[::-1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LEAKY)
def test_threshold_and_decay_and_filter_have_gradients(name):
    values = {"decay": 0.5, "synapse": 0.25, **arguments(name), "surrogate": "arctan"}
    names = ("threshold", "decay", "synapse")
    watched = [tf.fill((16,), values.get(n, 1.0)) for n in names]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        given = dict(zip(names, watched, strict=True))
        spikes, _ = sent(
            Leaky(**{**values, **given}), tf.constant(currents(4), tf.float32)
        )
    for name, gradient in zip(names, tape.gradient(spikes, watched), strict=True):
        assert (gradient.numpy() != 0).all(), name


def test_without_gradients_nothing_is_passed_on():
    inputs = tf.constant(currents(), tf.float32)
    for surrogate in (None, "triangle"):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            neuron = Leaky(reset="zero", surrogate=surrogate, straight_through=False)
            spikes, _ = sent(neuron, inputs)
        assert tape.gradient(spikes, inputs) is None


def test_a_filter_multiplies_the_mean_current():
    response = Leaky(0.5, synapse=0.75, max_coefficient=2).response
    current = tf.constant([-0.5, 0.0625, 0.125, 0.5])
    assert response(current).numpy().tolist() == [0.0, 0.25, 0.5, 1.0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"decay": 1.5}, r"decay=1.5 must be in \[0, 1\]"),
        ({"decay": [0.5, -0.1]}, r"decay=\[0.5, -0.1\] must be in"),
        ({"decay": float("nan")}, "decay=nan"),
        ({"synapse": 1.0}, r"synapse=1.0 must be in \[0, 1\)"),
        ({"refractory": 1.5}, "refractory=1.5 must be a number of steps"),
        ({"refractory": True}, "refractory=True"),
        ({"reset": "half"}, "reset='half' must be one of"),
        ({"surrogate": "box"}, "no surrogate 'box'"),
    ],
)
def test_parameters_outside_of_their_ranges_are_refused(values, message):
    with pytest.raises(OptionError, match=message):
        Leaky(**values)
