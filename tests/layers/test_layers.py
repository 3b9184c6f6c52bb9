"""The Keras layers for sequences, against references in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from neuron_reference import NEURONS, reference

from tfsnn.errors import OptionError
from tfsnn.layers import (
    BernoulliRate,
    ConstantCurrent,
    DeterministicRate,
    IntegrateFire,
    SpikingMaxPooling2D,
)

NAMES = {
    "θ": "threshold",
    "v0": "initial_potential",
    "n": "negative_threshold",
    "most": "max_coefficient",
    "reset": "reset",
    "leak": "leak",
}


def sequence(*shape, seed=0):
    """Currents ``(B, T, *units)``, multiples of 1/16."""
    drawn = np.random.default_rng(seed).integers(-16, 28, shape)
    return (drawn / 16).astype(np.float32)


def arguments(name):
    values = {"most": None, **NEURONS[name]}
    return {NAMES[key]: value for key, value in values.items()}


@pytest.mark.parametrize("name", NEURONS)
@pytest.mark.parametrize("shape", [(2, 8, 5), (1, 3, 2, 3, 2), (3, 7)])
def test_integrate_fire_is_the_reference(name, shape):
    x = sequence(*shape)
    spikes = IntegrateFire(**arguments(name))(x).numpy()
    expected, _ = reference(np.moveaxis(x.astype(float), 1, 0), **NEURONS[name])
    assert (spikes == np.moveaxis(expected, 0, 1)).all()


@pytest.mark.parametrize("length", [3, None])
@pytest.mark.parametrize("signed", [None, 0.0])
def test_integrate_fire_takes_any_length_eager_graph_and_xla(length, signed):
    x = sequence(2, length or 11, 4)
    layer = IntegrateFire(negative_threshold=signed, initial_potential=0.5)
    eager = layer(x).numpy()
    assert eager.any()
    for jit_compile in (False, True):
        signature = [tf.TensorSpec((None, length, 4))]
        if jit_compile:  # XLA needs to know the length of a loop over a stack
            signature = [tf.TensorSpec((None, x.shape[1], 4))]
        function = tf.function(layer, signature, jit_compile=jit_compile)
        assert (function(x).numpy() == eager).all()


def pooled(x, size, stride, same):
    """Maxima over windows of the last two axes but one, by hand."""
    for axis in (-3, -2):
        n = x.shape[axis]
        count = -(-n // stride) if same else (n - size) // stride + 1
        before = max((count - 1) * stride + size - n, 0) // 2 if same else 0
        spans = [
            range(max(s, 0), min(s + size, n))
            for s in (i * stride - before for i in range(count))
        ]
        x = np.stack([x.take(span, axis).max(axis) for span in spans], axis)
    return x


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(2, None, "valid"), (3, 2, "same"), (3, 1, "valid")]
)
@pytest.mark.parametrize("low", [0, -1])
def test_max_pooling_has_sent_the_maximum_of_what_came(size, stride, padding, low):
    x = np.random.default_rng(0).integers(low, 2, (2, 6, 5, 7, 3)).astype(np.float32)
    layer = SpikingMaxPooling2D(size, stride, padding)
    sent = layer(x).numpy().cumsum(1)
    expected = pooled(x.cumsum(1), size, stride or size, padding == "same")
    assert sent.shape == layer.compute_output_shape(x.shape) == expected.shape
    assert (sent == expected).all()


def test_max_pooling_of_binary_spikes_is_binary():
    x = np.random.default_rng(1).integers(0, 2, (2, 9, 4, 4, 3)).astype(np.float32)
    assert set(np.unique(SpikingMaxPooling2D()(x))) == {0.0, 1.0}


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_low_precision_keeps_potentials_and_sums_in_float32(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        # Both policies would round 1 - 2^-8 + 2^-13 back to 1 - 2^-8, and stop
        # counting above 256 (bfloat16) or 2048 (float16).
        neurons = IntegrateFire(initial_potential=1 - 2**-8)
        spikes = neurons(np.full((1, 40, 1), 2.0**-13, np.float32))
        sent = SpikingMaxPooling2D()(np.ones((1, 2100, 2, 2, 1), np.float32))
    finally:
        keras.config.set_dtype_policy(before)
    assert spikes.dtype == sent.dtype == policy.removeprefix("mixed_")
    assert np.flatnonzero(tf.cast(spikes, tf.float32)).tolist() == [31]
    assert (tf.cast(sent, tf.float32).numpy() == 1).all()


def test_the_constant_current_is_the_value_in_each_step():
    x = sequence(3, 4, 2)
    y = ConstantCurrent(5)(x)
    assert y.shape == ConstantCurrent(5).compute_output_shape(x.shape) == (3, 5, 4, 2)
    assert (y.numpy() == x[:, None]).all()


@pytest.mark.parametrize("timesteps", [1, 4, 7, 32])
def test_a_deterministic_rate_rounds_at_every_step(timesteps):
    x = (np.arange(65) / 64).astype(np.float32)[None]
    spikes = DeterministicRate(timesteps)(x).numpy()
    assert set(np.unique(spikes)) <= {0, 1}
    t = np.arange(1, timesteps + 1)[None, :, None]
    assert (spikes.cumsum(1) == np.floor(t * x[:, None] + 0.5)).all()
    # Half up: by one step, 1/2 gives one spike.
    assert spikes[0, 0, 32] == 1


def test_a_bernoulli_rate_has_the_mean_of_its_rate():
    rates = np.array([0.0, 0.1, 0.5, 0.9, 1.0], np.float32)
    x = np.repeat(rates[None], 50, 0)
    spikes = BernoulliRate(400, seed=3)(x).numpy()
    assert set(np.unique(spikes)) == {0, 1}
    means = spikes.mean((0, 1))
    deviations = np.sqrt(rates * (1 - rates) / 20_000)
    assert (np.abs(means - rates) <= 4 * deviations).all()
    # Neither steps nor samples repeat.
    half = spikes[:, :, 2]
    assert np.abs(np.corrcoef(half)[np.triu_indices(50, 1)]).max() < 0.3
    assert abs((half[:, 1:] == half[:, :-1]).mean() - 0.5) < 0.02


def test_a_seed_gives_the_same_spikes_also_under_xla():
    x = np.full((3, 4), 0.5, np.float32)
    layer = BernoulliRate(20, seed=7)
    spikes = layer(x).numpy()
    assert (layer(x).numpy() == spikes).all()
    assert (BernoulliRate(20, seed=7)(x).numpy() == spikes).all()
    assert (tf.function(layer, jit_compile=True)(x).numpy() == spikes).all()
    assert (BernoulliRate(20, seed=8)(x).numpy() != spikes).any()
    # They follow from the position in the batch, not from its size.
    assert (layer(x[:1]).numpy() == spikes[:1]).all()


LAYERS = [
    IntegrateFire(),
    IntegrateFire(0.5, 0.25, 3, 0.125, "zero", 0.5),
    IntegrateFire(negative_threshold=0.0, max_coefficient=None),
    SpikingMaxPooling2D((2, 3), 1, "same"),
    SpikingMaxPooling2D(),
    ConstantCurrent(3),
    DeterministicRate(3),
    BernoulliRate(3, seed=5),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_a_layer_goes_through_its_config(layer):
    copy = type(layer).from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    x = np.abs(sequence(2, 5, 4, 6, 3))
    assert (copy(x).numpy() == layer(x).numpy()).all()


def network():
    """All layers in one network."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            BernoulliRate(5, seed=2),
            layers.TimeDistributed(layers.Conv2D(3, 3)),
            IntegrateFire(0.5, 0.0, 2, 0.25),
            SpikingMaxPooling2D(),
            layers.TimeDistributed(layers.Flatten()),
            layers.Dense(4),
            IntegrateFire(0.25, initial_potential=0.125),
            layers.GlobalAveragePooling1D(),
        ]
    )


