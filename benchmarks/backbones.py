"""Networks of ``keras.applications`` with random weights, and images for them.

Weights are random, but alive and smooth as those of trained networks are: kernels have
He's scale and vary little within their window, residual branches and gates are damped
to 0.3, and the moving statistics of batch norms are those of real images, so that
activations keep their size through the network and ReLUs are open half of the time.
(Kernels of white noise make deep networks chaotic: rounding in float32 grows to 1e-4.)
Images are those of CIFAR-10 that come with the shipped network, enlarged.
"""

from __future__ import annotations

import inspect
from typing import Any

SIZES = {"InceptionV3": 160}  # with 96 its last map would have one place


def size(name: str) -> int:
    """Return the pixels along each side of the family's images."""
    return SIZES.get(name, 96)


def backbone(name: str) -> Any:
    """Build the family's network, for images in [-2, 2], without a softmax."""
    import keras

    keras.utils.set_random_seed(0)
    family = getattr(keras.applications, name)
    arguments: dict[str, Any] = {}
    if "include_preprocessing" in inspect.signature(family).parameters:
        arguments["include_preprocessing"] = False
    return family(
        weights=None,
        input_shape=(size(name), size(name), 3),
        classifier_activation=None,
        **arguments,
    )


def images(count: int, size: int) -> Any:
    """Return real images, enlarged, in [-2, 2]."""
    from importlib.resources import files

    import numpy as np
    import tensorflow as tf

    path = files("tfsnn_saved_models") / "resnet20_cifar10" / "test.npz"
    with np.load(path) as arrays:
        x = arrays["x"][:count].astype("float32") / 255
    return 4 * tf.image.resize(x, (size, size)).numpy() - 2


def enliven(model: Any, x: Any) -> None:
    """Give a model random weights with which activations keep their size."""
    import keras
    import numpy as np

    rng = np.random.default_rng(1)
    norms = []
    for layer in model._flatten_layers(include_self=False, recursive=True):
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        for weight in layer.weights:
            path, shape = weight.path.rsplit("/", 1)[-1], tuple(weight.shape)
            if "kernel" in path:
                apart = depthwise or "depthwise" in path
                window = shape[:-2]
                fan = np.prod(window if apart else shape[:-1])
                level = 1.0 if apart else rng.normal(size=shape[-2:])
                kernel = level + 0.5 * rng.normal(size=shape) * bool(window)
                weight.assign(kernel * np.sqrt(2 / fan))
            elif path == "gamma" and len(shape) == 1:
                weight.assign(rng.uniform(0.5, 1.5, shape))
            elif path in ("beta", "bias"):
                weight.assign(rng.normal(size=shape) * 0.1)
        if isinstance(layer, keras.layers.BatchNormalization):
            norms.append(layer)
    _damp(model, 0.3)
    if norms:
        for norm in norms:
            norm.momentum = 0.0  # moving statistics are those of the last batch
        model(x, training=True)


def _damp(model: Any, factor: float) -> None:
    """Make the branches of sums small, and let the gates of products stay half open."""
    import keras

    for layer in model.layers:
        if "squeeze_excite_conv" in layer.name and hasattr(layer, "kernel"):
            layer.kernel.assign(factor * layer.kernel)
    producers = {id(layer.output): layer for layer in model.layers}
    for layer in model.layers:
        if isinstance(layer, keras.layers.Add):
            for tensor in layer.input:
                branch = producers.get(id(tensor))
                for name in ("gamma", "kernel"):
                    if (weight := getattr(branch, name, None)) is not None:
                        weight.assign(factor * weight)
