"""Examples of recurrent layers and of layers that make masks."""

import keras
import numpy as np
from keras import layers as L

from examples import NUMBERS, SEQUENCE, of, on, stack
from tfsnn.layers import ModelRNN

LONG = (20, 2)  # more places than are written out where nothing in a step spikes
MIXED = {"dtypes": ("float32", "bool")}
TOKENS = {"dtypes": ("int32",)}


def tokens(**arguments):
    """An embedding whose number 0 is masked."""
    return L.Embedding(NUMBERS, 4, mask_zero=True, **arguments)


def cells():
    return [L.LSTMCell(3), L.GRUCell(2), L.SimpleRNNCell(4, activation="relu")]


def simple(kind):
    """The same arguments for SimpleRNN, GRU and LSTM."""
    return [
        *on(SEQUENCE, kind(3), kind(2, activation="relu", return_sequences=True)),
        stack(LONG, kind(2, return_sequences=True), L.Dense(2)),
    ]


def sums(length, **arguments):
    """A layer whose step is a model of two states."""

    def build(x, *initial):
        place, h, c = keras.Input((2,)), keras.Input((3,)), keras.Input((3,))
        y = L.Dense(3, activation="tanh")(L.Concatenate()([place, h]))
        outputs = [y, L.Average()([c, y])]
        step = keras.Model([place, h, c], outputs)
        layer = ModelRNN(step, (0, 1), **arguments)
        return layer([x], initial_state=list(initial) or None)

    return of(build, (length, 2), *([(3,), (3,)] if length == 3 else []))


RECURRENT = {
    ModelRNN: [
        sums(3, returned=(1, 0)),
        sums(20, returned=(0, 1), return_sequences=True),
    ],
    L.SimpleRNN: simple(L.SimpleRNN),
    L.GRU: [*simple(L.GRU), *on((3, 4), L.GRU(2, reset_after=False))],
    L.LSTM: [
        *simple(L.LSTM),
        *on((3, 4), L.LSTM(2, recurrent_activation="hard_sigmoid")),
    ],
    L.RNN: on(
        (3, 4),
        L.RNN(L.StackedRNNCells([L.LSTMCell(3), L.GRUCell(2)])),
        L.RNN(L.GRUCell(2)),
    ),
    L.Bidirectional: [
        *on((3, 4), L.Bidirectional(L.GRU(2, return_sequences=True))),
        *on((3, 4), L.Bidirectional(L.LSTM(2), merge_mode="mul")),
    ],
    L.ConvLSTM1D: on((3, 5, 2), L.ConvLSTM1D(2, 2, return_sequences=True)),
    L.ConvLSTM2D: on((3, 4, 5, 2), L.ConvLSTM2D(2, 2, strides=2, padding="same")),
    L.ConvLSTM3D: on((2, 3, 3, 2, 2), L.ConvLSTM3D(2, 2, padding="same")),
    L.Masking: [
        stack((3, 4), L.Masking(), L.Dense(2)),
        stack((3, 4), L.Masking(-1.0), L.GlobalAveragePooling1D()),
    ],
}


def embedded(**arguments):
    return L.Embedding(NUMBERS, 4, **arguments)


def embeddings():
    whole = {"dtypes": ("int32",)}
    return [
        of(embedded(), (6,), **whole),
        of(embedded(), (2, 3), **whole),
        of(lambda n: L.Dense(3, activation="relu")(embedded()(n)), (6,), **whole),
        of(lambda n: embedded()(L.Reshape((2, 3))(n)), (6,), **whole),
        # The positions of a sequence, as constants.
        of(
            lambda n: embedded()(n) + L.Embedding(6, 4)(np.arange(6)[None]),
            (6,),
            **whole,
        ),
        of(lambda n: L.Dense(2)(L.LSTM(3)(tokens()(n))), (6,), **TOKENS),
        of(lambda n: L.GlobalAveragePooling1D()(tokens()(n)), (6,), **TOKENS),
    ]


def encoder(x, dropout):
    """A Transformer's encoder block, which masks reach by themselves."""
    y = L.MultiHeadAttention(2, 3, dropout=dropout)(x, x)
    x = L.LayerNormalization()(L.Add()([x, y]))
    y = L.Dense(4)(L.Dense(8, activation="relu")(x))
    return L.LayerNormalization()(L.Add()([x, y]))


def transformer(dropout, pooling):
    def build(n):
        x = L.Dropout(0.1)(tokens()(n))
        return pooling(encoder(encoder(x, dropout), dropout))

    return of(build, (6,), **TOKENS)


def nested(n):
    """Masks go into models, Functional and Sequential, and out of them."""
    x = keras.Input((6, 4))
    inner = keras.Model(x, L.LSTM(3, return_sequences=True)(L.Dropout(0.1)(x)))
    behind = keras.Sequential([keras.Input((6, 3)), L.GRU(3)])
    return behind(inner(tokens()(n)))


def translation(n, m):
    """An encoder whose states a decoder starts from; Keras masks the first alone."""
    _, *states = L.LSTM(3, return_state=True)(tokens()(n))
    return L.LSTM(3, return_sequences=True)(tokens()(m), initial_state=states)


def averaged(x):
    return L.GlobalAveragePooling1D(keepdims=True)(x)


def together(join):
    """A mask of two, of which the second is the first's or its own."""

    def build(n, m):
        return L.GRU(2)(join([tokens()(n), tokens()(m)]))

    return of(build, (6,), (6,), dtypes=("int32", "int32"))


