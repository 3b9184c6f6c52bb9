"""Train ``saved_models/fashion_mnist_cnn``: batch norm, max pooling and dropout.

    python examples/train_fashion_mnist.py --train train.npz --test test.npz \
        --output fashion_mnist.keras
"""

import keras
from keras import layers
from training import convolution, train


def build() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            *convolution(32),
            *convolution(32),
            layers.MaxPooling2D(),
            layers.Dropout(0.1),
            *convolution(64),
            *convolution(64),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            *convolution(128),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ],
        name="fashion_mnist_cnn",
    )


if __name__ == "__main__":
    train(build, shift=2, flip=True)()
