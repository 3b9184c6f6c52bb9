"""Every method of conversion gives a network that learns, and is saved as it is."""

import keras
import numpy as np
import pytest

import tfsnn
from tfsnn.conversion.methods import methods
from tfsnn.training import Distillation, tunable

DRAWN = np.random.default_rng(5)
CENTRES = DRAWN.normal(size=(3, 6)).astype(np.float32)
Y = DRAWN.integers(0, 3, 200)
X = (CENTRES[Y] + 0.5 * DRAWN.normal(size=(200, 6))).astype(np.float32)


@pytest.fixture(scope="module")
def known():
    keras.utils.set_random_seed(2)
    layers = [keras.Input((6,)), keras.layers.Dense(12, "relu")]
    ann = keras.Sequential([*layers, keras.layers.Dense(3, "softmax")])
    return tfsnn.calibration(ann, X[:64])


def loss(network):
    found = network.predict(X, verbose=0)[np.arange(200), Y]
    return float(-np.log(found + 1e-9).mean())


@pytest.mark.slow
@pytest.mark.parametrize("name", methods())
def test_one_epoch_lowers_the_loss(name, known, tmp_path):
    snn = tfsnn.convert(known.model, known, name)
    net = tunable(snn)
    net.compile(keras.optimizers.Adam(0.01), Distillation())
    net.fit(X, Y, batch_size=20, verbose=0)
    tuned = net.spiking_model()
    assert loss(tuned) < loss(snn) - 0.05
    tuned.save(tmp_path / "tuned.keras")
    loaded = tfsnn.load_model(tmp_path / "tuned.keras")
    for count in (1, 7):  # two sizes of batches
        ours, theirs = (n.predict(X[:count], verbose=0) for n in (tuned, loaded))
        assert np.array_equal(ours, theirs)
        np.testing.assert_allclose(net(X[:count], training=False), ours, atol=1e-5)