MASKS = {
    "masking": stack((7, 4), L.Masking(), L.Dropout(0.1), L.GRU(3)),
    "masking of another value": stack((7, 4), L.Masking(2.0), L.Dense(3), L.GRU(3)),
    "transformer": transformer(0.0, averaged),
    "transformer with dropout": transformer(0.1, averaged),
    "transformer, all places": transformer(0.0, L.Flatten()),
    "transformer with dropout, all places": transformer(0.1, L.Flatten()),
    "nested models": of(nested, (6,), **TOKENS),
    "encoder and decoder": of(translation, (6,), (5,), dtypes=("int32", "int32")),
    "add": together(L.Add()),
    "time distributed": of(
        lambda n: L.Flatten()(L.TimeDistributed(L.LSTM(3))(tokens()(n))),
        (3, 6),
        **TOKENS,
    ),
    "time distributed dense": of(
        lambda n: L.GRU(2)(L.TimeDistributed(L.Dense(3))(tokens()(n))), (6,), **TOKENS
    ),
    "attention": of(
        lambda n, m: L.Attention()([tokens()(n), tokens()(m)]),
        *((6,), (5,)),
        dtypes=("int32", "int32"),
    ),
    "additive attention": of(
        lambda n, m: L.AdditiveAttention()([tokens()(n), tokens()(m)]),
        *((6,), (5,)),
        dtypes=("int32", "int32"),
    ),
    "concatenate": together(L.Concatenate()),
    "concatenate sequences": together(L.Concatenate(1)),
    "causal attention": of(
        lambda n: L.Attention()([tokens()(n)] * 2, use_causal_mask=True),
        (6,),
        **TOKENS,
    ),
    "query and value": of(
        lambda n, m: L.MultiHeadAttention(2, 3)(
            tokens()(n), tokens()(m), use_causal_mask=True
        ),
        *((6,), (5,)),
        dtypes=("int32", "int32"),
    ),
    "a mask as an argument": of(
        lambda x, m: L.GlobalAveragePooling1D()(x, mask=m), (3, 4), (3,), **MIXED
    ),
    "masks as arguments of attention": of(
        lambda x, m: L.Attention()([x, x], mask=[m, m]), (3, 4), (3,), **MIXED
    ),
}


def arguments(kind):
    """Recurrent layers with a mask, initial states, both, and what they return."""
    states = [(3,)] * (2 if kind is L.LSTM else 1)

    def called(x, mask=None, *initial, **given):
        layer = kind(3, return_sequences=True, **given)
        return layer(x, mask=mask, initial_state=list(initial) or None)

    def both(x, mask=None, **given):
        return L.Bidirectional(kind(3, **given), merge_mode=None)(x, mask=mask)

    masked = ((7, 4), (7,))
    return {
        "last": stack((7, 4), kind(3, use_bias=False, go_backwards=True, dropout=0.2)),
        "states": of(lambda x: called(x, return_state=True), (7, 4)),
        "last and states": of(lambda x: kind(3, return_state=True)(x), (7, 4)),
        "initial": of(lambda x, *h: called(x, None, *h), (7, 4), *states),
        "mask": of(called, *masked, **MIXED),
        "mask, backwards": of(
            lambda x, m: called(x, m, go_backwards=True), *masked, **MIXED
        ),
        "mask, zeros": of(
            lambda x, m: called(x, m, zero_output_for_mask=True), *masked, **MIXED
        ),
        "mask, initial, states": of(
            lambda x, m, *h: called(x, m, *h, return_state=True),
            *(*masked, *states),
            **MIXED,
        ),
        "both directions": of(
            lambda x, m: both(x, m, return_sequences=True, return_state=True),
            *masked,
            **MIXED,
        ),
    }


ARGUMENTS = (
    {
        f"{kind.__name__}: {name}": example
        for kind in (L.SimpleRNN, L.GRU, L.LSTM)
        for name, example in arguments(kind).items()
    }
    | {
        f"SimpleRNN: both, {mode}": stack(
            (7, 4), L.Bidirectional(L.SimpleRNN(3, return_sequences=True), mode)
        )
        for mode in ("concat", "sum", "ave", "mul")
    }
    | {
        "GRU: reset before": stack(
            (7, 4), L.GRU(3, reset_after=False, return_sequences=True)
        ),
        "LSTM: gates over axes": stack(
            (7, 4), L.LSTM(3, recurrent_activation="softmax")
        ),
        "LSTM: layer": stack((7, 4), L.LSTM(3, activation=L.ReLU(negative_slope=0.1))),
        "RNN: stacked": of(
            lambda x, m: keras.tree.flatten(
                L.RNN(cells(), return_state=True)(x, mask=m)
            ),
            *((7, 4), (7,)),
            **MIXED,
        ),
        "ConvLSTM1D: states": of(
            lambda x: L.ConvLSTM1D(2, 2, return_state=True, return_sequences=True)(x),
            (4, 5, 2),
        ),
        "ConvLSTM2D: mask": of(
            lambda x, m: L.ConvLSTM2D(2, 2, dilation_rate=2)(x, mask=m),
            *((4, 4, 5, 2), (4,)),
            **MIXED,
        ),
        "ConvLSTM2D: hard": stack((4, 4, 5, 2), L.ConvLSTM2D(2, 2, activation="relu")),
    }
)
