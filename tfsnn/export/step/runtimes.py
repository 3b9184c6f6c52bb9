"""The runtimes that a step is written for: LiteRT and ONNX."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.export.step.program import StepProgram
from tfsnn.extras import require
from tfsnn_numpy.private_apis import CONVERTER_ERROR

OPSET = 18  # of ONNX; onnxruntime has it since 1.14


def litert(program: StepProgram) -> bytes:
    """Return a step as a model of LiteRT (``.tflite``) of built-in operations alone.

    Raises:
        ModelError: for an operation that LiteRT does not have.
    """

    def step(**given: Any) -> dict[str, Any]:
        values = tf.graph_util.import_graph_def(
            program.graph_def,
            {f"{name}:0": value for name, value in given.items()},
            [f"{name}:0" for name in program.results],
            name="",
        )
        return dict(zip(program.results, values, strict=True))

    module = tf.Module()
    module.step = tf.function(step, autograph=False)
    traced = module.step.get_concrete_function(**program.specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced], module)
    try:
        return bytes(converter.convert())
    except CONVERTER_ERROR.get() as error:
        lacking = sorted(set(re.findall(r"'tf\.(\w+)' op is neither", str(error))))
        raise ModelError(
            "this network cannot be a step of LiteRT, which has no "
            f"{', '.join(lacking) or str(error).splitlines()[0]}: export it for ONNX "
            "(--runtime onnx), or as a SavedModel"
        ) from error


def onnx(program: StepProgram) -> bytes:
    """Return a step as an ONNX model.

    Raises:
        MissingPackageError: if tf2onnx is not installed.
    """
    convert = require("tf2onnx.convert", "onnx", "a step for ONNX")
    model, _ = convert.from_graph_def(
        program.graph_def,
        name="step",
        input_names=[f"{name}:0" for name in program.specs],
        output_names=[f"{name}:0" for name in program.results],
        opset=OPSET,
    )
    ends = {f"{name}:0": name for name in (*program.specs, *program.results)}
    for tensor in (*model.graph.input, *model.graph.output):
        tensor.name = ends[tensor.name]
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [ends.get(name, name) for name in names]
    return bytes(model.SerializeToString())


# By name: what writes the file, and its name.
RUNTIMES: dict[str, tuple[Callable[[StepProgram], bytes], str]] = {
    "litert": (litert, "step.tflite"),
    "onnx": (onnx, "step.onnx"),
}
