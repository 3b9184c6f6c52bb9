"""Train ``saved_models/vgg9_cifar10``: eight convolutions, max pooling, batch norm.

    python examples/train_cifar10.py --train train.npz --test test.npz \
        --output vgg9.keras --epochs 14 --bfloat16
"""

import keras
from keras import layers
from training import convolution, train


def build() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            *convolution(32),
            *convolution(64),
            layers.MaxPooling2D(),
            *convolution(96),
            *convolution(96),
            layers.MaxPooling2D(),
            *convolution(160),
            *convolution(160),
            layers.MaxPooling2D(),
            *convolution(160),
            *convolution(160),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(10, dtype="float32"),
        ],
        name="vgg9_cifar10",
    )


if __name__ == "__main__":
    train(build, shift=4, flip=True, from_logits=True)()
