"""Random networks of the layers that can be converted, for hypothesis.

All choices of a step follow from a seed and its place, so that a failure shrinks to the
steps that it needs. A step is a function of choices and a signal, and may give None
where it does not apply. What jumps is left out: an error of its input, however small,
is one of its output.
"""

import itertools
import math
from dataclasses import dataclass

import keras
import numpy as np
from hypothesis import strategies as st
from keras import layers, ops
from random_windows import WINDOWS

from examples import NUMBERS, Example

LARGEST = 300  # values of a signal
STEPS_AT_MOST = 7
SIGNALS = ("vector", "sequence", "image", "volume")
ACTIVATIONS = (
    *("relu", "linear", "relu6", "sigmoid", "tanh", "softmax", "leaky_relu", "gelu"),
    *("hard_sigmoid", "hard_tanh", "silu", "elu", "selu", "celu", "softplus", "mish"),
    *("softsign", "hard_silu", "log_softmax", "sparsemax", "log_sigmoid", "squareplus"),
    *("soft_shrink", "tanh_shrink", "sparse_plus", "sparse_sigmoid"),
)


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


def channels(x):
    return x.shape[-1]


def dense(draws, x):
    units, bias = draws.number(1, 6), draws.flag()
    return layers.Dense(units, draws.activation(), use_bias=bias)(x)


def activation(draws, x):
    return layers.Activation(draws.activation())(x)


def rectified(draws, x):
    every = list(range(1, len(x.shape)))
    kinds = (
        layers.ReLU,
        lambda: layers.ReLU(6.0),
        lambda: layers.ReLU(max_value=0.5, negative_slope=0.2),
        lambda: layers.LeakyReLU(0.1),
        layers.PReLU,
        lambda: layers.PReLU(shared_axes=every[:-1] or None),
        lambda: layers.PReLU(shared_axes=every[-1:]),
        lambda: layers.ELU(0.5),
        lambda: layers.Softmax(draws.axis(x)),
    )
    return draws.one(kinds)()(x)


def constant_normalization(draws, x):
    n = channels(x)
    means = np.linspace(-1, 1, n)
    kinds = (
        layers.BatchNormalization,
        lambda: layers.BatchNormalization(scale=False, epsilon=0.1),
        lambda: layers.BatchNormalization(center=False),
        lambda: layers.Rescaling(0.5, -1.0),
        lambda: layers.Normalization(mean=means, variance=means + 2),
    )
    return draws.one(kinds)()(x)


def normalization(draws, x):
    axis, epsilon = draws.axis(x), draws.one([0.01, 0.1])
    groups = draws.divisor(channels(x))
    kinds = (
        lambda: layers.LayerNormalization(axis=axis, epsilon=epsilon),
        lambda: layers.LayerNormalization(axis=axis, epsilon=0.1, center=False),
        lambda: layers.GroupNormalization(groups, epsilon=epsilon),
        lambda: layers.RMSNormalization(epsilon=epsilon),
        lambda: layers.UnitNormalization(axis=axis),
    )
    return draws.one(kinds)()(x)


def training_only(draws, x):
    kinds = (layers.Identity, lambda: layers.Dropout(0.5))
    return draws.one((*kinds, lambda: layers.GaussianNoise(0.1)))()(x)


def arithmetic(draws, x):
    row = np.linspace(-1, 2, channels(x), dtype=np.float32)[None]
    forms = (
        lambda: x * 2 + 1,
        lambda: 1 - x,
        lambda: -x,
        lambda: x / 3,
        lambda: ops.multiply(x, row),
        lambda: ops.subtract(row, x),
        lambda: ops.maximum(x, 0.2),
        lambda: ops.minimum(row, x),
        lambda: ops.clip(x, -0.5, 0.7),
        lambda: ops.maximum(x, -x),
        lambda: x * ops.sigmoid(x),
        lambda: x - x * 0.5,
        lambda: 2 / (ops.absolute(x) + 1.0),
        lambda: x / (ops.square(x) + 1.0),
    )
    return draws.one(forms)()


