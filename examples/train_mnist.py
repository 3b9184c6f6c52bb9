"""Train the MNIST network of ``saved_models/mnist_cnn``: biases, average pooling.

python examples/train_mnist.py --train train.npz --test test.npz --output mnist.keras
"""

import keras
from keras import layers
from training import train


def build() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.AveragePooling2D(2),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="mnist_cnn",
    )


if __name__ == "__main__":
    train(build, shift=2, flip=False)()
