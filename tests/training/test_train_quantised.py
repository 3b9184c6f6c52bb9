"""Training with quantised activations: several inputs and outputs, own train steps."""

import keras
import numpy as np
from keras import layers as L

import tfsnn
from tfsnn.training import QuantisedSettings, train_quantised

RNG = np.random.default_rng(8)


def test_networks_of_several_inputs_and_outputs_learn():
    keras.utils.set_random_seed(2)
    a, b = keras.Input((8,), name="a"), keras.Input((4,), name="b")
    h = L.Dense(12, "relu")(L.Concatenate()([a, b]))
    outputs = {"p": L.Dense(3, "softmax", name="p")(h), "q": L.Dense(1, name="q")(h)}
    model = keras.Model({"a": a, "b": b}, outputs)
    x = {
        name: RNG.normal(size=(120, n)).astype(np.float32)
        for name, n in (("a", 8), ("b", 4))
    }
    y = {"p": x["a"][:, :3].argmax(1), "q": x["b"][:, :1]}
    settings = QuantisedSettings(levels=2, epochs=6, batch_size=10, learning_rate=0.03)
    found = train_quantised(model, (x, y), settings)
    assert found.after.value > found.before.value + 0.2
    assert found.fitted.losses[-1] < found.fitted.losses[0]
    assert found.conversions() == [("radix", 2), ("qcfs", 2), ("augmapping", 1)]


def test_a_subclass_that_only_trains_otherwise_is_the_network_of_its_layers():
    class Halved(keras.Model):
        def compute_loss(self, *args, **kwargs):
            return super().compute_loss(*args, **kwargs) / 2

    x = RNG.normal(size=(40, 4)).astype(np.float32)
    image = keras.Input((4,))
    y = L.Dense(3)(L.Dense(6, "relu")(image))
    model = Halved(image, y)
    snn = tfsnn.convert(model, x, "radix", timesteps=8)
    np.testing.assert_allclose(snn(x), model(x), atol=0.02)
