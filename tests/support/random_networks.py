"""Random networks of the layers that can be converted, for hypothesis.

All choices of a step follow from a seed and its place, so that a failure shrinks to the
steps that it needs. The steps are in ``random_steps.py`` and ``random_windows.py``.
"""

import itertools
from dataclasses import dataclass

import keras
import numpy as np
from hypothesis import strategies as st
from keras import layers
from random_steps import ACTIVATIONS, channels, grown, merged, step

from examples import NUMBERS, Example

STEPS_AT_MOST = 7
SIGNALS = ("vector", "sequence", "image", "volume")


class Draws:
    """Choices that follow from a number, and what was planted to be refused."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)
        self.planted = []

    def number(self, low, high):
        return int(self.generator.integers(low, max(low, high) + 1))

    def one(self, options):
        return options[self.number(0, len(options) - 1)]

    def flag(self):
        return bool(self.number(0, 1))

    def activation(self):
        return self.one(ACTIVATIONS)

    def divisor(self, n):
        return self.one([k for k in range(1, n + 1) if n % k == 0])

    def axis(self, x):
        return self.one([-1, *range(1, len(x.shape))])


class Unknown(layers.Layer):
    """A class without a handler."""

    def call(self, x):
        return 2 * x


def unsupported(draws, x):
    """Something that is refused, whose name is noted."""
    forms = [
        lambda: Unknown()(x),
        lambda: layers.Lambda(lambda x: 2 * x)(x),
        lambda: layers.LayerNormalization(rms_scaling=True)(x),
    ]
    y = draws.one(forms)()
    draws.planted.append(y._keras_history.operation.name)
    return y


def entry(draws, signal):
    """An input and a signal that is made of it."""
    if signal == "sequence" and draws.number(0, 3) == 3:
        tokens = keras.Input((draws.number(1, 6),), dtype="int32")
        return tokens, layers.Embedding(NUMBERS, draws.number(1, 4))(tokens)
    rank = SIGNALS.index(signal)
    largest = {3: 4}.get(rank, 6)
    places = [draws.number(1, largest) for _ in range(rank)]
    x = keras.Input((*places, draws.number(1, 4)))
    return x, x


def joined(draws, x, y):
    """Two signals of any shapes."""
    if x.shape == y.shape:
        return merged(draws, [x, y])
    if len(x.shape) == len(y.shape) == 3 and draws.flag():
        return layers.MultiHeadAttention(2, 2)(x, y)
    if draws.flag():
        y = layers.Dense(channels(x), draws.activation())(layers.Flatten()(y))
        return merged_with_vector(draws, x, y)
    units = draws.number(1, 4)
    flat = [layers.Dense(units, "relu")(layers.Flatten()(each)) for each in (x, y)]
    return layers.Dot(1)(flat) if draws.flag() else merged(draws, flat)


def merged_with_vector(draws, x, y):
    """A signal and one value for each of its channels."""
    y = layers.Reshape((*[1] * (len(x.shape) - 2), channels(x)))(y)
    return draws.one((layers.Add, layers.Multiply, layers.Maximum))()([x, y])


@dataclass
class Network:
    """A model with random weights and the names of what cannot be converted."""

    seed: int
    example: Example
    planted: set[str]

    def __str__(self):
        lines = [""]
        for layer in self.example.model.operations:
            config = layer.get_config() if isinstance(layer, keras.Layer) else {}
            plain = (int, float, str, bool, tuple, list)
            options = {k: v for k, v in config.items() if isinstance(v, plain)}
            lines.append(f"{type(layer).__name__} {layer.output} {options}")
        return "\n".join(lines)


# Steps of a network that are kept, the fewer the simpler. Not drawn one by one: where
# draws are alike, hypothesis makes most networks of the parts of a few.
KEPT = sorted(itertools.product((False, True), repeat=STEPS_AT_MOST), key=sum)


@dataclass(frozen=True)
class Recipe:
    """What a network follows from; hypothesis leaves steps out."""

    seed: int
    kept: tuple[bool, ...]


RECIPES = st.builds(Recipe, seed=st.integers(0, 2**20), kept=st.sampled_from(KEPT[1:]))


def network(recipe, signal, refusals=True):
    """A network on a signal of this kind, one or two inputs, one to three outputs."""
    keras.backend.clear_session(free_memory=False)
    seeds = [(recipe.seed, i) for i in range(STEPS_AT_MOST + 2)]
    x, y = entry(Draws(seeds[-2]), signal)
    draws = Draws(seeds[-1])
    inputs, seen = [x], [y]
    two = draws.number(0, STEPS_AT_MOST * 2)  # the step before which an input joins
    refused = draws.number(0, STEPS_AT_MOST * 5) if refusals else None
    for i, kept in enumerate(recipe.kept):
        if kept and i == two:
            other, z = entry(draws, draws.one(SIGNALS))
            inputs.append(other)
            seen.append(joined(draws, seen[-1], grown(draws, z, 2)))
        if kept and i == refused:
            seen.append(unsupported(draws, seen[-1]))
        if kept:
            seen.append(step(Draws(seeds[i]), seen[-1]))
    if seen[-1] is x:
        seen.append(layers.Dense(2)(x))
    outputs = [seen[-1]]
    for z in seen[-4:-1] if draws.number(0, 2) == 2 else []:
        if all(z is not other for other in (*outputs, *inputs)) and len(outputs) < 3:
            outputs.append(z)
    arranged = outputs[0] if len(outputs) == 1 else outputs
    if draws.number(0, 3) == 3:
        arranged = dict(zip("zyx", outputs, strict=False))
    model = keras.Model(inputs if len(inputs) > 1 else x, arranged)
    names = {operation.name for operation in model.operations}
    return Network(recipe.seed, Example(lambda: model), names & {*draws.planted})
