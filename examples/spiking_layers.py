"""Train a small spiking network of one's own from tfsnn's Keras layers.

python examples/spiking_layers.py
"""

from importlib.resources import files

import keras
from keras import layers

import tfsnn

data = tfsnn.open_data(files("tfsnn_saved_models") / "mnist_cnn/test.npz", (28, 28, 1))
x, y = next(data.batches(500))

model = keras.Sequential(
    [
        layers.Input((28, 28, 1)),
        layers.Flatten(),
        tfsnn.layers.DeterministicRate(timesteps=8),  # (B, T, 784)
        layers.Dense(64),  # acts on the last axis: each step on its own
        tfsnn.layers.IntegrateFire(threshold=1.0, initial_potential=0.5),
        layers.Dense(10),
        layers.GlobalAveragePooling1D(),  # the mean current over the steps
        layers.Softmax(),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[:400], y[:400], epochs=10, verbose=2)
loss, accuracy = model.evaluate(x[400:], y[400:], verbose=0)
print(f"accuracy on the 100 samples left out: {100 * accuracy:.0f} %")
