"""Families of computations that no layer of Keras makes."""

from __future__ import annotations

from tfsnn.sources.saved_model.families.family import OTHER_FILE, Family

COMPUTATIONS = (
    Family(
        "recurrent layers as one operation",
        "goes through the steps of a sequence",
        f"{OTHER_FILE}, whose recurrent layers are known",
        pattern=r"(Block)?LSTM.*|GRUBlockCell.*|CudnnRNN.*",
    ),
    Family(
        "suppression of overlapping boxes and other decisions on detections",
        "chooses among boxes by their values",
        "decide on the network's boxes and scores behind it",
        "CombinedNonMaxSuppression DrawBoundingBoxes DrawBoundingBoxesV2 "
        "GenerateBoundingBoxProposals CTCGreedyDecoder CTCBeamSearchDecoder",
        r"NonMaxSuppression.*",
    ),
    Family(
        "sorting, counting and finding values",
        "sorts, counts or finds values, which is no function that spikes can follow",
        "do that outside of the network",
        "TopK TopKV2 ApproxTopK NthElement Where ListDiff LowerBound UpperBound "
        "Bincount DenseBincount HistogramFixedWidth IsotonicRegression "
        "DenseCountSparseOutput RaggedBincount Unique UniqueV2 UniqueWithCounts "
        "UniqueWithCountsV2 SetSize InvertPermutation UnravelIndex",
        r"DenseTo(Dense|Sparse)SetOperation|SparseToSparseSetOperation|XlaSort"
        r"|Xla.*Sort",
    ),
    Family(
        "values moved to computed places",
        "puts or takes values at places that are computed",
        "use a product with a constant matrix, or do that outside of the network",
        "ScatterNd ScatterNdNonAliasingAdd DynamicPartition DynamicStitch "
        "ParallelDynamicStitch ReverseSequence TensorStridedSliceUpdate "
        "CropAndResize ExtractGlimpse ExtractGlimpseV2 ImageProjectiveTransformV2 "
        "ImageProjectiveTransformV3 MaxPoolWithArgmax",
        r"TensorScatter(Add|Max|Min|Sub|Update)",
    ),
    Family(
        "constants and shapes that are computed from values",
        "makes a tensor from numbers that depend on the input, so that its shape or "
        "place among the samples is not fixed",
        "export the model with constants in their place",
        "Const Placeholder PlaceholderV2 PlaceholderWithDefault Fill Range LinSpace "
        "BroadcastArgs ConcatOffset DataFormatDimMap DataFormatVecPermute Shape Size "
        "Rank ShapeN _EagerConst HostConst EnsureShape",
    ),
    Family(
        "sparse, ragged and segmented tensors",
        "works on sparse or ragged tensors, or on segments of a batch",
        "export the model with dense tensors of a fixed shape",
        "SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum SegmentSumV2 "
        "SegmentMaxV2 SegmentMinV2 SegmentProdV2",
        r"Sparse.*|Ragged.*|.*CSR.*|UnsortedSegment.*|.*Sparse(Tensor|Matrix|ToDense).*"
        r"|AddManySparse.*|AddSparse.*|TakeManySparse.*|Convert.*COO.*|.*CooTensor.*"
        r"|_MklNativeSparse.*",
    ),
    Family(
        "decompositions and solutions of matrices",
        "decomposes, inverts or solves matrices",
        "use layers in its place, or do that outside of the network",
        "Cholesky Qr Svd Lu Eig SelfAdjointEig SelfAdjointEigV2 LogMatrixDeterminant "
        "MatrixDeterminant MatrixExponential MatrixInverse MatrixLogarithm "
        "MatrixSolve MatrixSolveLs MatrixSquareRoot MatrixTriangularSolve "
        "BandedTriangularSolve TridiagonalMatMul TridiagonalSolve Cross Diag DiagPart "
        "BatchMatrixBandPart BatchMatrixDiag BatchMatrixDiagPart "
        "BatchMatrixSetDiag XlaSvd XlaSelfAdjointEig",
        r"Batch(Cholesky|Matrix(Det|Inv|Solve|Tri)|SelfAdjoint|Svd|FFT|IFFT).*",
    ),
    Family(
        "complex numbers, Fourier transforms and audio features",
        "works on complex numbers or computes features of sound",
        "compute the features before the network and feed them, or write the transform "
        "as a product with a constant matrix",
        "Complex Angle Conj AudioSpectrogram Mfcc AudioMicrofrontend ComplexAbs Real "
        "Imag ConjugateTranspose",
        r"_?(Mkl)?I?R?FFT(2D|3D|ND)?|_?MklConjugateTranspose",
    ),
    Family(
        "functions of mathematics that Keras does not have",
        "computes a function that keras.ops does not have",
        "export the model with another function in its place",
        "Betainc Digamma Lgamma Igamma Igammac IgammaGradA Polygamma Zeta Ndtri Dawsn "
        "Expint FresnelCos FresnelSin Spence NextAfter CumulativeLogsumexp",
        r"Bessel.*",
    ),
    Family(
        "decision trees",
        "evaluates decision trees",
        "use a network in its place",
        pattern=r".*BoostedTrees.*",
    ),
    Family(
        "bits of integers",
        "works on the bits of integers, which networks of real numbers do not have",
        "do that before the network, and feed its result",
        "BitwiseAnd BitwiseOr BitwiseXor Invert LeftShift RightShift PopulationCount "
        "Bitcast",
    ),
    Family(
        "changes of colours",
        "converts colours",
        "do that before the network, and feed the images as they are then",
        "AdjustContrast AdjustContrastv2 AdjustHue AdjustSaturation HSVToRGB RGBToHSV",
    ),
    Family(
        "layers in layouts that Keras does not have",
        "has no layer in Keras",
        "export the model with the operations of TensorFlow 2 in its place",
        "Conv BatchToSpace SpaceToBatch Dilation2D ExtractVolumePatches",
    ),
    Family(
        "arithmetic in 8-bit integers",
        "computes in integers of few bits, by kernels of one machine",
        "export the model before it was quantised, or with the operations of "
        "quantisation-aware training",
        "Dequantize Requantize RequantizePerChannel RequantizationRange "
        "RequantizationRangePerChannel",
        r"_?(Mkl)?_?Quantize.*|Uniform.*(quant|Quant).*|_?_?MklDequantize"
        r"|_FusedQuantized.*|_Quantized.*|_MklQuantize.*",
    ),
)
