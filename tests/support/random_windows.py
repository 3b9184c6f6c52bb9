"""Steps of random networks with windows: convolutions, pooling, borders."""

from keras import layers


def _of(name, rank):
    return getattr(layers, f"{name}{rank}D")


def _places(x):
    return x.shape[1:-1]


def _extent(draws, x, padding):
    """A window that fits."""
    return tuple(
        draws.number(1, min(3, n) if padding == "valid" else 3) for n in _places(x)
    )


def convolution(draws, x):
    places, channels = _places(x), x.shape[-1]
    paddings = ("valid", "same", *(("causal",) if len(places) == 1 else ()))
    padding = draws.one(paddings)
    size = _extent(draws, x, padding)
    groups = draws.divisor(channels) if draws.number(0, 2) == 2 else 1
    window = {"padding": padding, "groups": groups, "use_bias": draws.flag()}
    wide = [(n - 1) * 2 < m for n, m in zip(size, places, strict=True)]
    if draws.flag():
        window["strides"] = draws.number(1, 2)
    elif padding != "valid" or all(wide):
        window["dilation_rate"] = draws.number(1, 2)
    kind = _of("Conv", len(places))
    filters = groups * draws.number(1, 4 // groups)
    return kind(filters, size, activation=draws.activation(), **window)(x)


def transposed(draws, x):
    padding = draws.one(("valid", "same"))
    kind, size = _of("Conv", len(_places(x))), _extent(draws, x, "same")
    kind = getattr(layers, kind.__name__ + "Transpose")
    strides = draws.number(1, 2)
    return kind(draws.number(1, 4), size, strides=strides, padding=padding)(x)


def depthwise(draws, x):
    rank, padding = len(_places(x)), draws.one(("valid", "same"))
    if rank == 3:
        return None
    kind = _of("DepthwiseConv", rank)
    window = {"padding": padding, "strides": draws.number(1, 2)}
    multiplier = draws.number(1, 2)
    size = _extent(draws, x, padding)
    return kind(size, depth_multiplier=multiplier, **window)(x)


def separable(draws, x):
    rank, padding = len(_places(x)), draws.one(("valid", "same"))
    if rank == 3:
        return None
    kind = _of("SeparableConv", rank)
    size, strides = _extent(draws, x, padding), draws.number(1, 2)
    options = {"padding": padding, "activation": draws.activation()}
    return kind(draws.number(1, 4), size, strides=strides, **options)(x)


def pooling(draws, x):
    padding = draws.one(("valid", "same"))
    kind = _of(draws.one(("MaxPooling", "AveragePooling")), len(_places(x)))
    size = _extent(draws, x, padding)
    size = size[0] if len(size) == 1 else size
    strides = draws.one((None, 1, 2))
    return kind(size, strides=strides, padding=padding)(x)


def everywhere(draws, x):
    kind = draws.one(("GlobalAveragePooling", "GlobalMaxPooling"))
    return _of(kind, len(_places(x)))(keepdims=draws.flag())(x)


def to_size(draws, x):
    kind = draws.one(("AdaptiveAveragePooling", "AdaptiveMaxPooling"))
    rank = len(_places(x))
    layer = getattr(layers, f"{kind}{rank}D")
    if min(_places(x)) < 2:
        return None
    # To 1, Keras 3.15 divides by zero or cannot be exported.
    size = tuple(draws.number(2, n) for n in _places(x))
    return layer(size if rank > 1 else size[0])(x)


def repeated(draws, x):
    rank = len(_places(x))
    size = tuple(draws.number(1, 2) for _ in range(rank))
    if rank == 2 and draws.flag():
        method = draws.one(("bilinear", "bicubic"))
        return layers.UpSampling2D(size, interpolation=method)(x)
    return _of("UpSampling", rank)(size if rank > 1 else size[0])(x)


def resized(draws, x):
    if len(_places(x)) != 2:
        return None
    method = draws.one(("bilinear", "nearest", "bicubic", "area"))
    size = (draws.number(1, 6), draws.number(1, 6))
    return layers.Resizing(*size, interpolation=method)(x)


def _pairs(pairs):
    return pairs if len(pairs) > 1 else pairs[0]


def padded(draws, x):
    pairs = tuple((draws.number(0, 2), draws.number(0, 1)) for _ in _places(x))
    return _of("ZeroPadding", len(pairs))(_pairs(pairs))(x)


def cropped(draws, x):
    pairs = tuple((draws.number(0, min(1, n - 1)), 0) for n in _places(x))
    return _of("Cropping", len(pairs))(_pairs(pairs))(x)


STEPS = (
    *(convolution, pooling, convolution, depthwise, separable, transposed),
    *(everywhere, to_size, repeated, resized, padded, cropped),
)
WINDOWS = {rank: STEPS for rank in (1, 2, 3)}
