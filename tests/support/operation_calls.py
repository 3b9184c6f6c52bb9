"""Models of one call of an operation of keras.ops, from which examples are made."""

import functools

import keras
import numpy as np
from keras import ops

from examples import Example, of

ROW = np.array([[0.5, -1.0, 2.0, 1.5]], np.float32)  # (1, 4)
BLOCK = np.linspace(-1.4, 1.5, 12, dtype=np.float32).reshape(1, 3, 4)
MATRIX = np.linspace(-1.0, 1.0, 20, dtype=np.float32).reshape(4, 5)
ONE = np.float32(0.7)
PAIR = ((3, 4), (3, 4))
SPREAD = ((3, 4), (3, 1))


def plain(name, **arguments):
    """The operation of one signal, as the function of this name."""
    return [of(functools.partial(getattr(ops, name), **arguments))]


def inside(name, gain=0.3, offset=0.0):
    """The operation of values in (offset - gain, offset + gain)."""

    def function(x):
        return getattr(ops, name)(ops.tanh(x) * gain + offset)

    return [of(function)]


def over(name, keyword="axis", **arguments):
    """The operation over one axis and several, kept and not."""
    operation = getattr(ops, name)
    axes = [{keyword: axis} for axis in (1, -1, (1, 2), (-1, 1))]
    examples = [of(lambda x, a=a: operation(x, **a, **arguments)) for a in axes]
    kept = {keyword: (1, 3), "keepdims": True, **arguments}
    examples.append(of(lambda x: operation(x, **kept), (3, 4, 2)))
    # To one value for each sample.
    examples.append(of(lambda x: operation(x, **{keyword: 1}, **arguments), (4,)))
    return examples


def of_two(name, safe=lambda y: y):
    """Two signals, of equal shapes and not; a signal and numbers on either side."""
    operation = getattr(ops, name)
    return [
        of(lambda x, y: operation(x, safe(y)), *PAIR),
        of(lambda x, y: operation(x, safe(y)), *SPREAD),
        of(lambda x: operation(x, ROW), (4,)),
        of(lambda x: operation(ONE, safe(x))),
        of(lambda x: operation(BLOCK, safe(x)), (3, 1)),
    ]


def away(y):
    """Far from 0."""
    return ops.absolute(y) + 0.5


def numbers(function, *shapes):
    """A function of integer inputs of these shapes."""
    return of(function, *shapes, dtypes=("int32",) * len(shapes))


def kernel(*shape):
    """Random weights, the same each time."""
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def of_three(function, shape):
    """A function of three samples, for operations that Keras builds for no others."""

    def build():
        x = keras.Input(batch_shape=(3, *shape))
        return keras.Model(x, function(x))

    return Example(build)


def at_once(function, shape):
    """A function that Keras computes outside of models only, though it builds them."""
    example = of(function, shape)
    example.expected = lambda feed: [np.asarray(function(*feed.values()), np.float32)]
    return example


def class_name(function):
    """The class of the operations that a function of keras.ops makes."""
    special = {"convert_to_tensor": "ConvertToTensor"}
    special |= {"deg2rad": "Deg2rad", "rad2deg": "Rad2deg"}
    return special.get(function, "".join(map(str.title, function.split("_"))))
