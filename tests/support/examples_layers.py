"""Examples of every layer that can be converted: a newcomer needs one."""

import keras
import numpy as np
from examples_inputs import INPUTS
from examples_recurrent import RECURRENT, embeddings
from examples_windows import WINDOWS
from keras import layers
from models import MyScale

from examples import IMAGE, SEQUENCE, VOLUME, of, on, stack
from tfsnn.layers import (
    QCFS,
    BoundedWeightNormalization,
    FakeQuant,
    L1BatchNormalization,
    LInfBatchNormalization,
    LocallyConnected1D,
    LocallyConnected2D,
    QuantizeDequantize,
    RateNorm,
    TopKBatchNormalization,
    keras2_hard_sigmoid,
)
from tfsnn_numpy.private_apis import LAYER_SCALE, STOCHASTIC_DEPTH

L = layers
LayerScale, StochasticDepth = LAYER_SCALE.get(), STOCHASTIC_DEPTH.get()


def together(kind, **arguments):
    """Two and three inputs; axes of length 1 repeated; fewer axes; a constant."""
    two = [(3, 4), (3, 4)]
    ones = np.linspace(-1, 1, 12, dtype=np.float32).reshape(1, 3, 4)
    examples = [
        of(lambda *xs: kind(**arguments)(xs), *two),
        of(lambda x, y: kind(**arguments)([x, y]), (3, 4), (3, 1)),
        of(lambda x, y: kind(**arguments)([x, y]), (1, 4), (3, 1)),
        of(lambda x, y: kind(**arguments)([x, y]), (4,), (3, 4)),
        of(lambda x: kind(**arguments)([x, x])),
        of(lambda x: kind(**arguments)([x, ones])),
    ]
    if kind is not layers.Subtract:
        examples.append(of(lambda *xs: kind(**arguments)(xs), *two, (3, 4)))
    return examples


def adapted(shape=IMAGE, **arguments):
    """A Normalization that has seen data."""
    layer = layers.Normalization(**arguments)
    drawn = np.random.default_rng(2).normal(1, 3, (50, *shape))
    layer.adapt(drawn.astype("float32"))
    return layer


def per_channel(kind):
    """Normalisations with moving statistics."""
    return [
        *on(IMAGE, kind(), kind(scale=False), kind(center=False, epsilon=0.1)),
        *on((4,), kind()),
        stack(IMAGE, L.Conv2D(3, 3, padding="same"), kind(), L.ReLU()),
        stack(IMAGE, kind(), L.Conv2D(3, 3), L.ReLU()),
        stack(IMAGE, kind(), L.Conv2D(3, 3, padding="same")),
        stack(IMAGE, L.ReLU(), L.MaxPooling2D(2), kind()),
        stack(SEQUENCE, L.Conv1D(3, 2), kind(axis=2), L.ReLU()),
        stack(SEQUENCE, L.Conv1D(3, 2), kind(axis=1), L.ReLU(), L.Dense(2)),
        *on(IMAGE, kind(axis=1), kind(axis=-2, center=False)),
    ]


def masked(layer, *masks):
    """A layer called with a mask that is an input of the model."""
    return of(lambda x, m: layer(x, mask=m), (3, 4), *masks, dtypes=("float32", "bool"))


def attentive(**arguments):
    layer = layers.MultiHeadAttention(2, 3, **arguments)
    return lambda *xs, **kwargs: layer(*xs, **kwargs)


def attentions():
    mask = {"dtypes": ("float32", "bool")}
    causal = {"use_causal_mask": True}
    scores = {"return_attention_scores": True}
    fixed = np.tril(np.ones((1, 5, 5), bool))
    return [
        of(lambda x: attentive()(x, x), (5, 4)),
        of(lambda x: attentive(use_bias=False, value_dim=2)(x, x), (5, 4)),
        of(lambda x, y: attentive()(x, y), (5, 4), (3, 2)),
        of(lambda *xs: attentive(output_shape=6)(*xs), (5, 4), (3, 2), (3, 5)),
        of(lambda x, y: attentive()(query=x, value=y), (5, 4), (3, 2)),
        of(lambda x: attentive()(x, x, **causal), (5, 4)),
        of(lambda x: attentive()(x, x, **scores), (5, 4)),
        of(lambda x: attentive()(x, x, attention_mask=fixed), (5, 4)),
        of(lambda x, m: attentive()(x, x, attention_mask=m), (5, 4), (5, 5), **mask),
        of(
            lambda x, m: attentive()(x, x, attention_mask=m, **causal),
            *((5, 4), (5, 5)),
            **mask,
        ),
    ]


