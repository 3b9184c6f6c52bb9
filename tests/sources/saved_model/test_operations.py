"""Every operation of TensorFlow is translated, or refused on purpose."""

import numpy as np
import pytest
import tensorflow as tf
from saved_model_cases import CASES
from saved_model_files import kinds as kinds_of
from saved_model_graphs import network_of, of
from tensorflow.python.framework import kernels, op_def_registry

import tfsnn
from tfsnn.sources.saved_model import kinds, registry
from tfsnn.sources.saved_model.check import compare
from tfsnn.sources.saved_model.families import FAMILIES, family_of
from tfsnn.sources.saved_model.rebuild import Rebuild

NAMES = sorted({kernel.op for kernel in kernels.get_all_registered_kernels().kernel})


def on_cpu(name):
    """Whether an operation only computes, and can do so on a CPU."""
    definition = op_def_registry.get(name)
    found = kernels.get_registered_kernels_for_op(name).kernel
    plain = definition is not None and not definition.is_stateful
    return plain and any(kernel.device_type == "CPU" for kernel in found)


COMPUTE = [name for name in NAMES if on_cpu(name)]


def test_every_operation_is_decided_on():
    """An operation that TensorFlow adds has a translator, or a family that refuses."""
    assert len(COMPUTE) > 1000
    undecided = [
        name
        for name in COMPUTE
        if not registry.known(name)
        and name not in kinds.TRANSPARENT
        and family_of(name) is None
    ]
    assert undecided in ([], ["OnesLike", "ZerosLike"])


def test_names_of_families_are_operations():
    known = set(NAMES) | set(CASES)
    for family in FAMILIES:
        unknown = [
            name
            for name in family.names.split()
            if name not in known and op_def_registry.get(name) is None
        ]
        assert unknown == []
        assert ":" not in family.why and family.way


def test_every_translated_operation_has_a_case():
    apart = {"GatherNd", "BatchNormWithGlobalNormalization"}
    assert set(registry.translated()) - set(CASES) == apart


@pytest.mark.parametrize("kind", CASES)
def test_rebuilt_equal(kind):
    for function, inputs in CASES[kind]:
        network = network_of(function, *inputs)
        assert kind in {operation.type for operation in network.operations}
        rebuild, _ = rebuilt(network)
        assert compare(rebuild) <= 5e-5


def rebuilt(network):
    network.fold()
    specs = {
        name: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)
        for name, tensor in network.inputs.items()
    }
    rebuild = Rebuild(network)
    return rebuild, rebuild.model(specs, "m")


def as_of_2015(graph_def):
    """Write batch normalisation as the first versions of TensorFlow did."""
    (node,) = (n for n in graph_def.node if n.op == "FusedBatchNorm")
    x, scale, offset, mean, variance = node.input
    node.op = "BatchNormWithGlobalNormalization"
    node.input[:] = [x, mean, variance, offset, scale]
    epsilon = node.attr["epsilon"].f
    for name in set(node.attr) - {"T"}:
        del node.attr[name]
    node.attr["variance_epsilon"].f = epsilon
    node.attr["scale_after_normalization"].b = True
    graph_def.versions.producer = 8


def test_batch_normalisation_of_the_first_versions():
    ((function, inputs),) = CASES["FusedBatchNorm"]
    rebuild, model = rebuilt(network_of(function, *inputs, edit=as_of_2015))
    assert compare(rebuild) <= 5e-5
    assert kinds_of(model) == ["BatchNormalization"]


def test_places_of_a_single_sample():
    places = [[0, 1, 2], [0, 2, 0]]
    rebuild, model = rebuilt(
        network_of(lambda x: of("GatherNd", x, places)[None], (3, 4), batch=1)
    )
    assert compare(rebuild) == 0
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    np.testing.assert_array_equal(model(x), [[6, 8], [18, 20]])


def lrn(x):
    return of("LRN", x, depth_radius=1)


def one_pixel(x):
    return of("ResizeBilinear", x, [1, 1], align_corners=True)


def spectrum(x):
    return tf.abs(tf.signal.rfft(x))


def whole_image(x):
    sizes = [1, 100, 100, 1]
    more = {"ksizes": sizes, "strides": [1] * 4, "rates": [1] * 4}
    return of("ExtractImagePatches", x, padding="VALID", **more)


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lrn, (1, 1, 10_000)),
        (one_pixel, (10_000, 1, 1)),
        (spectrum, (20_000,)),
        (whole_image, (100, 100, 1)),
    ],
)
def test_matrices_that_are_too_large_are_not_made(function, shape):
    with pytest.raises(tfsnn.UnsupportedError, match="of at most 67,108,864 elements"):
        rebuilt(network_of(function, shape))


# Those that become several operations of Keras; what each of these becomes is tested
# with its handler.
COMPOSED = (
    *("AddN", "All", "ApproximateEqual", "ClipByValue", "Cumprod", "Cumsum"),
    *("DivNoNan", "EuclideanNorm", "IsFinite", "Mod", "PadV2"),
    *("ExtractImagePatches", "LRN", "MatrixBandPart", "MatrixDiagPartV3"),
    *("MatrixDiagV3", "MatrixSetDiagV3", "MirrorPad", "MulNoNan", "OnesLike"),
    *("ResizeBicubic", "ResizeNearestNeighbor", "ReverseV2", "Roll", "Xlogy"),
    *("ScaleAndTranslate", "SpaceToDepth", "SquaredDifference", "StridedSlice"),
)


def test_composed_operations_converted():
    """As spiking networks of 4 steps they are near the network, or equal to it."""
    functions = {name: CASES[name][-1] for name in COMPOSED}
    most = max(len(shapes) for _, shapes in functions.values())
    inputs = [
        (shape, i)
        for shape in sorted({s for _, shapes in functions.values() for s in shapes})
        for i in range(most)
    ]

    def function(*given):
        placed = dict(zip(inputs, given, strict=True))
        return {
            name: function(*(placed[shape, i] for i, shape in enumerate(shapes)))
            for name, (function, shapes) in functions.items()
        }

    _, model = rebuilt(network_of(function, *(shape for shape, _ in inputs)))
    rng = np.random.default_rng(0)
    x = {
        tensor.name: rng.normal(size=(8, *tensor.shape[1:])).astype(np.float32)
        for tensor in model.inputs
    }
    got = tfsnn.convert(model, x, timesteps=4).predict(x, verbose=0)
    for name, wanted in model(x).items():
        most = np.abs(wanted).max()
        np.testing.assert_allclose(got[name], wanted, atol=0.02 * most, err_msg=name)
