"""Networks that are built in either format of the data, with the same weights."""

import keras
import models
from keras import layers as L

LAST, FIRST = "channels_last", "channels_first"


def _shape(format, *places, channels):
    return (channels, *places) if format == FIRST else (*places, channels)


def vgg(format):
    """Convolutions, batch norms, max pooling; flattened in the order of the format."""
    axis = 1 if format == FIRST else -1
    x = y = keras.Input(_shape(format, 10, 12, channels=3))
    for filters in (6, 5):
        y = L.Conv2D(filters, 3, padding="same", use_bias=False, data_format=format)(y)
        y = L.BatchNormalization(axis=axis)(y)
        y = L.ReLU()(y)
        y = L.MaxPooling2D(2, data_format=format)(y)
    y = L.SpatialDropout2D(0.5, data_format=format)(y)
    y = L.Dense(7, activation="relu")(L.Flatten(data_format=format)(y))
    return keras.Model(x, L.Dense(4, activation="softmax")(y))


def resnet(format):
    """A block with a shortcut, one with squeeze and excitation, and a padded stem."""
    data, axis = {"data_format": format}, 1 if format == FIRST else -1
    x = keras.Input(_shape(format, 12, 10, channels=3))
    y = L.Rescaling(0.5)(x)
    y = L.BatchNormalization(axis=axis)(y)
    y = L.ZeroPadding2D(1, **data)(y)
    y = L.Conv2D(4, 3, strides=2, activation="relu", **data)(y)
    z = L.Conv2D(8, 1, strides=2, padding="same", **data)(y)
    y = L.Conv2D(8, 3, strides=2, padding="same", **data)(y)
    y = L.ReLU()(L.BatchNormalization(axis=axis)(y))
    y = L.DepthwiseConv2D(3, padding="same", **data)(y)
    y = L.PReLU(shared_axes=[2, 3] if format == FIRST else [1, 2])(L.Add()([y, z]))
    gate = L.GlobalAveragePooling2D(keepdims=True, **data)(y)
    gate = L.Conv2D(5, 1, activation="relu", **data)(gate)
    gate = L.Conv2D(8, 1, activation="sigmoid", **data)(gate)
    y = L.Multiply()([y, gate])
    y = L.GroupNormalization(2, axis=axis)(y)
    y = L.Reshape((8,))(L.GlobalAveragePooling2D(keepdims=True, **data)(y))
    return keras.Model(x, L.Dense(4)(L.Dense(6)(y) + L.Dense(6, "relu")(y)))


def unet(format):
    """Down and up again, with a concatenation, and classes of each place."""
    data, axis = {"data_format": format}, 1 if format == FIRST else -1
    x = keras.Input(_shape(format, 8, 6, channels=3))
    y = L.Conv2D(4, 3, padding="same", activation="relu6", **data)(x)
    z = L.AveragePooling2D(2, **data)(y)
    z = L.SeparableConv2D(5, 3, padding="same", activation="relu", **data)(z)
    z = L.Conv2DTranspose(4, 2, strides=2, activation="relu", **data)(z)
    y = L.Concatenate(axis=axis)([y, z, x])
    y = L.Conv2D(4, 1, **data)(y)
    return keras.Model(x, L.Softmax(axis=axis)(y))


def sequence(format):
    """Convolutions over time, and a gate computed by dense layers."""
    data, axis = {"data_format": format}, 1 if format == FIRST else -1
    x = keras.Input(_shape(format, 16, channels=3))
    y = L.Conv1D(6, 3, padding="same", **data)(x)
    y = L.ReLU()(L.BatchNormalization(axis=axis)(y))
    y = L.MaxPooling1D(2, **data)(y)
    gate = L.Dense(6, activation="sigmoid")(L.GlobalMaxPooling1D(**data)(y))
    gate = L.Reshape((6, 1) if format == FIRST else (1, 6))(gate)
    y = L.Conv1D(5, 3, activation="relu", **data)(L.Multiply()([y, gate]))
    return keras.Model(x, L.Dense(3)(L.GlobalAveragePooling1D(**data)(y)))


def volume(format):
    """Convolutions over volumes."""
    data, axis = {"data_format": format}, 1 if format == FIRST else -1
    x = keras.Input(_shape(format, 6, 7, 5, channels=2))
    y = L.Conv3D(4, 3, padding="same", **data)(x)
    y = L.ReLU()(L.BatchNormalization(axis=axis)(y))
    y = L.MaxPooling3D(2, **data)(L.Cropping3D(1, **data)(y))
    y = L.UpSampling3D(2, **data)(y)
    return keras.Model(x, L.Dense(3)(L.GlobalMaxPooling3D(**data)(y)))


NETWORKS = (vgg, resnet, unet, sequence, volume)


def twins(build):
    """A network with the channels last, and with the channels first."""
    last, first = models.randomise(build(LAST)), build(FIRST)
    weights = [
        values.reshape(own.shape)
        for values, own in zip(last.get_weights(), first.get_weights(), strict=True)
    ]
    first.set_weights(weights)
    return last, first