def products_attention():
    return [
        of(lambda x, y: L.Attention()([x, y]), (5, 4), (3, 4)),
        of(lambda *xs: L.Attention(use_scale=True)([*xs]), (5, 4), (3, 2), (3, 4)),
        of(lambda x: L.Attention()([x, x], use_causal_mask=True), (5, 4)),
        of(lambda x: L.Attention()([x, x], return_attention_scores=True), (5, 4)),
        of(lambda x, y: L.Attention(score_mode="concat")([x, y]), (5, 4), (3, 4)),
        of(lambda x: L.Attention(True, "concat")([x, x]), (5, 4)),
    ]


def bounded():
    b, one = BoundedWeightNormalization, "same"
    return [
        *on(SEQUENCE, b(L.Dense(3)), b(L.Dense(3, use_bias=False, activation="relu"))),
        *on(SEQUENCE, b(L.Conv1D(3, 2, padding="causal")), b(L.DepthwiseConv1D(2))),
        *on(IMAGE, b(L.Conv2D(4, 3, groups=2, padding=one)), b(L.DepthwiseConv2D(2))),
        *on(VOLUME, b(L.Conv3D(2, 2, activation="relu"))),
    ]


def wrapped():
    return [
        stack((5, 4), L.TimeDistributed(L.Dense(3, activation="relu"))),
        stack((1, 4), L.TimeDistributed(L.Dense(3))),
        stack((2, *IMAGE), L.TimeDistributed(L.Conv2D(3, 2))),
        stack((20, 3, 2), L.TimeDistributed(L.GRU(2))),
        stack((2, *IMAGE), L.TimeDistributed(keras.Sequential(
            [keras.Input(IMAGE), L.Conv2D(3, 2), L.ReLU(), L.Flatten(), L.Dense(2)]
        ))),
    ]  # fmt: skip


MEANS = np.arange(120, dtype=np.float32).reshape(IMAGE) / 120
TRAINING_ONLY = [
    *(L.ActivityRegularization(0.1), L.AlphaDropout(0.5), L.Dropout(0.5)),
    *(L.GaussianDropout(0.5), L.GaussianNoise(0.5), L.Identity()),
    *(L.RandomBrightness(0.5), L.RandomContrast(0.5), L.RandomFlip()),
    *(L.RandomRotation(0.5), L.RandomTranslation(0.5, 0.5), L.RandomZoom(0.5)),
    L.SpatialDropout2D(0.5),
]
ACTIVATIONS = (
    *("relu", "relu6", "linear", "softmax", "sigmoid", "tanh", "softplus", "gelu"),
    *("exponential", "log_softmax", "leaky_relu", "hard_sigmoid", "hard_tanh", "glu"),
    *("silu", "elu", "selu", "celu", "softsign", "mish", "hard_silu", "sparsemax"),
    *("hard_shrink", "log_sigmoid", "soft_shrink", "sparse_plus", "sparse_sigmoid"),
    *("squareplus", "tanh_shrink"),
)

