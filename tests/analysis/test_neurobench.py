"""NeuroBench's measures, restated with NumPy from recorded spikes."""

import keras
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.errors import ModelError

MANY = 5


def network(method, pool=False, **options):
    """Convolution 5x5x2 -> 4x4x3 (a quarter of its weights zero), dense 48 -> 4."""
    keras.utils.set_random_seed(1)
    pools = [layers.AveragePooling2D(2)] if pool else []
    model = keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            layers.Conv2D(3, 2, activation="relu"),
            *pools,
            layers.Flatten(),
            layers.Dense(6, "relu"),
            layers.Dense(4),
        ]
    )
    kernel, bias = model.layers[0].get_weights()
    kernel[0, 0] = 0.0
    model.layers[0].set_weights([kernel, bias])
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (MANY, 5, 5, 2)).astype("float32")
    x[:, :2, :2] = 0.0
    snn = tfsnn.convert(model, x, method, correct="none", **options)
    return model, snn, x, rng.integers(0, 4, MANY)


def by_hand(model, snn, x):
    """The measures from recorded spikes; all three layers are written out."""
    trace = snn.simulate(x, record=("spikes", "potentials"))
    first, second = (np.asarray(s) for s in trace.spikes.values())
    potentials = [np.asarray(v) for v in trace.potentials.values()]
    kernel = model.layers[0].get_weights()[0] != 0
    dense = [layer.get_weights()[0] != 0 for layer in model.layers[-2:]]
    found = {"Effective_MACs": 0.0, "Effective_ACs": 0.0, "Dense": 0.0}
    for i in range(4):  # once, for the input does not change
        for j in range(4):
            window = x[:, i : i + 2, j : j + 2] != 0
            pairs = np.einsum("nabc,abcf->", window.astype(int), kernel.astype(int))
            found["Effective_MACs"] += pairs / MANY
    found["Dense"] += 16 * kernel.size
    sent = first
    if len(model.layers) == 5:  # pooled
        sent = first.reshape(*first.shape[:2], 2, 2, 2, 2, 3).mean((3, 5))
    for spikes, weights in zip((sent, second), dense, strict=True):
        for step in spikes:
            simple = np.isin(step, (-1, 0, 1)).all()
            done = ((step != 0).reshape(MANY, -1) @ weights.astype(int)).sum() / MANY
            found["Effective_ACs" if simple else "Effective_MACs"] += done
            found["Dense"] += weights.size
    both = np.concatenate([s.reshape(-1) for s in (first, second)])
    updates = sum(v[0].size + (v[1:] != v[:-1]).sum() for v in potentials) / MANY
    return found, 1 - np.count_nonzero(both) / both.size, updates


@pytest.mark.parametrize(
    ("method", "pool", "options"),
    [
        ("paced", False, {"timesteps": 4}),
        ("termapping", False, {"timesteps": 4}),
        ("augmapping", False, {"timesteps": 2}),
        ("paced", True, {"timesteps": 4}),
        ("radix", False, {"timesteps": 3}),
    ],
)
def test_measures_are_those_of_recorded_spikes(method, pool, options):
    model, snn, x, y = network(method, pool, **options)
    found = tfsnn.neurobench(snn, (x, y))
    counts, sparsity, updates = by_hand(model, snn, x)
    assert dict(found.synaptic_operations) == pytest.approx(counts)
    assert found.activation_sparsity == pytest.approx(sparsity)
    assert found.membrane_updates == pytest.approx(updates)
    assert found.parameter_count == model.count_params()
    # Weights are divided by scales, and zeros stay what they are.
    assert found.connection_sparsity == round(6 / (24 + model.count_params() - 37), 4)
    (row,) = tfsnn.evaluate(snn, (x, y), timesteps=[snn.timesteps]).rows
    assert found.to_dict()["classification_accuracy"] == row.accuracy
    assert found.footprint == sum(np.asarray(w).nbytes for w in snn.weights)


def test_one_spike_on_a_clock_is_one_event():
    model, snn, x, _ = network("ttfs", ticks=8)
    found = tfsnn.neurobench(snn, x)
    first, second = (np.asarray(s) != 0 for s in snn.simulate(x).spikes.values())
    dense = [layer.get_weights()[0] for layer in model.layers[-2:]]
    events = first.sum() * 6 + second.sum() * 4
    assert found.synaptic_operations["Effective_ACs"] == events / MANY
    behind = 8 * sum(w.size for w in dense)
    assert found.synaptic_operations["Dense"] == 16 * 24 + behind
    neurons = 48 + 6
    assert found.membrane_updates == 8 * neurons
    spikes = (first.sum() + second.sum()) / MANY
    assert found.activation_sparsity == pytest.approx(1 - spikes / (8 * neurons))
    assert found.scores == {}  # without labels


def test_samples_are_measured_alike_in_any_batches(monkeypatch):
    _, snn, x, _ = network("paced", timesteps=4)
    whole = tfsnn.neurobench(snn, x)
    monkeypatch.setattr("tfsnn.analysis.neurobench.VALUES_AT_A_TIME", 1)
    parts = tfsnn.neurobench(snn, x)
    assert parts.synaptic_operations == pytest.approx(whole.synaptic_operations)
    assert parts.membrane_updates == whole.membrane_updates
    assert parts.activation_sparsity == whole.activation_sparsity
    assert tfsnn.neurobench(snn, x, limit=2).samples == 2


def test_what_cannot_be_measured_is_refused():
    model, _, x, _ = network("paced", timesteps=2)
    with pytest.raises(ModelError, match="not a Sequential: give the result of tfsnn"):
        tfsnn.neurobench(model, x)
    pooled = keras.Sequential([keras.Input((4, 4, 1)), layers.ReLU()])
    plain = np.ones((3, 4, 4, 1), "float32")
    bare = tfsnn.convert(pooled, plain, "paced", timesteps=2)
    with pytest.raises(ModelError, match="neither dense layers nor convolutions"):
        tfsnn.neurobench(bare, plain)
