"""A case for each operation on single values, and for each that moves values."""

import numpy as np
import tensorflow as tf
from saved_model_graphs import (
    IMAGE,
    ROWS,
    add,
    array,
    bounded,
    floats,
    of,
    plain,
    positive,
)

for _kind in (
    *("Abs", "Atan", "Asinh", "Ceil", "Cos", "Cosh", "Elu", "Erf", "Erfc", "Exp"),
    *("Expm1", "Floor", "Log1p", "LogSoftmax", "Neg", "Relu", "Relu6", "Rint", "Round"),
    *("Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softmax", "Softplus", "Softsign"),
    *("Square", "Tanh"),
):
    add(_kind, positive(_kind) if _kind == "Log1p" else plain(_kind), ROWS)
for _kind in ("Inv", "Log", "Reciprocal", "Rsqrt", "Sqrt"):
    add(_kind, positive(_kind), ROWS)
for _kind in ("Acos", "Asin", "Atanh", "Erfinv", "Tan"):
    add(_kind, bounded(_kind), ROWS)
add("Acosh", lambda x: of("Acosh", tf.abs(x) + 1.5))
add("LeakyRelu", plain("LeakyRelu", alpha=0.3), IMAGE)
for _kind in ("IsFinite", "IsInf", "IsNan"):
    add(_kind, lambda x, k=_kind: floats(of(k, 1.0 / tf.floor(x))))
add("LogicalNot", lambda x: floats(of("LogicalNot", x > 0.0)))

for _kind in (
    *("Add", "AddV2", "Maximum", "Minimum", "Mul", "MulNoNan", "SquaredDifference"),
    *("Sub", "Atan2", "DivNoNan"),
):
    add(_kind, lambda x, y, k=_kind: of(k, x, y), ROWS, ROWS)
    add(_kind, lambda x, k=_kind: of(k, x, array(4)), ROWS)
    add(_kind, lambda x, k=_kind: of(k, array(3, 1), x), ROWS)
for _kind in ("Div", "RealDiv", "FloorDiv", "FloorMod", "Mod", "TruncateMod"):
    add(_kind, lambda x, y, k=_kind: of(k, x, tf.abs(y) + 0.5), ROWS, ROWS)
    add(_kind, lambda x, k=_kind: of(k, x, np.float32(1.5)), ROWS)
add("TruncateDiv", lambda x: floats(of("TruncateDiv", tf.cast(3.0 * x, tf.int32), 2)))
add("Pow", lambda x, y: of("Pow", tf.abs(x) + 0.5, tf.tanh(y)), ROWS, ROWS)
add("Pow", lambda x: of("Pow", x, 2.0), ROWS)
for _kind in ("Xdivy", "Xlogy", "Xlog1py"):
    add(
        _kind,
        lambda x, y, k=_kind: of(k, tf.nn.relu(x), tf.abs(y) + 0.5),
        ROWS,
        ROWS,
    )
    add(_kind, lambda x, k=_kind: of(k, tf.nn.relu(x), np.float32(1.5)), ROWS)
for _kind in (
    *("Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual"),
    "ApproximateEqual",
):
    more = {"tolerance": 0.5} if _kind == "ApproximateEqual" else {}
    add(
        _kind,
        lambda x, y, k=_kind, m=more: floats(of(k, tf.round(x), tf.round(y), **m)),
        ROWS,
        ROWS,
    )
for _kind in ("LogicalAnd", "LogicalOr"):
    add(_kind, lambda x, k=_kind: floats(of(k, x > -0.5, x < 0.5)))
add("AddN", lambda x, y: tf.raw_ops.AddN(inputs=[x, y, x]), ROWS, ROWS)
add("ClipByValue", lambda x: of("ClipByValue", x, -0.5, 0.7))
add("ClipByValue", lambda x: of("ClipByValue", x, np.float32(-0.5), 0.7), IMAGE)
add("Select", lambda x: of("Select", x > 0.0, x, 0.5 * x), ROWS)
add("SelectV2", lambda x: of("SelectV2", x > 0.0, x, array(4)), ROWS)
add("Cast", lambda x: floats(tf.cast(3.0 * x, tf.int32)))
for _kind in ("ZerosLike", "OnesLike"):
    add(_kind, lambda x, k=_kind: x * of(k, x) + of(k, x), ROWS)

for _kind in ("Max", "Mean", "Min", "Prod", "Sum", "EuclideanNorm"):
    add(_kind, lambda x, k=_kind: of(k, x, [2], keep_dims=True), ROWS)
    add(_kind, lambda x, k=_kind: of(k, x, [1, 2]), IMAGE)
    add(_kind, lambda x, k=_kind: of(k, x, 1), ROWS)
for _kind in ("All", "Any"):
    add(_kind, lambda x, k=_kind: floats(of(k, x > -0.8, [1])), ROWS)
for _kind in ("ArgMax", "ArgMin"):
    add(_kind, lambda x, k=_kind: floats(of(k, x, 2)), ROWS)
