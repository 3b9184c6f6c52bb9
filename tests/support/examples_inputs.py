"""Examples of layers in front of a network, of attention's kin, and of augmentation."""

from keras import layers

from examples import NUMBERS, SEQUENCE, of, on, stack

L = layers
WHOLE = {"dtypes": ("int32",)}
MASK = {"dtypes": ("float32", "bool")}
COLOURS = (6, 5, 3)


def grouped(**arguments):
    layer = L.GroupQueryAttention(3, 4, 2, **arguments)
    return lambda *xs, **kwargs: layer(*xs, **kwargs)


def encoding(mode, *shape):
    return of(L.CategoryEncoding(NUMBERS, mode), shape, **WHOLE)


def spectrogram(mode, **arguments):
    # Windows of other shapes would need SciPy; they are in the weights.
    layer = L.STFTSpectrogram(mode, 8, 3, 8, window=None, **arguments)
    return stack((20, 2), layer)


def backwards(**arguments):
    layer = L.ReversibleEmbedding(NUMBERS, 4, **arguments)
    return of(lambda n: layer(layer(n), reverse=True), (6,), **WHOLE)


BOUNDS = [-0.5, 0.0, 1.0]
AUGMENTING = [
    *(L.AugMix(), L.CutMix(), L.MixUp(), L.RandAugment()),
    *(L.MaxNumBoundingBoxes(3), L.RandomColorDegeneration(0.5)),
    *(L.RandomColorJitter(brightness_factor=0.5), L.RandomElasticTransform()),
    *(L.RandomErasing(), L.RandomGaussianBlur(), L.RandomGrayscale()),
    *(L.RandomHue(0.5), L.RandomInvert(), L.RandomPerspective()),
    *(L.RandomPosterization(4), L.RandomSaturation(0.5), L.RandomSharpness(0.5)),
    *(L.RandomShear(0.5), L.Solarization()),
]

INPUTS = {
    L.AdditiveAttention: [
        of(lambda x, y: L.AdditiveAttention()([x, y]), (5, 4), (3, 4)),
        of(lambda *xs: L.AdditiveAttention(use_scale=False)([*xs]), *[(3, 4)] * 3),
        of(lambda x: L.AdditiveAttention()([x, x], use_causal_mask=True), (5, 4)),
    ],
    L.GroupQueryAttention: [
        of(lambda x: grouped()(x, x), (5, 4)),
        of(lambda x, y: grouped(use_bias=False)(x, y), (5, 4), (3, 4)),
        of(lambda x: grouped(use_gate=True)(x, x, use_causal_mask=True), (5, 4)),
        of(lambda x: grouped(sliding_window=2)(x, x), (5, 4)),
        of(
            lambda x, m: grouped(sliding_window=3)(x, x, attention_mask=m),
            *((5, 4), (5, 5)),
            **MASK,
        ),
        of(lambda x: grouped()(x, x, return_attention_scores=True), (5, 4)),
    ],
    L.ReversibleEmbedding: [
        of(L.ReversibleEmbedding(NUMBERS, 4), (6,), **WHOLE),
        backwards(),
        backwards(tie_weights=False, logit_soft_cap=2.0),
    ],
    L.Discretization: [
        *on(
            SEQUENCE,
            L.Discretization(BOUNDS),
            L.Discretization(BOUNDS, output_mode="one_hot"),
        ),
    ],
    L.CategoryEncoding: [
        encoding("multi_hot", 4),
        encoding("one_hot", 1),
        encoding("one_hot", 4),
        encoding("count", 4),
    ],
    L.Pipeline: [stack(SEQUENCE, L.Pipeline([L.Dense(3, "relu"), L.Dropout(0.5)]))],
    L.STFTSpectrogram: [
        spectrogram("magnitude", padding="valid"),
        spectrogram("log", padding="same"),
        spectrogram("psd", expand_dims=True),
        spectrogram("stft"),
        spectrogram("real"),
        spectrogram("angle"),
        stack(
            (2, 20),
            L.STFTSpectrogram("magnitude", 8, 3, 8, None, data_format="channels_first"),
        ),
        stack(
            (2, 20),
            L.STFTSpectrogram(
                *("real", 8, 3, 8, None),
                expand_dims=True,
                data_format="channels_first",
            ),
        ),
        stack((20, 1), L.STFTSpectrogram("imag", 6, 2, 8, None)),
    ],
    **{type(layer): on(COLOURS, layer) for layer in AUGMENTING},
}
