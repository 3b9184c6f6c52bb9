"""What makes a random network hard beside its layers: head, types, names, weights.

A network of ``random_networks.py`` gets the head of a task; its layers are cloned with
another dtype policy and odd names, and one of them has weights of an extreme size. The
reference is the same network in float32, for half precision rounds by itself.
"""

from dataclasses import dataclass

import keras
import models
import numpy as np
from keras import layers
from random_networks import Draws, network

from examples import Example

POLICIES = ("float32", "mixed_float16", "mixed_bfloat16", "float64")
NAMES = ("{}", "{} of mine", "schöne {}", "{}-β", "層 {}", "{}:0")
SIZES = (1.0, 1.0, 1e-6, 1e-3, 1e3, 1e5)
HEADS = {
    "regression": lambda d, x: layers.Dense(1)(layers.Flatten()(x)),
    "binary": lambda d, x: layers.Dense(1, "sigmoid")(layers.Flatten()(x)),
    "multilabel": lambda d, x: layers.Dense(4, "sigmoid")(layers.Flatten()(x)),
    "classes": lambda d, x: layers.Dense(5, "softmax")(layers.Flatten()(x)),
    "places": lambda d, x: layers.Dense(d.number(2, 4), "softmax")(x),
    "image": lambda d, x: layers.Dense(3, "sigmoid")(x),
    "embedding": lambda d, x: layers.UnitNormalization()(
        layers.Dense(6)(layers.Flatten()(x))
    ),
    "two": lambda d, x: [
        layers.Dense(1)(layers.Flatten()(x)),
        layers.Dense(3, "softmax")(layers.Flatten()(x)),
    ],
}


@dataclass
class Varied:
    """A model as a user may have it, and the same one in float32."""

    example: Example
    reference: Example
    head: str
    policy: str
    size: float

    def __str__(self):
        return f"{self.head} {self.policy} {self.size:g} {self.example.model.name}"


def varied(recipe, signal):
    """A random network with a head, a policy, names and weights by its own number."""
    base = network(recipe, signal, refusals=False).example.model
    draws = Draws((recipe.seed, 1000))
    head, policy = draws.one(list(HEADS)), draws.one(POLICIES)
    name, size = draws.one(NAMES), draws.one(SIZES)
    last = keras.tree.flatten(base.output)[0]
    whole = keras.Model(base.input, HEADS[head](draws, last))
    models.randomise(whole, recipe.seed)
    grown = [layer for layer in whole.layers if hasattr(layer, "kernel")]
    layer = draws.one(grown)
    kernel = layer.kernel if isinstance(layer.kernel, keras.Variable) else None
    if kernel is not None:
        kernel.assign(kernel * np.float32(size))

    def other(layer):
        config = layer.get_config()
        if isinstance(layer, keras.Layer) and not isinstance(layer, layers.InputLayer):
            config["dtype"] = policy
        return type(layer).from_config({**config, "name": name.format(layer.name)})

    clone = keras.models.clone_model(whole, clone_function=other)
    clone.set_weights(whole.get_weights())
    return Varied(_of(clone), _of(whole), head, policy, size)


def _of(model):
    """An example of a model whose weights stay."""
    example = Example(lambda: model)
    example.__dict__["model"] = model
    return example