for _kind in ("Cumsum", "Cumprod"):
    for _exclusive in (False, True):
        for _reverse in (False, True):
            _more = {"exclusive": _exclusive, "reverse": _reverse}
            add(_kind, lambda x, k=_kind, m=_more: of(k, x, 1, **m), ROWS)

for _kind in ("ComplexAbs", "Real", "Imag"):
    for _length in (4, 3):
        add(_kind, lambda x, k=_kind, n=_length: of(k, of("RFFT", x, [n])), ROWS)
add("RFFT", lambda x: tf.abs(tf.signal.stft(x, 8, 4, 8)), (20,))


add("ReverseV2", lambda x: of("ReverseV2", x, [1, -1]), IMAGE)
add("Reverse", lambda x: of("Reverse", x, [False, True, False]), ROWS)
add("Roll", lambda x: of("Roll", x, [1, -2], [1, 2]), ROWS)
add("Reshape", lambda x: of("Reshape", x, [-1, 2, 6]), ROWS)
add("Squeeze", lambda x: of("Squeeze", of("ExpandDims", x, 2), axis=[2]), ROWS)
add("ExpandDims", lambda x: of("ExpandDims", x, -1), ROWS)
add("Transpose", lambda x: of("Transpose", x, [0, 3, 1, 2]), IMAGE)
add("Transpose", lambda x: of("Transpose", x, [0, 2, 1, 3]), IMAGE)
add("Pad", lambda x: of("Pad", x, [[0, 0], [1, 2], [0, 1], [0, 0]]), IMAGE)
add("Pad", lambda x: of("Pad", x, [[0, 0], [1, 0], [0, 2]]), ROWS)
add("PadV2", lambda x: of("PadV2", x, [[0, 0], [1, 0], [0, 2]], 1.5), ROWS)
PADS = [[0, 0], [1, 2], [0, 1]]
for _mode in ("REFLECT", "SYMMETRIC"):
    add("MirrorPad", lambda x, m=_mode: of("MirrorPad", x, PADS, mode=m), ROWS)
add("DepthToSpace", plain("DepthToSpace", block_size=2), IMAGE)
add("SpaceToDepth", plain("SpaceToDepth", block_size=3), IMAGE)
add("Tile", lambda x: of("Tile", x, [1, 2, 3]), ROWS)
add("BroadcastTo", lambda x: of("BroadcastTo", x[:, :1], [tf.shape(x)[0], 3, 4]), ROWS)
add("Slice", lambda x: of("Slice", x, [0, 1, 0], [-1, 2, 3]), ROWS)
add("StridedSlice", lambda x: x[:, tf.newaxis, 1, ..., ::-2], ROWS)
add("StridedSlice", lambda x: x[..., -3:-1], ROWS)
add("Gather", lambda x: of("Gather", array(5, 3), x), (2, tf.int32))
add("GatherV2", lambda x: of("GatherV2", x, [2, 0, 2], 2), ROWS)
add("GatherV2", lambda x: of("GatherV2", array(10, 3), x, 0), (2, tf.int32))
add("OneHot", lambda x: of("OneHot", x, 10, 1.0, 0.0), (2, tf.int32))
add("OneHot", lambda x: of("OneHot", x, 10, 2.0, -1.0, axis=1), (2, tf.int32))
add("ConcatV2", lambda x, y: of("ConcatV2", [x, y, x], 2), ROWS, ROWS)
add("Concat", lambda x, y: of("Concat", 1, [x, y]), ROWS, ROWS)
add("Pack", lambda x, y: tf.raw_ops.Pack(values=[x, y], axis=2), ROWS, ROWS)


def _joined(parts):
    return tf.concat(parts[::-1], -1)


add("Split", lambda x: _joined(tf.raw_ops.Split(axis=2, value=x, num_split=2)), ROWS)
add("SplitV", lambda x: _joined(tf.split(x, [1, 3], -1)), ROWS)
add("Unpack", lambda x: _joined(tf.unstack(x, axis=1)), ROWS)
for _kind in ("MatrixDiag", "MatrixDiagPart", "MatrixSetDiag"):
    _second = [lambda x: x[..., 0]] if _kind == "MatrixSetDiag" else []
    for _version in ("", "V2", "V3"):
        _more = [0] if _version else []
        if _version and _kind == "MatrixDiag":
            _more = [0, -1, -1, 0.0]
        elif _version and _kind == "MatrixDiagPart":
            _more = [0, 0.0]
        add(
            _kind + _version,
            lambda x, k=_kind + _version, s=_second, m=_more: of(
                k, x, *(f(x) for f in s), *m
            ),
            (2, 3) if _kind == "MatrixDiag" else (2, 3, 3),
        )
add("MatrixDiagPart", lambda x: of("MatrixDiagPart", x), (2, 3, 5))
add("MatrixBandPart", lambda x: of("MatrixBandPart", x, 1, -1), (2, 4, 3))
