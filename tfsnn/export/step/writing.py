"""Writing one time step of a network into a folder, with all that running it needs."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.errors import OptionError
from tfsnn.export.folder import ExportedFolder
from tfsnn.export.step.driver import readme
from tfsnn.export.step.program import NEXT, StepProgram, step_program
from tfsnn.export.step.runtimes import RUNTIMES
from tfsnn.files import check_new_folder, unfinished
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.checks import check_count

FORM = 1  # version of the manifest's form
MANIFEST, STATE, README = "manifest.json", "state.npz", "README.md"


class ExportedStep(ExportedFolder):
    """The folder of a step that was written, with its manifest."""

    def __str__(self) -> str:
        m = self.manifest
        ends = [", ".join(map(_described, m[end])) for end in ("inputs", "outputs")]
        values = sum(int(np.prod(each["shape"])) for each in m["state"])
        return "\n".join(
            [
                f"{self.path / m['file']}: one step of {m['name']}, to be run "
                f"{m['timesteps']} times, {m['file_bytes']:,} bytes",
                f"  {ends[0]} and {len(m['state'])} tensors of state, {values:,} "
                f"numbers -> {ends[1]}, spikes and the state after it",
                f"how to run it: {self.path / README}",
            ]
        )


def export_step(
    snn: SpikingModel,
    output: str | os.PathLike[str],
    *,
    runtime: str,
    batch_size: int = 1,
) -> ExportedStep:
    """Write one time step of a network, ``(x, state) -> (y, state)``, to a folder.

    The folder has the program, the state before the first step, a manifest, and a
    README with a driver that runs all steps. Neither TensorFlow nor tfsnn is needed
    then. Called T times with the same input the step gives what
    :meth:`tfsnn.SpikingModel.predict` gives; with a frame each, what a stream gives.

    Args:
        snn: network from :func:`tfsnn.convert`.
        output: folder to write, which must not exist.
        runtime: "litert" or "onnx".
        batch_size: samples in one run of the program.

    Raises:
        OptionError: for an unknown runtime, or a method that cannot take one step after
            the other.
        ModelError: for a network that the runtime has not all operations for.
        OutputError: if the folder exists or cannot be written.
        MissingPackageError: if a package of the extra "onnx" is missing.
    """
    target = Path(output)
    if runtime not in RUNTIMES:
        raise OptionError(
            f"runtime={runtime!r} is not known: take one of {', '.join(RUNTIMES)}"
        )
    check_count("batch_size", batch_size)
    check_new_folder(target)
    program = step_program(snn, batch_size)
    write, file = RUNTIMES[runtime]
    data = write(program)
    manifest = _manifest(snn, program, file, len(data), runtime)
    with unfinished(target.parent, target) as part:
        (part / file).write_bytes(data)
        np.savez_compressed(part / STATE, **program.state)  # type: ignore[arg-type]
        (part / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        (part / README).write_text(readme(snn.name, runtime, manifest))
        os.rename(part, target)  # fails on a folder that holds files
    return ExportedStep(target, manifest)


def _manifest(
    snn: SpikingModel, program: StepProgram, file: str, size: int, runtime: str
) -> dict[str, Any]:
    return {
        "format": "tfsnn step",
        "form": FORM,
        "name": snn.name,
        "method": snn.report.method,
        "timesteps": snn.timesteps,
        "runtime": runtime,
        "file": file,
        "file_bytes": size,
        "inputs": [
            {"name": name, "shape": list(spec.shape), "dtype": spec.dtype.name}
            for name, spec in program.inputs.items()
        ],
        "outputs": [{"name": name} for name in program.outputs],
        "state": [
            {
                "argument": name,
                "result": NEXT + name,
                "shape": list(values.shape),
                "dtype": str(values.dtype),
            }
            for name, values in program.state.items()
        ],
        "versions": {"tfsnn": version("tfsnn")},
    }


def _described(tensor: dict[str, Any]) -> str:
    shape = f" {tuple(tensor['shape'])}" if "shape" in tensor else ""
    return f"{tensor['name']}{shape}"
