"""What the benchmark of simulators gives to them says the converted network.

Its arrays are simulated by NumPy, synapse by synapse, and every spike is compared.
"""

import sys

import keras
import numpy as np
import pytest
from keras import layers
from repository import ROOT

import tfsnn

sys.path.append(str(ROOT))  # for benchmarks, which are not installed

from benchmarks.toolboxes import simulators
from benchmarks.toolboxes.converted_side import compared
from benchmarks.toolboxes.simulators_page import PAGE
from benchmarks.toolboxes.synapses import (
    by_place_in_window,
    convolution,
    dense_of_means,
)

T = 6


@pytest.fixture(scope="module")
def given():
    """The request and the arrays of a small network of the benchmark's layers."""
    keras.utils.set_random_seed(0)
    convolutions = [layers.Conv2D(n, 3, padding="same") for n in (3, 4, 5)]
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            *(convolutions[0], layers.ReLU()),
            *(convolutions[1], layers.ReLU(), layers.MaxPooling2D(2)),
            *(convolutions[2], layers.ReLU()),
            *(layers.GlobalAveragePooling2D(), layers.Dense(3)),
        ]
    )
    x = np.random.default_rng(0).random((5, 8, 8, 1), np.float32)
    options = {"per": "channel", "initial_potential": 0.5, "timesteps": T}
    snn = tfsnn.convert(model, x, "data_norm", **options)
    return simulators.as_arrays(snn, x, np.zeros(5, int), recorded=5)


def simulated(request, arrays, x):
    """Simulate an image: spikes by node, ``(T, *units)``, and the mean output."""
    nodes = request["nodes"]
    state = {}
    spikes = {node["name"]: [] for node in nodes if node["op"] == "relu"}
    outputs = []
    for _ in range(T):
        value = x
        for index, node in enumerate(nodes):
            before, units = nodes[index - 1], int(np.prod(node["shape"]))
            kernel, bias = (arrays.get(f"{index}.{key}") for key in ("kernel", "bias"))
            if node["op"] == "conv":
                made = convolution(node, kernel, before["shape"])
                if nodes[index + 1]["op"] != "max":
                    value = made.apply(value, units) + np.resize(bias, units)
                    continue
                pool = nodes[index + 1]
                windows = int(np.prod(pool["shape"]))
                parts = by_place_in_window(made, node["shape"], pool)
                each = [part.apply(value, windows) for part in parts]
                value = np.stack(each) + np.resize(bias, windows)
            elif node["op"] == "max":
                before = state.get(node["name"], np.zeros_like(value))
                state[node["name"]] = before + value
                value = (before + value).max(0) - before.max(0)
            elif node["op"] == "relu":
                start = arrays[f"start/{node['name']}"].ravel()
                potential = state.get(node["name"], start) + value
                value = (potential >= 1).astype(np.float32)
                state[node["name"]] = potential - value
                spikes[node["name"]].append(value.reshape(node["shape"]))
            elif node["op"] == "dense":
                last = next(n for n in reversed(nodes[:index]) if n["op"] == "relu")
                made = dense_of_means(kernel, last["shape"])
                outputs.append(made.apply(value, units) + bias)
    return {name: np.stack(sent) for name, sent in spikes.items()}, np.mean(outputs, 0)


def test_the_arrays_say_the_network(given):
    request, arrays = given
    found = [simulated(request, arrays, x) for x in arrays["images"]]
    outputs = np.stack([output for _, output in found])
    names = found[0][0]
    assert len(names) == 3
    spikes = {n: np.stack([sent[n] for sent, _ in found], 1) for n in names}
    assert all(0 < sent.mean() < 1 for sent in spikes.values())
    result = compared(arrays, outputs, spikes)
    assert result["equal_trains"] == result["spikes"] == result["same_class"] == 1
    np.testing.assert_allclose(outputs, arrays["outputs"], rtol=1e-5, atol=1e-6)


def test_other_spikes_and_classes_are_counted(given):
    _, arrays = given
    outputs = np.roll(arrays["outputs"], 1, axis=1)
    spikes = {
        key.removeprefix("spikes/"): sent.copy()
        for key, sent in arrays.items()
        if key.startswith("spikes/")
    }
    first = next(iter(spikes.values()))
    first[0, 0, 0, 0, 0] ^= 1
    first[2, 0, 0, 0, 0] ^= 1  # of the same neuron
    trains = sum(sent[0].size for sent in spikes.values())
    result = compared(arrays, outputs, spikes)
    assert result["equal_trains"] == 1 - 1 / trains
    assert result["same_class"] == 0


def test_times_are_told_in_those_of_ours_at_the_same_number_of_steps():
    rows = [
        {"tool": tool, "timesteps": t, "milliseconds": t * times}
        for t in (8, 32)
        for tool, times in (("tfsnn, TensorFlow", 2.0), ("tfsnn, OpenVINO", 1.0))
    ]
    rows.append({"tool": "another", "timesteps": 32, "milliseconds": 96.0})
    machine = {"cores": 2, "processor": "one", "tensorflow": "2", "keras": "3"}
    how = {"network": "net", "machine": machine, **simulators.HOW}
    text = PAGE.text({**how, "rows": rows})
    assert "| another | 32 | - | - | - | 96.00 | 1.50 | 3.00 |" in text
