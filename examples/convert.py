"""Convert the shipped MNIST network in Python and look inside.

python examples/convert.py
"""

from importlib.resources import files

import numpy as np

import tfsnn

folder = files("tfsnn_saved_models") / "mnist_cnn"
model = tfsnn.load_model(folder / "model.keras")
snn = tfsnn.convert(model, folder / "calibration.npz", "augmapping", timesteps=4)

# Accuracy, spikes and operations after each number of steps.
print(tfsnn.evaluate(snn, folder / "test.npz", ann=model, timesteps=[1, 2, 4]))

# Where the two networks differ, layer by layer.
print(tfsnn.verify(model, snn, folder / "test.npz"))

# The spikes of one image: integers, (steps, batch, *units).
with np.load(folder / "test.npz") as test:
    x = test["x"][:1].astype("float32") / 255
for name, spikes in snn.simulate(x, record=("spikes",)).spikes.items():
    print(f"{name}: {int(np.abs(spikes).sum())} spike units in {spikes.shape}")
