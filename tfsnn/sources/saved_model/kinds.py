"""The kinds of operations: which only compute, which are read as data, which control.

What may be run is what has a translator, and what is in `TRANSPARENT`, `SHAPE_READERS`
and `HELPERS`: operations that compute their outputs and do no more. An operation that
is on no list is never run, whatever the file says of it.
"""

from __future__ import annotations

from typing import Any

# At inference, each output of these operations is the input of the same index.
TRANSPARENT = (
    "Identity",
    "IdentityN",
    "StopGradient",
    "PlaceholderWithDefault",
    "PreventGradient",
    "CheckNumerics",
    "EnsureShape",
    "Snapshot",
)
# These operations read the shape of a tensor only, not its values.
SHAPE_READERS = ("Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike")
# Operations that constants are computed by; they have no layer.
HELPERS = frozenset(
    (
        *("Const", "Placeholder", "Fill", "Range"),
        *("LinSpace", "BroadcastArgs", "BroadcastGradientArgs", "ConcatOffset"),
        *("InvertPermutation", "DynamicStitch", "ParallelDynamicStitch", "Bucketize"),
        *("Bitcast", "Cumsum", "Cumprod", "CumulativeLogsumexp", "ReverseV2", "Roll"),
        *("TopK", "TopKV2", "MatrixBandPart", "MatrixDiag", "MatrixDiagV2"),
        *("MatrixDiagV3", "MatrixDiagPart", "MatrixDiagPartV2", "MatrixDiagPartV3"),
        *("MatrixSetDiag", "MatrixSetDiagV2", "MatrixSetDiagV3", "Diag", "DiagPart"),
        *("GatherNd", "ScatterNd", "TensorScatterUpdate", "TensorScatterAdd"),
        *("EuclideanNorm", "L2Loss", "Cross", "MulNoNan", "Xdivy", "Xlogy", "Xlog1py"),
        *("Rint", "Mod", "TruncateDiv", "TruncateMod", "LeftShift", "RightShift"),
        *("BitwiseAnd", "BitwiseOr", "BitwiseXor", "Invert", "IsNan", "IsInf"),
        *("IsFinite", "Atan", "Atan2", "Asin", "Acos", "Tan", "Sinh", "Cosh", "Asinh"),
        *("Acosh", "Atanh", "Lgamma", "Digamma", "Erfinv", "Ndtri"),
        *("StatelessRandomGetKeyCounter", "StatelessRandomUniformV2"),
        *("StatelessRandomNormalV2", "StatelessTruncatedNormalV2"),
        *("StatelessRandomUniformIntV2", "SparseToDense"),
    )
)
# Read from the file as data: none of them is left in a frozen graph.
VARIABLES = ("VarHandleOp", "VariableV2", "Variable")
VARIABLE_READERS = ("ReadVariableOp", "ResourceGather", "VariableShape")
# What they have to say is for people who watch; no result depends on it.
OBSERVERS = ("NoOp", "Assert", "PrintV2")
TERMINAL = (b"stdout", b"stderr", b"log(info)", b"log(warning)", b"log(error)", b"")
CONTROL_FLOW = frozenset(
    (
        *("If", "StatelessIf", "While", "StatelessWhile", "Case", "StatelessCase"),
        *("For", "Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond"),
        *("RefSwitch", "RefMerge"),
    )
)


def is_observer(node: Any) -> bool:
    """Whether a node only checks or shows values, on the terminal or not at all."""
    if node.op == "PrintV2":
        return node.attr["output_stream"].s in TERMINAL
    return node.op in OBSERVERS


# Operations with weights or products: a network is what lies between the first and
# the last of them.
LINEAR = frozenset(
    (
        *("Conv2D", "Conv3D", "DepthwiseConv2dNative", "Conv2DBackpropInput"),
        *("Conv3DBackpropInputV2", "MatMul", "BatchMatMul", "BatchMatMulV2"),
        *("BatchMatMulV3", "Einsum", "_FusedConv2D", "_FusedConv3D", "_FusedMatMul"),
        *("_FusedDepthwiseConv2dNative", "FusedPadConv2D", "FusedResizeAndPadConv2D"),
    )
)
