"""A network that all chips take."""

import keras
import models
import numpy as np
from keras import layers


def chain():
    """Return a chain of convolutions, average pooling and a dense layer."""
    return models.randomise(
        keras.Sequential(
            [
                keras.Input((8, 8, 2), name="input"),
                layers.Conv2D(6, 3, padding="same", activation="relu"),
                layers.AveragePooling2D(2),
                layers.Conv2D(8, 3, activation="relu"),
                layers.Flatten(),
                layers.Dense(5, activation="softmax"),
            ]
        )
    )


def whole(values):
    """Return whether all values are integers."""
    return np.array_equal(values, np.rint(values))