def test_a_model_is_saved_and_loaded(tmp_path):
    model, x = network(), np.random.default_rng(0).random((3, 6, 6, 1), np.float32)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded(x).numpy() == model(x).numpy()).all()
    assert model(x).numpy().any()


@pytest.mark.slow
@pytest.mark.parametrize(("functional", "jit_compile"), [(False, False), (True, True)])
def test_a_network_trains_through_its_spikes(functional, jit_compile):
    if functional:
        x = inputs = keras.Input((6, 6, 1))
        for layer in network().layers:
            x = layer(x)
        model = keras.Model(inputs, x)
    else:
        model = network()
    rng = np.random.default_rng(0)
    x, y = rng.random((16, 6, 6, 1), np.float32), rng.random((16, 4), np.float32)
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=jit_compile)
    before = [np.array(w) for w in model.trainable_weights]
    losses = model.fit(x, y, batch_size=16, epochs=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    for old, new in zip(before, model.trainable_weights, strict=True):
        assert (old != np.asarray(new)).any(), new.path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IntegrateFire(threshold=0.0), "threshold=0.0 must be positive"),
        (lambda: IntegrateFire(threshold=float("nan")), "threshold=nan"),
        (lambda: IntegrateFire(negative_threshold=-1), "negative_threshold=-1"),
        (lambda: IntegrateFire(max_coefficient=0), "max_coefficient=0"),
        (lambda: IntegrateFire(max_coefficient=1.5), "max_coefficient=1.5"),
        (lambda: IntegrateFire(max_coefficient=float("inf")), "max_coefficient=inf"),
        (lambda: IntegrateFire(reset="half"), "reset='half'"),
        (lambda: IntegrateFire(leak=1.0), "leak=1.0"),
        (lambda: IntegrateFire(leak=-0.1), "leak=-0.1"),
        (lambda: ConstantCurrent(0), "timesteps=0 must be a positive integer"),
        (lambda: DeterministicRate(2.5), "timesteps=2.5 must be a positive integer"),
        (lambda: BernoulliRate("4"), "timesteps='4' must be a positive integer"),
        (lambda: BernoulliRate(True), "timesteps=True must be a positive integer"),
    ],
)
def test_impossible_arguments_are_refused(make, message):
    with pytest.raises(OptionError) as caught:
        make()
    assert message in str(caught.value)
