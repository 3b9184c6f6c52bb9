"""Examples of layers with windows and borders, and of those that change a size."""

from keras import layers

from examples import IMAGE, SEQUENCE, VOLUME, on, stack

L = layers
BY_RANK = {1: SEQUENCE, 2: IMAGE, 3: VOLUME}


def each_rank(prefix, suffix="D", ranks=(1, 2, 3)):
    """Classes like Conv1D, Conv2D, Conv3D with the shapes of their inputs."""
    return [(getattr(layers, f"{prefix}{n}{suffix}"), BY_RANK[n]) for n in ranks]


def convolutions(kind, shape):
    """Strides, dilation, padding, groups and activations of a convolution."""
    rank = len(shape) - 1
    wide = (3, 2, 2)[:rank]
    return on(
        shape,
        kind(3, wide),
        kind(3, 2, padding="same"),
        kind(3, 2, strides=2, padding="same", use_bias=False),
        kind(3, 2, dilation_rate=2, activation="relu"),
        kind(2, 2, dilation_rate=2, padding="same", activation="softmax"),
        kind(4, wide, groups=2, padding="same"),
        kind(2, 2, groups=2, strides=2, activation="tanh"),
        kind(3, 1, activation=layers.LeakyReLU(0.1)),
    )


def transposed(kind, shape):
    return on(
        shape,
        kind(3, 2),
        kind(3, 3, padding="same", use_bias=False),
        kind(3, 2, strides=2),
        kind(3, 3, strides=2, padding="same", activation="relu6"),
        kind(3, 2, strides=3, output_padding=1),
        kind(3, 3, strides=2, padding="same", output_padding=0),
        kind(2, 2, dilation_rate=2, padding="same"),
    )


def depthwise(kind, shape):
    return on(
        shape,
        kind(2),
        kind(3, padding="same", depth_multiplier=3, activation="relu"),
        kind(2, strides=2, use_bias=False),
        kind(3, strides=2, padding="same", depth_multiplier=2),
        kind(2, dilation_rate=2),
    )


def separable(kind, shape):
    return on(
        shape,
        kind(3, 2),
        kind(3, 3, strides=2, padding="same", depth_multiplier=2, activation="relu"),
        kind(3, 2, dilation_rate=2, use_bias=False),
    )


def windows(kind, shape):
    return [
        stack(shape, kind(2)),
        stack(shape, kind(3, padding="same")),
        stack(shape, kind(3, 2, padding="same")),
        stack(shape, kind(2, 1)),
        stack(shape, layers.ReLU(), kind(2, padding="same"), layers.Dense(2)),
        stack(shape, layers.ReLU(), L.BatchNormalization(), kind(2), layers.Dense(2)),
        stack(shape, L.LeakyReLU(0.25), kind(2, 1, padding="same"), layers.Dense(2)),
    ]


def everywhere(kind, shape):
    return [
        stack(shape, kind()),
        stack(shape, kind(keepdims=True)),
        stack(shape, layers.ReLU(), kind()),
        stack(shape, layers.ReLU(), L.BatchNormalization(), kind(), layers.Dense(2)),
    ]


def to_size(kind, shape):
    sizes = [2, shape[:-1], (3, 2, 2)[: len(shape) - 1]]
    if "Average" in kind.__name__:  # for a maximum, Keras 3.15 divides by zero
        sizes.append(1)
    return on(shape, *(kind(size) for size in sizes))


CAUSAL = [
    *on(SEQUENCE, L.Conv1D(3, 3, padding="causal")),
    *on(SEQUENCE, L.Conv1D(3, 2, padding="causal", dilation_rate=3, activation="relu")),
    *on(SEQUENCE, L.Conv1D(4, 3, padding="causal", strides=2, groups=2)),
]

WINDOWS = {
    **{k: convolutions(k, s) for k, s in each_rank("Conv")},
    **{k: transposed(k, s) for k, s in each_rank("Conv", "DTranspose")},
    **{k: depthwise(k, s) for k, s in each_rank("DepthwiseConv", ranks=(1, 2))},
    **{k: separable(k, s) for k, s in each_rank("SeparableConv", ranks=(1, 2))},
    L.ZeroPadding1D: on(SEQUENCE, L.ZeroPadding1D(2), L.ZeroPadding1D((1, 0))),
    L.ZeroPadding2D: [
        stack(IMAGE, L.ZeroPadding2D(2), L.Conv2D(3, 3)),
        stack(IMAGE, L.ReLU(), L.ZeroPadding2D(((1, 0), (2, 3))), L.ReLU()),
    ],
    L.ZeroPadding3D: on(VOLUME, L.ZeroPadding3D(1), L.ZeroPadding3D((0, 1, 2))),
    L.Cropping1D: on(SEQUENCE, L.Cropping1D(2), L.Cropping1D((1, 0)), L.Cropping1D(0)),
    L.Cropping2D: on(IMAGE, L.Cropping2D(1), L.Cropping2D(((1, 0), (2, 1)))),
    L.Cropping3D: on(VOLUME, L.Cropping3D(1), L.Cropping3D((0, 1, 2))),
    L.CenterCrop: on(IMAGE, L.CenterCrop(3, 2), L.CenterCrop(6, 4), L.CenterCrop(6, 5)),
    L.UpSampling1D: on(SEQUENCE, L.UpSampling1D(3), L.UpSampling1D(1)),
    L.UpSampling2D: [
        *on(IMAGE, L.UpSampling2D(), L.UpSampling2D((1, 3))),
        *on(IMAGE, L.UpSampling2D(interpolation="bilinear")),
        *on(IMAGE, L.UpSampling2D((2, 1), interpolation="bicubic")),
    ],
    L.UpSampling3D: on(VOLUME, L.UpSampling3D(2), L.UpSampling3D((1, 2, 1))),
    L.Resizing: [
        *(
            stack(IMAGE, L.Resizing(4, 8, interpolation=name))
            for name in ("bilinear", "nearest", "bicubic", "lanczos3", "area")
        ),
        *on(IMAGE, L.Resizing(4, 3, antialias=True), L.Resizing(6, 5)),
    ],
    **{k: windows(k, s) for k, s in each_rank("AveragePooling")},
    **{k: windows(k, s) for k, s in each_rank("MaxPooling")},
    **{k: everywhere(k, s) for k, s in each_rank("GlobalAveragePooling")},
    **{k: everywhere(k, s) for k, s in each_rank("GlobalMaxPooling")},
    **{k: to_size(k, s) for k, s in each_rank("AdaptiveAveragePooling")},
    **{k: to_size(k, s) for k, s in each_rank("AdaptiveMaxPooling")},
}
WINDOWS[L.Conv1D] += CAUSAL