def elementwise(draws, x):
    forms = (
        lambda: ops.relu(x),
        lambda: ops.tanh(x) ** 2,
        lambda: ops.exp(ops.tanh(x)),
        lambda: ops.sqrt(ops.softplus(x) + 0.1),
        lambda: ops.log(ops.absolute(x) + 0.5),
        lambda: ops.sin(x) + ops.cos(x),
        lambda: ops.erf(x),
        lambda: ops.absolute(x),
        lambda: ops.power(ops.absolute(x) + 0.5, 0.7),
        lambda: ops.leaky_relu(x, 0.3),
        lambda: ops.softmax(x, draws.axis(x)),
        lambda: ops.where(ROOT > 0, x, 0.5) if channels(x) == len(ROOT) else x * 1,
        lambda: ops.rsqrt(ops.square(x) + 0.5),
    )
    return draws.one(forms)()


ROOT = np.array([1.0, -1.0, 1.0], np.float32)


def reduction(draws, x):
    names = ("mean", "sum", "max", "min", "var", "logsumexp", "std")
    function = getattr(ops, draws.one(names))
    return function(x, draws.axis(x), keepdims=len(x.shape) < 3 or draws.flag())


def matrix(draws, x):
    n, units = channels(x), draws.number(1, 5)
    values = np.sin(np.arange(n * units, dtype=np.float32)).reshape(n, units)
    return ops.matmul(x, values)


def part(draws, x):
    forms = (
        lambda: x[..., : draws.number(1, channels(x))],
        lambda: x[:, draws.number(0, x.shape[1] - 1) :],
        lambda: x[:, ::-1],
        lambda: x[..., ::2],
        lambda: ops.flip(x, draws.axis(x)),
        lambda: ops.roll(x, 1, draws.axis(x)),
        lambda: ops.take(x, [0, -1], draws.axis(x)),
        lambda: ops.repeat(x, 2, draws.axis(x)),
        lambda: ops.split(x, [1], -1)[1] if channels(x) > 1 else x * 1,
        lambda: ops.concatenate([x, x], draws.axis(x)),
        lambda: ops.stack([x, x], -1)[..., draws.number(0, 1)],
        lambda: ops.tile(x, 2),
    )
    return draws.one(forms)()


