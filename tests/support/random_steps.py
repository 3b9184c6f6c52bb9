"""Steps of random networks: each a function of choices and a signal.

It gives the signal behind the step, or None where the step does not apply. What jumps
is left out: an error of its input, however small, is one of its output.
"""

import math

import keras
import numpy as np
from keras import layers, ops
from random_windows import WINDOWS

LARGEST = 300  # values of a signal
ACTIVATIONS = (
    *("relu", "linear", "relu6", "sigmoid", "tanh", "softmax", "leaky_relu", "gelu"),
    *("hard_sigmoid", "hard_tanh", "silu", "elu", "selu", "celu", "softplus", "mish"),
    *("softsign", "hard_silu", "log_softmax", "sparsemax", "log_sigmoid", "squareplus"),
    *("soft_shrink", "tanh_shrink", "sparse_plus", "sparse_sigmoid"),
)


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
