"""Operations that are refused on purpose, by family: the reason, and the way out."""

from __future__ import annotations

from tfsnn.sources.handlers.registry import refuse_operations

refuse_operations(
    "mixes the samples of a batch, of which a spiking network sees one at a time: keep "
    "the batch as first axis, as keras.ops.reshape, concatenate, matmul and einsum can",
    *("AllClose", "CDist", "Corrcoef", "Correlate", "Diag", "Diagflat"),
    *("Flipud", "Kron", "Meshgrid", "Outer", "Ravel", "SegmentMax", "SegmentMin"),
    *("SegmentProd", "SegmentSum", "Vander", "Vdot", "Vsplit", "Vstack"),
)
refuse_operations(
    "gives places, not values, and there is none between two of them: end the network "
    "with the values (--to LAYER), and take their places behind it",
    *("Argmax", "Argmin", "Argpartition", "Argsort", "InTopK", "Nonzero", "TopK"),
    "UnravelIndex",
)
refuse_operations(
    "counts or lists values, as many as they happen to be, so its output has no fixed "
    "shape: do so behind the network (--to LAYER)",
    *("Bincount", "Histogram", "Unique"),
)
refuse_operations(
    "writes to places that the model may compute, of any sample: use keras.ops.where, "
    "concatenate or slice_update",
    *("Scatter", "ScatterUpdate"),
)
refuse_operations(
    "runs or repeats Python code, of which the graph knows no layers: write its steps "
    "out with keras.ops (a loop of fixed length as that many layers), choose values by "
    "keras.ops.where, or give it a layer with a handler of its own (@tfsnn.handles)",
    *("AssociativeScan", "Cond", "ForiLoop", "Map", "Scan", "Switch"),
    *("VectorizedMap", "WhileLoop"),
)
refuse_operations(
    "takes a matrix apart, which no neuron or running sum does reliably (its result "
    "jumps, or does not exist, for some matrices): compute it before the model if it "
    "is constant, or do so before or behind the network (--from, --to LAYER)",
    *("Cholesky", "CholeskyInverse", "Det", "Eig", "Eigh", "Inv", "JVP", "Logdet"),
    *("Lstsq", "LuFactor", "MatrixRank", "Pinv", "Qr", "SVD", "Slogdet", "Solve"),
    "SolveTriangular",
)
refuse_operations(
    "works on complex numbers, and a signal is real: keep real and imaginary part as "
    "two signals (keras.ops.rfft, fft and stft give both)",
    *("Angle", "Imag", "Isreal", "Polar", "ViewAsComplex", "ViewAsReal"),
)
refuse_operations(
    "is a Fourier transform in two dimensions, or one back to overlapping frames: use "
    "keras.ops.rfft, fft, irfft or stft, or do so before or behind the network "
    "(--from, --to LAYER)",
    *("FFT2", "IFFT2", "ISTFT"),
)
refuse_operations(
    "works on the bits or divisors of integers, and a signal is a real number: "
    "compute it before the network (--from LAYER)",
    *("BitwiseAnd", "BitwiseInvert", "BitwiseLeftShift", "BitwiseNot", "BitwiseOr"),
    *("BitwiseRightShift", "BitwiseXor", "Gcd", "Lcm", "LeftShift", "Nextafter"),
    *("RightShift", "View"),
)
refuse_operations(
    "leaves missing values (NaN) out, which a spiking network cannot be given: fill "
    "them before the model, and use keras.ops.sum, mean, max and so on",
    *("Nanargmax", "Nanargmin", "Nancumprod", "Nancumsum", "Nanmax", "Nanmean"),
    *("Nanmedian", "Nanmin", "Nanpercentile", "Nanprod", "Nanquantile", "Nanstd"),
    *("Nansum", "Nanvar"),
)
refuse_operations(
    "is a loss or a measure of quality, which belongs to training: end the "
    "network before it (--to LAYER)",
    *("BinaryCrossentropy", "CTCDecode", "CTCLoss", "CategoricalCrossentropy"),
    *("PSNR", "SSIM", "SparseCategoricalCrossentropy"),
)
refuse_operations(
    "warps images, as augmentation does in training: leave it out of the model, or do "
    "it before the network (--from LAYER)",
    *("AffineTransform", "ElasticTransform", "MapCoordinates", "PerspectiveTransform"),
    "ScaleAndTranslate",
)
refuse_operations(
    "puts overlapping patches together: use keras.ops.conv_transpose with a constant "
    "kernel",
    "Fold",
)
refuse_operations(
    "makes an array from numbers that the model computes, or from its shape: make "
    "these constants, or use keras.ops.zeros_like, ones_like or full_like",
    *("Arange", "EmptyLike", "Full", "Geomspace", "Linspace", "Logspace", "Ndim"),
    "Size",
)