def reshaped(draws, x):
    size = math.prod(x.shape[1:])
    first = draws.divisor(size)
    rank = len(x.shape) - 1
    order = list(range(1, rank + 1))
    forms = (
        lambda: layers.Flatten()(x),
        lambda: layers.Reshape((first, size // first))(x),
        lambda: ops.reshape(x, (-1, size // first, first)),
        lambda: layers.Permute(order[1:] + order[:1])(x),
        lambda: ops.transpose(x, (0, *order[::-1])),
        lambda: ops.swapaxes(x, 1, -1),
        lambda: ops.expand_dims(x, draws.axis(x)) if rank < 4 else None,
    )
    return draws.one(forms)()


def merged(draws, xs):
    """Several signals of equal shape."""
    kinds = (
        layers.Add,
        layers.Concatenate,
        layers.Multiply,
        layers.Maximum,
        layers.Average,
        layers.Minimum,
        lambda: layers.Concatenate(1),
    )
    if len(xs) == 2:
        kinds = (*kinds, layers.Subtract)
    return draws.one(kinds)()(xs)


def branches(draws, x):
    """Layers side by side on one signal, brought together."""
    n = channels(x)
    parts = [layers.Dense(n, draws.activation())(x) for _ in range(draws.number(1, 2))]
    return merged(draws, [x, *parts] if draws.flag() or len(parts) == 1 else parts)


def gate(draws, x):
    """Squeeze and excite."""
    inner = tuple(range(1, len(x.shape) - 1)) or -1
    squeezed = ops.mean(x, inner, keepdims=True)
    return x * layers.Dense(channels(x), "sigmoid")(squeezed)


def nested(draws, x):
    """A model in the model, called once or twice."""
    inside = keras.Input(x.shape[1:])
    y = grown(draws, inside, 2)
    model = keras.Model(inside, y) if y is not inside else layers.Dense(2)
    if draws.flag():
        return model(x)
    return merged(draws, [model(x), model(layers.Activation("tanh")(x))])


def shared(draws, x):
    """A layer that is called twice."""
    layer = layers.Dense(channels(x), draws.activation())
    return layer(layer(x))


def wrapped(draws, x):
    if len(x.shape) < 3:
        return layers.SpectralNormalization(layers.Dense(3))(x)
    inside = keras.Input(x.shape[2:])
    y = grown(draws, inside, 1)
    if draws.flag() or y is inside:
        return layers.TimeDistributed(layers.Dense(3, draws.activation()))(x)
    return layers.TimeDistributed(keras.Model(inside, y))(x)


def sequences(draws, x):
    """Attention, and products of places."""
    if len(x.shape) == 2:
        return layers.RepeatVector(draws.number(1, 3))(x)
    if len(x.shape) != 3:
        return None
    heads = layers.MultiHeadAttention(draws.number(1, 2), 2, use_bias=draws.flag())
    bias = {"bias_axes": "d"} if draws.flag() else {}
    forms = (
        lambda: heads(x, x),
        lambda: heads(x, x, use_causal_mask=True),
        lambda: layers.Attention()([x, layers.Dense(channels(x))(x)]),
        lambda: layers.Dot(2, normalize=draws.flag())([x, x]),
        lambda: layers.Dot(1)([x, layers.Dense(2)(x)]),
        lambda: layers.EinsumDense("abc,cd->abd", (None, 3), **bias)(x),
        lambda: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
        lambda: ops.einsum("bic,bjc->bij", x, x),
    )
    return draws.one(forms)()


def window(draws, x):
    rank = len(x.shape) - 2
    return draws.one(WINDOWS[rank])(draws, x) if rank in WINDOWS else None


def unsupported(draws, x):
    """Something that is refused, whose name is noted."""
    rank = len(x.shape) - 2
    forms = [
        lambda: ops.sort(x, -1),
        lambda: ops.cumsum(x, axis=-1),
        lambda: layers.LayerNormalization(rms_scaling=True)(x),
    ]
    if rank == 1:
        forms += [
            lambda: layers.LSTM(3, return_sequences=draws.flag())(x),
            lambda: layers.GRU(2)(x),
            lambda: layers.Masking()(x),
            lambda: layers.BatchNormalization(axis=1)(x),
        ]
    if rank == 2:
        first = {"data_format": "channels_first"}
        forms += [
            lambda: layers.ZeroPadding2D(1, **first)(x),
            lambda: layers.GlobalAveragePooling2D(**first)(x),
        ]
    y = draws.one(forms)()
    draws.planted.append(y._keras_history.operation.name)
    return y


SIMPLE = (dense, activation, rectified, arithmetic, normalization, reshaped, window)
STEPS = (
    *SIMPLE,
    *(
        window,
        window,
        window,
        window,
        sequences,
        constant_normalization,
        training_only,
        elementwise,
    ),
    *(reduction, matrix, part, branches, gate, nested, shared, wrapped, sequences),
)


def step(draws, x, steps=STEPS):
    """The signal behind one step; x where it does not apply or is too large."""
    y = draws.one(steps)(draws, x)
    if y is None or None in y.shape[1:] or math.prod(y.shape[1:]) > LARGEST:
        return x
    return y


def grown(draws, x, most):
    """The signal behind a few simple steps."""
    for _ in range(draws.number(1, most)):
        x = step(draws, x, SIMPLE)
    return x


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
