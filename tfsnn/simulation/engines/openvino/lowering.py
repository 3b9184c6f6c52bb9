"""From a function of TensorFlow to a model of OpenVINO."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.extras import require
from tfsnn.simulation.compiled import NotLowered

MOST_BYTES = 2**31 - 2**20  # of a graph in a file: protobuf's bound

# How versions of OpenVINO (from 2026, before) begin to name what they lack.
LACKING = re.compile("No conversion rule|no translator found")
VIEWS = ("Reshape", "Unsqueeze", "Squeeze", "Transpose")  # the values stay as they are


class LoweredModel(NamedTuple):
    """A model of OpenVINO.

    Attributes:
        model: the ``openvino.Model``.
        inputs, outputs: the places of the function's arguments and results among the
            model's; None for an argument that makes no difference.
    """

    model: Any
    inputs: list[int | None]
    outputs: list[int]


def openvino(module: str = "openvino") -> Any:
    """Return a module of OpenVINO.

    Raises:
        MissingPackageError: if it is not installed.
    """
    return require(module, "openvino", "The engine openvino")


def lowered_model(
    function: Callable[..., Any], specs: Sequence[tf.TensorSpec]
) -> LoweredModel:
    """Trace a function of tensors that returns a list of these, and lower it.

    Args:
        function: takes as many tensors as there are `specs`; without variables.
        specs: shape, type and name of each argument; the names are those of the inputs.

    Raises:
        NotLowered: naming the operations that OpenVINO lacks, or for weights that are
            too large for a file.
        MissingPackageError: if OpenVINO is not installed.
    """
    frontend = openvino("openvino.frontend")
    traced = tf.function(function, autograph=False).get_concrete_function(*specs)
    graph = traced.graph.as_graph_def()
    if (size := graph.ByteSize()) > MOST_BYTES:
        raise NotLowered(
            f"the program has {size / 2**30:.1f} GiB, weights included, and a file "
            "that OpenVINO reads holds 2 GiB: simulate fewer steps or a smaller network"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.pb"
        path.write_bytes(graph.SerializeToString())
        reader = frontend.FrontEndManager().load_by_framework("tf")
        loaded = reader.load(str(path))
        results = [tensor.name for tensor in traced.outputs]
        loaded.override_all_outputs(
            [loaded.get_place_by_tensor_name(name) for name in dict.fromkeys(results)]
        )
        try:
            model = reader.convert(loaded)
        except frontend.OpConversionFailure as failure:
            raise NotLowered(_lacks(traced.graph, str(failure))) from failure
    _keep_divisions(model)
    given, found = _places(model.inputs), _places(model.outputs)
    return LoweredModel(
        model,
        [given.get(tensor.name) for tensor in traced.inputs],
        [found[name] for name in results],
    )


def _keep_divisions(model: Any) -> None:
    """Have OpenVINO divide by constants, too, which it takes for products otherwise.

    These round otherwise: 3 / 3 would be less than 1, and no neuron would fire.
    """
    for operation in model.get_ops():
        if operation.get_type_name() == "Divide":
            operation.get_rt_info()["nonconvertable_divide_0"] = True


def _places(tensors: Sequence[Any]) -> dict[str, int]:
    """Return the place of each tensor by each of its names."""
    return {name: n for n, each in enumerate(tensors) for name in each.get_names()}


def _lacks(graph: Any, failure: str) -> str:
    """Say which operations of a graph OpenVINO lacks, by what it says of them."""
    said = set(re.findall(r"\w+", LACKING.split(failure, maxsplit=1)[-1]))
    lacking = sorted({op.type for op in graph.get_operations() if op.type in said})
    return f"OpenVINO lacks {', '.join(lacking) or failure.strip()}"


def guard_joins(lowered: LoweredModel) -> None:
    """Multiply what is joined, and read elsewhere as well, by the first argument."""
    (place, *_), operations = lowered.inputs, openvino("openvino.opset13")
    assert place is not None  # it is a factor of each result
    factor = lowered.model.input(place).get_node()
    for join in lowered.model.get_ordered_ops():
        if join.get_type_name() != "Concat":
            continue
        for read in join.inputs():
            source = read.get_source_output()
            same = source.get_element_type() == factor.get_element_type()
            if same and _is_read_elsewhere(source):
                product = operations.multiply(source, factor)
                read.replace_source_output(product.output(0))


def _is_read_elsewhere(source: Any) -> bool:
    """Return whether one value, in whatever shape, has several readers."""
    while len(source.get_target_inputs()) == 1:
        node = source.get_node()
        if node.get_type_name() not in VIEWS:
            return False
        source = node.input_value(0)
    return True
