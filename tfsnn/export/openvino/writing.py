"""Writing a simulation as a model of OpenVINO, with all that running it needs."""

from __future__ import annotations

import dataclasses
import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.errors import ModelError
from tfsnn.export.folder import ExportedFolder
from tfsnn.export.openvino.readme import readme
from tfsnn.export.recurrent import refuse_recurrent
from tfsnn.files import check_new_folder, unfinished
from tfsnn.simulation.compiled import NotLowered, RunKey
from tfsnn.simulation.engines.openvino.lowering import openvino
from tfsnn.simulation.engines.openvino.program import Lowered, lowered_function
from tfsnn.simulation.engines.openvino.simulation import LoweredSimulation
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.checks import check_count

FORM = 1  # version of the manifest's form
MANIFEST, README = "manifest.json", "README.md"
MODEL = "1/model.xml"  # a folder of versions, as a model server has them


class ExportedOpenVINO(ExportedFolder):
    """The folder of a model of OpenVINO that was written, with its manifest."""

    def __str__(self) -> str:
        m = self.manifest
        ends = [
            ", ".join(f"{each['name']} {tuple(each['shape'])}" for each in m[end])
            for end in ("inputs", "outputs")
        ]
        return (
            f"{self.path / m['file']}: {m['name']}, {m['timesteps']} steps, "
            f"{ends[0]} -> {ends[1]}\nhow to run it: {self.path / README}"
        )


def export_openvino(
    snn: SpikingModel, output: str | os.PathLike[str], *, batch_size: int = 1
) -> ExportedOpenVINO:
    """Write a whole simulation, samples in and outputs out, as a model of OpenVINO.

    The folder has the model, ``1/model.xml`` and ``1/model.bin``, a manifest with
    names, shapes, units and labels' tasks, and a README with the lines that run it. It
    is a folder of versions, as OpenVINO's Model Server takes it. Neither TensorFlow nor
    tfsnn is needed then. Outputs are those of :meth:`tfsnn.SpikingModel.predict`, to
    the rounding of sums; products of integer weights of 8 bits are written as such.

    Args:
        snn: network from :func:`tfsnn.convert`. Early exit is left out: all samples go
            through all steps.
        output: folder to write, which must not exist.
        batch_size: number of samples in one run of the model.

    Raises:
        OptionError: for a batch that is not positive, and for a recurrent network.
        ModelError: for a network that OpenVINO cannot run.
        OutputError: if the folder exists or cannot be written.
        MissingPackageError: if OpenVINO is not installed.
    """
    refuse_recurrent(snn, "OpenVINO")
    check_count("batch_size", batch_size)
    target = check_new_folder(Path(output))
    lowered = _lowered(snn, batch_size)
    model = _named(snn, lowered)
    manifest = _manifest(snn, batch_size)
    with unfinished(target.parent, target) as part:
        (part / MODEL).parent.mkdir(parents=True)
        openvino().save_model(model, str(part / MODEL), compress_to_fp16=False)
        (part / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        (part / README).write_text(readme(manifest))
        os.rename(part, target)  # fails on a folder that holds files
    return ExportedOpenVINO(target, json.loads((target / MANIFEST).read_text()))


def _lowered(snn: SpikingModel, batch_size: int) -> Lowered:
    graph = snn.graph.map_arrays(lambda node, name, values: values.numpy())
    key = RunKey(snn.timesteps, frozenset(), snn.chunk, None)
    simulation = LoweredSimulation(graph, key, {})
    samples = {
        name: np.zeros((batch_size, *shape), np.float32)
        for name, shape in graph.given.items()
    }
    names = sorted(samples)  # as tf.nest has them
    leaves = [samples[name] for name in names]
    try:
        return lowered_function(lambda x: simulation.whole(x).outputs, samples, leaves)
    except NotLowered as refused:
        raise ModelError(
            f"{snn.name} cannot be exported for OpenVINO: {refused}; export it as a "
            "SavedModel, or convert it with a method whose neurons need no such "
            "operations"
        ) from refused


def _named(snn: SpikingModel, lowered: Lowered) -> Any:
    """Return the model with the names of inputs and outputs, and no other argument."""
    model, given = lowered.model.model, lowered.model.inputs
    names = sorted(snn.inputs_by_name)
    tensors = list(model.inputs)
    for name, place in zip(names, given[1:], strict=True):
        if place is None:
            raise ModelError(
                f"{snn.name} cannot be exported for OpenVINO: its input {name} changes "
                "nothing; convert the network without it"
            )
        tensors[place].get_tensor().set_names({name})
        tensors[place].get_node().set_friendly_name(name)
    one, first = (tensors[place] for place in given[:2] if place is not None)
    _one_of_an_input(model, one, first)
    of_model = [source - len(names) for source in lowered.sources]
    for output, number in zip(snn.outputs_known, of_model, strict=True):
        tensor = model.outputs[lowered.model.outputs[number]]
        tensor.get_tensor().set_names({output.name})
    return model


def _one_of_an_input(model: Any, one: Any, x: Any) -> None:
    """Compute the argument that is 1 from an input, min(1, abs(x) + 1) of a value.

    As a constant OpenVINO would leave out the products with it
    (:data:`tfsnn.simulation.engines.openvino.program.ONE`).
    """
    operations = openvino("openvino.opset13")
    values = operations.reshape(x, np.array([-1], np.int64), special_zero=False)
    first = operations.gather(values, np.int64(0), np.int64(0))
    more = operations.add(operations.abs(first), np.float32(1))
    made = operations.minimum(more, np.float32(1))
    for reader in one.get_target_inputs():
        reader.replace_source_output(made.output(0))
    model.remove_parameter(one.get_node())
    model.validate_nodes_and_infer_types()


def _manifest(snn: SpikingModel, batch_size: int) -> dict[str, Any]:
    report, raw = snn.report, snn.report.raw
    return {
        "format": "tfsnn OpenVINO",
        "form": FORM,
        "name": snn.name,
        "method": report.method,
        "precision": report.precision,
        "timesteps": snn.timesteps,
        "batch_size": batch_size,
        "file": MODEL,
        "inputs": [
            {
                "name": name,
                "shape": [batch_size, *shape],
                "dtype": "float32",
                "whole": name in snn.whole_inputs,
                "raw": None if raw is None else name in raw,
                "range": report.ranges.get(name),
            }
            for name, shape in snn.inputs_by_name.items()
        ],
        "outputs": [
            {
                **dataclasses.asdict(output),
                "shape": [batch_size, *output.shape],
                "task": report.tasks.get(output.name),
            }
            for output in snn.outputs_known
        ],
        "versions": {"tfsnn": version("tfsnn"), "openvino": version("openvino")},
    }