LAYERS = {
    **WINDOWS,
    **RECURRENT,
    **INPUTS,
    L.Activation: [stack(SEQUENCE, L.Activation(name)) for name in ACTIVATIONS],
    L.ReLU: on(
        IMAGE,
        *(L.ReLU(), L.ReLU(6.0), L.ReLU(max_value=0.25), L.ReLU(negative_slope=0.1)),
        *(L.ReLU(0.5, 0.2), L.ReLU(threshold=0.3), L.ReLU(1.0, 0.1, 0.3)),
    ),
    L.LeakyReLU: on(IMAGE, L.LeakyReLU(), L.LeakyReLU(0.0)),
    L.PReLU: [
        *on(IMAGE, L.PReLU(), L.PReLU(shared_axes=[1, 2]), L.PReLU(shared_axes=[3])),
        *on((4,), L.PReLU()),
    ],
    L.ELU: on(IMAGE, L.ELU(), L.ELU(0.5)),
    L.Softmax: [
        *on(IMAGE, L.Softmax(), L.Softmax(1), L.Softmax(axis=(1, 2))),
        stack((4,), L.Softmax(), L.Dense(3)),
        masked(L.Softmax(), (3, 4)),
        masked(L.Softmax(), (1, 4)),
        of(lambda x: L.Softmax()(x, mask=np.array([[1, 0, 1, 1]], bool)), (4,)),
    ],
    L.Dense: [
        stack(IMAGE, L.Flatten(), L.Dense(4, activation="relu"), L.Dense(3)),
        *on((4,), L.Dense(4, use_bias=False, activation="relu6")),
        *on(SEQUENCE, L.Dense(3, activation="sigmoid"), L.Dense(3, activation="gelu")),
        *on(VOLUME, L.Dense(3, activation=L.ReLU(0.5)), L.Dense(4, activation="glu")),
        *on((4,), L.Dense(3, activation=keras2_hard_sigmoid)),
    ],
    L.EinsumDense: [
        *on(SEQUENCE, L.EinsumDense("abc,cd->abd", (None, 3))),
        *on(SEQUENCE, L.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")),
        *on(SEQUENCE, L.EinsumDense("...c,cd->...d", 3, "relu", "d")),
        *on(SEQUENCE, L.EinsumDense("abc,bd->acd", (4, 3), bias_axes="c")),
        *on(SEQUENCE, L.EinsumDense("abc,bcd->ad", 3, bias_axes="d")),
        *on(SEQUENCE, L.EinsumDense("abc,bcd->abd", (7, 3), bias_axes="d")),
        *on(IMAGE, L.EinsumDense("abcd,cde->aeb", (2, None), bias_axes="e")),
    ],
    L.Embedding: embeddings(),
    L.MultiHeadAttention: attentions(),
    L.Attention: products_attention(),
    L.Add: together(L.Add),
    L.Subtract: together(L.Subtract),
    L.Average: together(L.Average),
    L.Multiply: together(L.Multiply),
    L.Maximum: together(L.Maximum),
    L.Minimum: together(L.Minimum),
    L.Concatenate: [
        of(lambda x, y: L.Concatenate()([x, y]), (3, 4), (3, 2)),
        of(lambda x, y: L.Concatenate(axis=1)([x, y]), (3, 4), (2, 4)),
        of(lambda *xs: L.Concatenate(axis=-2)(xs), IMAGE, IMAGE, IMAGE),
        # Spikes whose scales depend on the element, not on the channel alone.
        of(lambda x: L.Concatenate(1)([L.Reshape((6, 2))(x)] * 2)),
    ],
    L.Dot: [
        of(lambda x, y: L.Dot(1)([x, y]), (4,), (4,)),
        of(lambda x, y: L.Dot(-1, normalize=True)([x, y]), (4,), (4,)),
        of(lambda x, y: L.Dot(2)([x, y]), (3, 4), (5, 4)),
        of(lambda x, y: L.Dot((1, 2))([x, y]), (3, 4), (5, 3)),
        of(lambda x, y: L.Dot((2, 1), normalize=True)([x, y]), (3, 4), (4,)),
    ],
    L.BatchNormalization: per_channel(L.BatchNormalization),
    L1BatchNormalization: per_channel(L1BatchNormalization),
    TopKBatchNormalization: per_channel(TopKBatchNormalization),
    LInfBatchNormalization: per_channel(LInfBatchNormalization),
    BoundedWeightNormalization: bounded(),
    L.Rescaling: [
        stack(IMAGE, L.Rescaling(2.0, -0.5), L.Conv2D(3, 3, padding="same")),
        stack(IMAGE, L.Rescaling(0.25), L.Conv2D(3, 3, padding="same")),
        *on((6, 5, 2), L.Rescaling([0.5, 2.0], [1.0, -1.0])),
    ],
    L.Normalization: [
        *on(IMAGE, adapted(), adapted(axis=None), adapted(axis=1)),
        stack(IMAGE, adapted(axis=(1, 2, 3)), L.Conv2D(3, 3)),
        stack((6, 5, 2), L.Normalization(mean=[0.5, -1], variance=[2, 0.5]), L.ReLU()),
        *on(IMAGE, L.Normalization((1, 2, 3), mean=MEANS, variance=MEANS + 0.1)),
        *on((3,), L.Normalization(mean=0.5, variance=2.0)),
        *on(IMAGE, adapted(invert=True), adapted(axis=(1, 2), invert=True)),
    ],
    L.LayerNormalization: [
        *on(IMAGE, L.LayerNormalization(), L.LayerNormalization(axis=(1, 2))),
        *on(IMAGE, L.LayerNormalization(axis=(-1, 1)), L.LayerNormalization(axis=2)),
        *on(IMAGE, L.LayerNormalization(scale=False), L.LayerNormalization(center=0)),
        *on((4,), L.LayerNormalization(epsilon=0.1, center=False, scale=False)),
    ],
    LayerScale: [stack(IMAGE, L.Conv2D(3, 1), LayerScale(0.5, 3))],
    StochasticDepth: [stack(IMAGE, StochasticDepth(0.5), L.Conv2D(2, 1))],
    L.GroupNormalization: [
        *on(IMAGE, L.GroupNormalization(2), L.GroupNormalization(-1, scale=False)),
        *on((4,), L.GroupNormalization(2, center=False)),
        *on(IMAGE, L.GroupNormalization(3, axis=1), L.GroupNormalization(5, axis=-2)),
        *on(SEQUENCE, L.GroupNormalization(1, epsilon=0.1)),
    ],
    L.RMSNormalization: [
        *on(IMAGE, L.RMSNormalization(), L.RMSNormalization(axis=(2, 3))),
        *on((4,), L.RMSNormalization(epsilon=0.1)),
    ],
    L.UnitNormalization: on(
        IMAGE, L.UnitNormalization(), L.UnitNormalization(axis=[1, 2])
    ),
    L.Reshape: [
        stack(IMAGE, L.Reshape((4, 10, 3)), L.Conv2D(3, 2)),
        stack(IMAGE, L.Reshape((-1, 4)), L.Dense(3)),
        *on(IMAGE, L.Reshape((120,)), L.Reshape(IMAGE)),
    ],
    L.Flatten: [stack(IMAGE, L.Flatten()), stack((4,), L.Flatten(), L.Flatten())],
    L.Permute: on(IMAGE, L.Permute((2, 3, 1)), L.Permute((1, 2, 3))),
    L.RepeatVector: on((4,), L.RepeatVector(3)),
    L.TimeDistributed: wrapped(),
    L.SpectralNormalization: [
        *on(IMAGE, L.SpectralNormalization(L.Conv2D(3, 2))),
        *on((4,), L.SpectralNormalization(L.Dense(3, activation="relu"))),
    ],
    FakeQuant: [
        *on(IMAGE, FakeQuant(), FakeQuant(-1.0, 1.0, 4), FakeQuant(-2.0, 0.0, 3)),
        stack(IMAGE, L.Conv2D(3, 2), L.ReLU(), FakeQuant(0.0, 2.0, 2), L.Conv2D(2, 1)),
        stack(IMAGE, L.Conv2D(3, 2), L.ReLU(), L.MaxPooling2D(2), FakeQuant(0.0, 1.0)),
        stack((), FakeQuant()),
        *on((2,), FakeQuant([-1.0, 0.0], [1.0, 2.0], 5, narrow_range=True)),
        *on((4,), FakeQuant(0.0, 0.0), FakeQuant(-1.0, 3.0, constants=True)),
    ],
    QuantizeDequantize: [
        *on(IMAGE, QuantizeDequantize(-1.0, 2.0), QuantizeDequantize(0.0, 1.0, 4)),
        *on((4,), QuantizeDequantize(-1.0, 1.0, 3, narrow_range=True, half_up=True)),
        *on((4,), QuantizeDequantize(0.0, 2.0, 2, signed=False)),
    ],
    LocallyConnected1D: on(
        SEQUENCE,
        LocallyConnected1D(3, 2, activation="relu"),
        LocallyConnected1D(2, 3, 2, "same", use_bias=False, implementation=3),
    ),
    LocallyConnected2D: [
        *on(
            IMAGE,
            LocallyConnected2D(2, (2, 3)),
            LocallyConnected2D(2, 2, 2, "same", implementation=2),
        ),
        stack(IMAGE, L.ReLU(), LocallyConnected2D(2, 2), L.ReLU(), L.Flatten()),
    ],
    QCFS: [
        *on(IMAGE, QCFS(), QCFS(3, per_channel=True), QCFS(1)),
        stack(IMAGE, L.Conv2D(3, 2), QCFS(8), L.MaxPooling2D(2), L.Conv2D(2, 1)),
        stack(IMAGE, L.Conv2D(3, 2), QCFS(per_channel=True), L.MaxPooling2D(2)),
        stack((), QCFS()),
        *on((4,), QCFS(per_channel=True)),
    ],
    RateNorm: [
        *on(IMAGE, RateNorm(), RateNorm(initial=0.5), RateNorm(0.0, penalty=0.1)),
        stack(IMAGE, L.Conv2D(3, 2), RateNorm(), L.AveragePooling2D(2), L.Conv2D(2, 1)),
        stack(IMAGE, L.Conv2D(3, 2), RateNorm(), L.MaxPooling2D(2)),
    ],
    MyScale: [stack(IMAGE, MyScale(), L.Conv2D(2, 2), L.ReLU(), MyScale())],
    **{type(layer): on(IMAGE, layer) for layer in TRAINING_ONLY},
    L.SpatialDropout1D: on(SEQUENCE, L.SpatialDropout1D(0.5)),
    L.SpatialDropout3D: on(VOLUME, L.SpatialDropout3D(0.5)),
}
