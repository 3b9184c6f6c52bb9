"""Networks of n bits in Keras packages, each of which is imported when it is asked for.

QKeras (``pip install qkeras-v3``) and HGQ2 (``pip install hgq2``) do not fit into one
environment: both have a folder called qkeras.
"""

import keras
from keras import layers

from tfsnn.layers import FakeQuant


def of_keras(bits, x):
    """Keras's own layers, with tfsnn.layers.FakeQuant behind each activation."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            FakeQuant(0.0, 1.0),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            FakeQuant(0.0, 3.0, bits),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, activation="relu"),
            FakeQuant(0.0, 3.0, bits),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            FakeQuant(0.0, 4.0, bits),
            layers.Dense(10),
        ]
    )


def of_qkeras(bits, x):
    """QKeras's layers, with steps that are powers of two."""
    from qkeras import QActivation, QConv2D, QDense, quantized_bits, quantized_relu

    def rounded():
        return {
            "kernel_quantizer": quantized_bits(bits, 0, alpha=1),
            "bias_quantizer": quantized_bits(8, 2, alpha=1),
        }

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            QActivation(quantized_relu(8, 0)),
            QConv2D(8, 3, strides=2, **rounded()),
            QActivation(quantized_relu(bits, 2)),
            layers.MaxPooling2D(2),
            QConv2D(16, 3, activation=quantized_relu(bits, 2), **rounded()),
            layers.Flatten(),
            QDense(32, activation=quantized_relu(bits, 2), **rounded()),
            QDense(10, **rounded()),
        ]
    )


def of_hgq(bits, x):
    """HGQ2's layers, each number with the same bits at the start of training."""
    from hgq.config import LayerConfigScope, QuantizerConfigScope
    from hgq.layers import QConv2D, QDense

    with (
        QuantizerConfigScope(place="all", default_q_type="kbi", b0=bits, i0=1),
        QuantizerConfigScope(
            place="datalane",
            default_q_type="kif",
            i0=2,
            f0=max(bits - 2, 0),
            overflow_mode="SAT",
        ),
        LayerConfigScope(enable_ebops=True, beta0=1e-8),
    ):
        return keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                QConv2D(8, 3, strides=2, activation="relu"),
                layers.MaxPooling2D(2),
                QConv2D(16, 3, activation="relu"),
                layers.Flatten(),
                QDense(32, activation="relu"),
                QDense(10),
            ]
        )


PACKAGES = {"keras": of_keras, "qkeras": of_qkeras, "hgq": of_hgq}


def trained(bits, form, x, y, epochs):
    """A network of a package, trained on images and labels."""
    keras.utils.set_random_seed(0)
    model = PACKAGES[form](bits, x)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss)
    model.fit(x, y, batch_size=50, epochs=epochs, verbose=0)
    return model
