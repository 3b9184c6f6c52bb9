"""A case for every translated operation; here those with weights and windows."""

import numpy as np
import saved_model_functions  # noqa: F401, adds its cases
import tensorflow as tf
from saved_model_graphs import CASES, IMAGE, ROWS, VOLUME, add, array, of, plain

__all__ = ["CASES"]

KERNEL = array(3, 3, 4, 2)
GAIN, SHIFT, VARIANCE = array(4), array(4), np.abs(array(4)) + 0.1

add("MatMul", lambda x: of("MatMul", x, array(3, 4), transpose_b=True))
add("BatchMatMul", lambda x: of("BatchMatMul", x, x, adj_y=True), ROWS)
for _kind in ("BatchMatMulV2", "BatchMatMulV3"):
    _more = {"Tout": tf.float32} if _kind == "BatchMatMulV3" else {}
    add(_kind, lambda x, k=_kind, m=_more: of(k, x, array(4, 5), **m), ROWS)
    add(_kind, lambda x, k=_kind, m=_more: of(k, x, x, adj_x=True, **m), ROWS)
add("Einsum", lambda x: tf.raw_ops.Einsum(inputs=[x, x], equation="abc,adc->abd"), ROWS)
add(
    "Einsum",
    lambda x: tf.raw_ops.Einsum(inputs=[x, array(4, 2, 3)], equation="abc,cde->abde"),
    ROWS,
)


def conv(kind, kernel, rank, **attributes):
    """A convolution of one stride or dilation in all directions."""
    given = {"padding": "SAME", **attributes}
    for name in ("strides", "dilations"):
        n = given.pop(name, 1)
        given[name] = [1, *[n] * rank, 1]
    return lambda x: of(kind, x, kernel, **given)


for _more in (
    {},
    {"strides": 2},
    {"dilations": 2, "padding": "VALID"},
    {"strides": 2, "dilations": 2},
    {"padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 2, 0, 1, 0, 0]},
):
    add("Conv2D", conv("Conv2D", KERNEL, 2, **_more), IMAGE)
    if "padding" not in _more:
        add(
            "DepthwiseConv2dNative",
            conv("DepthwiseConv2dNative", array(3, 3, 4, 2), 2, **_more),
            IMAGE,
        )
add("Conv2D", conv("Conv2D", array(3, 3, 2, 4), 2), IMAGE)  # in two groups
add("Conv3D", conv("Conv3D", array(2, 2, 2, 2, 3), 3, strides=2), VOLUME)


def back(kind, kernel, shape, rank, stride):
    """A transposed convolution to samples of a shape."""
    return lambda x: getattr(tf.raw_ops, kind)(
        input_sizes=[tf.shape(x)[0], *shape],
        filter=kernel,
        out_backprop=x,
        strides=[1, *[stride] * rank, 1],
        padding="SAME",
    )


add(
    "Conv2DBackpropInput",
    back("Conv2DBackpropInput", array(3, 3, 2, 4), (12, 12, 2), 2, 2),
    IMAGE,
)
add(
    "Conv3DBackpropInputV2",
    back("Conv3DBackpropInputV2", array(2, 2, 2, 3, 2), (8, 8, 8, 3), 3, 2),
    VOLUME,
)


def atrous(x):
    """A dilated convolution as TensorFlow 1 wrote it."""
    y = of("SpaceToBatchND", x, [2, 2], [[2, 2], [2, 2]])
    return of("BatchToSpaceND", conv("Conv2D", KERNEL, 2, padding="VALID")(y), *CROPS)


CROPS = ([2, 2], [[0, 0], [0, 0]])
add("SpaceToBatchND", atrous, IMAGE)
add("BatchToSpaceND", atrous, IMAGE)
add("BiasAdd", lambda x: of("BiasAdd", x, SHIFT), IMAGE)
add("BiasAddV1", lambda x: of("BiasAddV1", x, SHIFT), ROWS)
for _version in ("", "V2", "V3"):
    add(
        f"FusedBatchNorm{_version}",
        lambda x, k=f"FusedBatchNorm{_version}": of(
            k, x, GAIN, SHIFT, SHIFT, VARIANCE, is_training=False, epsilon=0.01
        ),
        IMAGE,
    )
add("LRN", plain("LRN", depth_radius=2, bias=1.5, alpha=0.3, beta=0.75), IMAGE)
add("LRN", plain("LRN", depth_radius=5), (2, 2, 3))
_windows = {"ksize": [1, 3, 2, 1], "strides": [1, 2, 1, 1]}
for _padding in ("SAME", "VALID"):
    _more = {"padding": _padding, **_windows}
    for _kind in ("MaxPool", "AvgPool", "MaxPoolWithArgmax"):
        add(_kind, plain(_kind, **_more), IMAGE)
    add(
        "MaxPoolV2",
        lambda x, p=_padding: of("MaxPoolV2", x, *_windows.values(), padding=p),
        IMAGE,
    )
    _more = {"ksize": [1, 2, 2, 2, 1], "strides": [1, 2, 2, 2, 1], "padding": _padding}
    for _kind in ("MaxPool3D", "AvgPool3D"):
        add(_kind, plain(_kind, **_more), VOLUME)
_more = {"ksize": [1, 3, 2, 1], "strides": [1, 2, 1, 1]}
_pads = [0, 0, 1, 1, 0, 1, 0, 0]
add(
    "MaxPool",
    plain("MaxPool", padding="EXPLICIT", explicit_paddings=_pads, **_more),
    IMAGE,
)
for _lowest in (-np.inf, -3e38):
    add(
        "MaxPool",
        lambda x, n=_lowest: of(
            "MaxPool",
            tf.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]], constant_values=n),
            ksize=[1, 3, 5, 1],
            strides=[1, 2, 2, 1],
            padding="VALID",
        ),
        IMAGE,
    )
