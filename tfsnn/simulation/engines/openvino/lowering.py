"""From a function of TensorFlow to a model of OpenVINO."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.extras import require
from tfsnn.simulation.compiled import NotLowered

MOST_BYTES = 2**31 - 2**20  # of a graph in a file: protobuf's bound


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
    given, found = _places(model.inputs), _places(model.outputs)
    return LoweredModel(
        model,
        [given.get(tensor.name) for tensor in traced.inputs],
        [found[name] for name in results],
    )


def _places(tensors: Sequence[Any]) -> dict[str, int]:
    """Return the place of each tensor by each of its names."""
    return {name: n for n, each in enumerate(tensors) for name in each.get_names()}


def _lacks(graph: Any, failure: str) -> str:
    """Say which operations of a graph OpenVINO lacks, by what it says of them."""
    types = sorted({op.type for op in graph.get_operations() if op.type in failure})
    return (
        f"OpenVINO lacks {', '.join(types) or 'operations'} ({failure.strip()[:200]})"
    )
