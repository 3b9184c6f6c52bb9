"""Our NIR files run in sinabs, norse and snnTorch, where these are installed.

They need PyTorch; ``benchmarks/toolboxes/nir_tools.py`` runs them and says what is
mended.
"""

import sys

import keras
import numpy as np
import pytest
from keras import layers
from nir_networks import NETWORKS, spiking
from repository import ROOT

import tfsnn
from tfsnn.export.nir.writing import export_nir

sys.path.insert(0, str(ROOT))
from benchmarks.toolboxes import nir_tools

MODELS = ROOT / "saved_models"
T = 8


def tool(name):
    return pytest.param(
        name,
        marks=pytest.mark.skipif(
            not nir_tools.has(name), reason=f"{name} is not installed"
        ),
    )


@pytest.fixture(scope="module")
def real():
    """By network: converted to binary spikes; and test images, channels first."""
    found = {}
    for name in ("mnist_cnn", "resnet20_cifar10"):
        folder = MODELS / name
        ann = tfsnn.load_model(folder / "model.keras")
        data = folder / "calibration.npz"
        options = {"per": "channel", "timesteps": T, "limit": 64}
        snn = tfsnn.convert(ann, data, "data_norm", **options)
        images = np.load(folder / "test.npz")["x"][:3].astype(np.float32) / 255
        found[name] = snn, np.moveaxis(images, -1, 1).copy()
    return found


@pytest.mark.parametrize("name", [tool("sinabs"), tool("norse")])
@pytest.mark.parametrize("network", ["mnist_cnn", "resnet20_cifar10"])
def test_spikes_of_real_images_layer_by_layer(name, network, real, tmp_path):
    """All of them, but for neurons whose sum rounds otherwise near the threshold."""
    snn, x = real[network]
    path = tmp_path / "net.nir"
    export_nir(snn, path)
    reset = {"sinabs": "subtract", "norse": "zero"}[name]
    expected = nir_tools.ours(path, x, reset)
    found = nir_tools.run(name, path, x, T)
    result = nir_tools.compare(expected, found)
    assert result["same_class"] == len(x)
    assert result["neurons_of_other_counts"] <= 1e-3 * result["neurons"]
    for layer, spikes in expected.items():
        if layer != "output":
            assert spikes.sum() > 0
            np.testing.assert_allclose(found[layer].sum(), spikes.sum(), rtol=1e-3)
    if network == "mnist_cnn":
        assert result["equal_layers"] == result["layers"] == 4


@pytest.mark.parametrize("name", [tool("norse")])
def test_norse_as_imported_resets_to_zero(name, real, tmp_path):
    snn, x = real["mnist_cnn"]
    path = tmp_path / "net.nir"
    export_nir(snn, path)
    found = nir_tools.run(name, path, x, T, mended=False)
    result = nir_tools.compare(nir_tools.ours(path, x, "zero"), found)
    assert result["equal_layers"] == result["layers"]
    result = nir_tools.compare(nir_tools.ours(path, x, "subtract"), found)
    assert result["equal_layers"] == 0


@pytest.mark.parametrize("name", [tool("sinabs")])
@pytest.mark.parametrize("network", ["residual", "strided", "average"])
def test_sinabs_has_the_very_spikes_of_dyadic_networks(name, network, tmp_path):
    """Sums are exact, and potentials at the threshold spike on both sides."""
    snn, x = spiking(NETWORKS[network])
    path = tmp_path / "net.nir"
    export_nir(snn, path)
    x = np.moveaxis(x, -1, 1).copy()
    expected = nir_tools.ours(path, x, "subtract")
    found = nir_tools.run(name, path, x, snn.timesteps)
    result = nir_tools.compare(expected, found)
    assert result["equal_layers"] == result["layers"]
    np.testing.assert_allclose(found["output"].mean(0), expected["output"], 1e-5, 1e-6)


@pytest.mark.parametrize("name", [tool("snntorch")])
def test_snntorch_has_the_spikes_of_small_currents(name, tmp_path):
    """Its neurons subtract a step late, which shows where currents pass thresholds."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(3, 3, padding="same", activation="relu"),
            layers.AveragePooling2D(2),
            layers.Conv2D(4, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    rng = np.random.default_rng(0)
    x = rng.random((20, 6, 6, 1), np.float32)
    options = {"scale": "max", "threshold_scale": 2.0, "timesteps": T}
    snn = tfsnn.convert(model, x, "data_norm", **options)
    path = tmp_path / "net.nir"
    export_nir(snn, path, pooling="convolution")
    x = np.moveaxis(x, -1, 1)[:4].copy()
    expected = nir_tools.ours(path, x, "subtract")
    assert all(spikes.sum() > 0 for name, spikes in expected.items() if name[0] == "n")
    result = nir_tools.compare(expected, nir_tools.run(name, path, x, T))
    assert result["equal_layers"] == result["layers"] == 2
    assert result["same_class"] == 4


@pytest.mark.parametrize("name", [tool("sinabs")])
def test_a_network_of_sinabs_comes_to_us(name, tmp_path):
    import nir
    import sinabs.layers
    import sinabs.nir
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, stride=2, padding=1),
        sinabs.layers.IAFSqueeze(batch_size=1, spike_fn=sinabs.activation.SingleSpike),
        sinabs.layers.SumPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(36, 5),
    )
    x = torch.rand(1, 2, 12, 12)
    with torch.no_grad():
        net(x)  # which gives the neurons their shape
        net[1].reset_states()
        steps = x.repeat(T, 1, 1, 1)
        spikes = net[1](net[0](steps)).numpy()
        net[1].reset_states()
        outputs = net(steps).numpy()
    path = tmp_path / "net.nir"
    graph = sinabs.nir.to_nir(net, x)
    graph.nodes["0"].input_shape = (12, 12)  # nir cannot write None, as sinabs has it
    graph.nodes["3"].input_type = {"input": np.array([4, 3, 3])}
    nir.write(path, graph)
    from tfsnn.export.nir.reading import import_nir

    snn = import_nir(path, timesteps=T, reset="subtract")
    trace = snn.simulate(np.moveaxis(x.numpy(), 1, -1))
    (ours,) = trace.spikes.values()
    assert 0 < spikes.sum() < spikes.size
    np.testing.assert_array_equal(np.moveaxis(ours[:, 0], -1, 1), spikes)
    np.testing.assert_allclose(trace.outputs[0][-1, 0], outputs.mean(0), 1e-4, 1e-5)
