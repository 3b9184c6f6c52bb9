"""Families of operations around a network: what feeds, trains, steers and shows it."""

from __future__ import annotations

from tfsnn.sources.saved_model.families.family import INFERENCE, WITHOUT, Family

TEXT = Family(
    "text, files and encoded data",
    "works on text or encoded data, which networks of numbers cannot",
    "do that before the network, and feed its result",
    "AsString Substr Fingerprint MatchingFiles ReadFile WriteFile EditDistance "
    "ReduceJoin UnsortedSegmentJoin GenerateVocabRemapping SdcaFprint "
    "_TensorToHashBucketFast ExtractJpegShape LMDBReader WholeFileReader "
    "Skipgram RaggedCross SparseCross SparseCrossHashed SparseCrossV2",
    r"String.*|Unicode.*|Regex.*|StaticRegex.*|.*Decode(?!r).*|Encode.*|Parse.*"
    r"|Sharded.*|Save.*|Restore.*|MergeV2Checkpoints|SerializeTensor"
    r"|Serialize.*Sparse|Deserialize.*Sparse|Tokenizer.*|.*Wordpiece.*",
)
LOOKUPS = Family(
    "look-ups in tables",
    "looks values up in a table of text or ids that is no part of the network",
    "do that before the network, and feed its result",
    "Bucketize TensorMapLookup",
    r".*(Hash|Lookup)Table.*|InitializeTable.*|TensorMap.*|EmptyTensorMap"
    r"|.*VariantHashTable.*",
)
AROUND = (
    TEXT,
    LOOKUPS,
    Family(
        "TensorFlow's datasets, queues and readers",
        "belongs to a pipeline that feeds data",
        "export the model behind it, which takes tensors",
        "IteratorGetNext IteratorGetNextSync IteratorGetNextAsOptional "
        "CompressElement UncompressElement MapDefun FakeQueue WindowOp "
        "CheckPinned GetElementAtIndex DatasetCardinality ComputeBatchSize "
        "ConcatenateDataset GetDeadline SlidingWindowDataset BatchFunction Batch "
        "Unbatch UnbatchGrad WrapDatasetVariant UnwrapDatasetVariant GetOptions",
        r".*Dataset(V\d|[A-Z].*)?|.*Iterator.*|.*Queue.*|Reader.*|.*Reader(V\d)?"
        r"|Barrier.*|Dataset.*|.*Stage|.*Unstage|(Ordered)?MapStage.*|.*DatasetTo.*"
        r"|Optional.*|RecordInput|.*Iterator|.*MultiDevice.*|StatsAggregator.*",
        at_ends=False,
    ),
    Family(
        "gradients, losses and optimisers",
        "belongs to training",
        INFERENCE,
        "SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits L2Loss "
        "CTCLoss CTCLossV2 ComputeAccidentalHits InTopK InTopKV2 SymbolicGradient "
        "KMC2ChainInitialization KmeansPlusPlusInitialization NearestNeighbors "
        "RandomGammaGrad StridedSliceAssign ConfigureTPUEmbedding CustomAggregator "
        "NegTrain CropAndResizeGradBoxes CropAndResizeGradImage "
        "ResourceSparseApplyAdagradV2 BroadcastGradientArgs DebugGradientIdentity "
        "Dilation2DBackpropInput DepthwiseConv2dNativeBackpropInput "
        "Conv3DBackpropInput",
        r".*Grad(V\d|WithArgmax|ient.*|[ABX]|Grad.*|WithShape)?|.*BackpropFilter.*"
        r"|(Resource)?(Sparse)?Apply.*|(Resource)?Sparse.*Apply.*|.*Sdca.*"
        r"|.*Accumulator.*|.*CandidateSampler|FakeQuant.*Gradient",
        at_ends=False,
    ),
    Family(
        "random numbers",
        "is random",
        f"{INFERENCE}, without dropout, noise or augmentation",
        "Multinomial TruncatedNormal ParameterizedTruncatedNormal SobolSample "
        "SampleDistortedBoundingBox SampleDistortedBoundingBoxV2 RngSkip "
        "StochasticCastToInt XlaRngBitGenerator FractionalAvgPool FractionalMaxPool "
        "NonDeterministicInts RandomIndexShuffle RandomCrop StatelessShuffle "
        "StatelessMultinomial StatelessParameterizedTruncatedNormal "
        "StatelessTruncatedNormal StatelessTruncatedNormalV2 RngReadAndSkip "
        "StatelessSampleDistortedBoundingBox AnonymousSeedGenerator",
        r"(Stateless|Stateful)?Random.*|Stateful(Uniform|StandardNormal|Truncated).*"
        r"|.*SeedGenerator|Stateless(Uniform|Multinomial).*",
    ),
    Family(
        "control flow, and tensors that grow",
        "is control flow that depends on values, which layers cannot express",
        "export the model with loops unrolled (for recurrent layers, unroll=True, or "
        "the .keras or .h5 file) and without conditions",
        "If StatelessIf While StatelessWhile Case StatelessCase For Switch Merge Enter "
        "Exit NextIteration LoopCond RefSwitch RefMerge RefEnter RefExit "
        "RefNextIteration RefSelect _SwitchN _XlaMerge ControlTrigger Abort "
        "FakeParam ToBool ConstructionFails EmptyTensorList _ListToArray _ArrayToList",
        r"TensorArray.*|TensorList.*|Stack(Push|Pop|Close)?(V2)?|CompositeTensor.*",
    ),
    Family(
        "calls that are left over",
        "calls a function that is not in the file, or runs it on other devices",
        "export the model again, for one device",
        "PartitionedCall StatefulPartitionedCall RemoteCall TPUPartitionedCall "
        "MlirPassthroughOp XlaHostCompute XlaCallModule "
        "",
        r"_?Xla(Launch|Run|Compile).*|XlaLaunch.*",
    ),
    Family(
        "Python code",
        "is Python code, which the file does not hold",
        "export the model with TensorFlow's operations in its place",
        "PyFunc PyFuncStateless EagerPyFunc",
    ),
    Family(
        "variables and other state",
        "keeps state that it changes",
        f"{INFERENCE}, without anything that changes a variable",
        "VariableV2 Variable VarHandleOp ReadVariableOp CountUpTo "
        "IsVariableInitialized VarIsInitializedOp ResourceCountUpTo "
        "TemporaryVariable DestroyTemporaryVariable DestroyResourceOp ImmutableConst "
        "MutexLock MutexV2 ConsumeMutexLock DeleteSessionTensor "
        "GetSessionHandle GetSessionHandleV2 GetSessionTensor InplaceAdd InplaceSub "
        "InplaceUpdate _ParallelConcatUpdate ParallelConcat _VarHandlesOp "
        "DisableCopyOnRead _ReadVariablesOp ResourceStridedSliceAssign",
        r"Assign.*|(Resource)?Scatter(?!Nd$)(Nd)?(NonAliasing)?"
        r"(Add|Sub|Mul|Div|Min|Max|Update)",
        at_ends=False,
    ),
    Family(
        "summaries and debugging",
        "shows or records values",
        WITHOUT,
        "Copy CopyHost MergeSummary ImportEvent PrintV2 Print Assert Timestamp "
        "WriteSummary",
        r"Debug.*|.*Summary(V\d)?|.*SummaryWriter|Write.*Summary",
    ),
    Family(
        "other machines",
        "sends values to other devices",
        "export the model for one device",
        "ConfigureDistributedTPU",
        r"Collective.*|Nccl.*|.*TPU.*|_?(Host)?(Send|Recv)|_?Xla(Send|Recv).*"
        r"|.*AllReduce.*|AllToAll|.*Embedding(Activations|Gradients).*|_Dtensor.*"
        r"|DTensor.*|_DTensor.*|CrossReplicaSum|_TPU.*",
        at_ends=False,
    ),
)
# The last family of all: its pattern takes every name that begins with "_".
COMPILERS = Family(
    "operations of TensorFlow's own compilers",
    "was written by TensorFlow's optimiser or compiler for one machine",
    "export the model again, without optimisation",
    "_HostCast _UnaryOpsComposition Snapshot RefIdentity Fact KernelLabel "
    "KernelLabelRequired Old _NcclBroadcastSend _ScopedAllocatorConcat",
    r"_Mkl.*|__Mkl.*|Xla.*|_Xla.*|_.*",
)