for _flags in ((False, False), (True, False), (False, True)):
    for _kind in ("ResizeBicubic", "ResizeBilinear", "ResizeNearestNeighbor"):
        for _size in ((9, 7), (3, 12), (12, 12)):
            _more = {"align_corners": _flags[0], "half_pixel_centers": _flags[1]}
            add(_kind, lambda x, k=_kind, s=_size, m=_more: of(k, x, s, **m), IMAGE)
add("ResizeArea", lambda x: of("ResizeArea", x, [4, 9]), IMAGE)
for _antialias in (False, True):
    add(
        "ScaleAndTranslate",
        lambda x, a=_antialias: of(
            "ScaleAndTranslate", x, [3, 9], [0.5, 1.5], [0.25, -1.0], antialias=a
        ),
        IMAGE,
    )
for _ksizes, _strides, _rates, _padding in (
    ((2, 3), (2, 3), 1, "VALID"),
    ((3, 3), (1, 1), 1, "SAME"),
    ((2, 2), (2, 2), 2, "VALID"),
):
    add(
        "ExtractImagePatches",
        plain(
            "ExtractImagePatches",
            ksizes=[1, *_ksizes, 1],
            strides=[1, *_strides, 1],
            rates=[1, _rates, _rates, 1],
            padding=_padding,
        ),
        IMAGE,
    )

add("FakeQuantWithMinMaxArgs", lambda x: of("FakeQuantWithMinMaxArgs", x, -2.0, 4.0))
add("FakeQuantWithMinMaxVars", lambda x: of("FakeQuantWithMinMaxVars", x, -1.0, 3.0))
add(
    "FakeQuantWithMinMaxVarsPerChannel",
    lambda x: of("FakeQuantWithMinMaxVarsPerChannel", x, -VARIANCE, VARIANCE),
    IMAGE,
)
for _kind in ("QuantizeAndDequantizeV2", "QuantizeAndDequantizeV4"):
    add(_kind, lambda x, k=_kind: of(k, x, -1.0, 2.0, range_given=True))
add(
    "QuantizeAndDequantizeV3",
    lambda x: of("QuantizeAndDequantizeV3", x, -1.0, 2.0, 5, range_given=True),
)
