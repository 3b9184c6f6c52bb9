"""What an example is: a tiny model, built once, with random weights and inputs."""

import functools

import keras
import models
import numpy as np
import tensorflow as tf

from tfsnn.sources import import_model
from tfsnn.sources.keras_model.structure import input_arranger, input_names

NUMBERS = 5  # integer inputs are drawn below it
SEQUENCE, IMAGE, VOLUME = (7, 4), (6, 5, 4), (4, 3, 5, 2)


class Example:
    """A model by a function that builds it, when a test asks for it first."""

    def __init__(self, build):
        self.build = build

    @functools.cached_property
    def model(self):
        return models.randomise(self.build())

    @functools.cached_property
    def graph(self):
        return import_model(self.model)

    @functools.cached_property
    def tensors(self):
        """The inputs by name, in order."""
        model = functional(self.model)
        return {name: model.get_layer(name).output for name in input_names(model)}

    def inputs(self, count, seed=1):
        """Normal numbers, integers or truth values, as the inputs are, by name."""
        rng = np.random.default_rng(seed)
        feed = {}
        for name, tensor in self.tensors.items():
            shape = (count, *tensor.shape[1:])
            if tensor.dtype == "bool":
                values = rng.integers(0, 2, shape).astype(bool)
                values[..., 0] = True  # a mask that leaves nothing has no meaning
            elif "int" in tensor.dtype:
                values = rng.integers(0, NUMBERS, shape)
            else:
                values = rng.normal(size=shape)
            feed[name] = values.astype(tensor.dtype)
        return feed

    def expected(self, feed):
        """What Keras computes, as a list."""
        given = input_arranger(self.model)(feed)
        if isinstance(given, list) and len(given) == 1:
            (given,) = given
        y = self.model(given, training=False)
        if isinstance(y, dict):  # which keeps its order; tf.nest would sort it
            y = list(y.values())
        return [np.asarray(each, np.float32) for each in tf.nest.flatten(y)]

    def holds(self, kind):
        """Whether the model, or one in it, has a layer or operation of this class."""
        return any(kind in (type(op), type(op).__name__) for op in _all(self.model))


def functional(model):
    return keras.Model(model.inputs, model.outputs) if _sequential(model) else model


def _sequential(model):
    return isinstance(model, keras.Sequential)


def _all(model):
    for operation in functional(model).operations:
        yield operation
        if isinstance(operation, keras.Model):
            yield from _all(operation)


def floats(feed):
    """Inputs as the graph takes them."""
    return {name: tf.constant(x.astype(np.float32)) for name, x in feed.items()}


def stack(shape, *layers):
    """Layers one behind the other on inputs of this shape."""

    def build():
        x = y = keras.Input(shape)
        for layer in layers:
            y = layer(y)
        return keras.Model(x, y)

    return Example(build)


def on(shape, *built):
    """An example for each layer: on inputs of this shape."""
    return [stack(shape, layer) for layer in built]


def of(function, *shapes, dtypes=()):
    """A function of symbolic inputs of these shapes; (3, 4) unless given."""
    shapes = shapes or ((3, 4),)
    kinds = (*dtypes, *["float32"] * len(shapes))

    def build():
        xs = [
            keras.Input(shape, dtype=kind)
            for shape, kind in zip(shapes, kinds, strict=False)
        ]
        return keras.Model(xs if len(xs) > 1 else xs[0], function(*xs))

    return Example(build)
