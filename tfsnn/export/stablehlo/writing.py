"""Writing a spiking network as StableHLO, for any device that XLA compiles for.

The folder holds two programs, ``predict.stablehlo`` and ``evaluate.stablehlo``, the
weights that both take as arguments, and a manifest that says in which order. Running
them needs no TensorFlow: the package `tfsnn_stablehlo` runs them with JAX.

TensorFlow lowers with the kernels that it has for a platform, whether or not there is
such a device: kernels for GPUs come with it, those for TPUs only where there is one. A
program for a TPU is lowered with the kernels for CPUs, which makes no difference for
the operations used here. All programs have to keep the rules of
:mod:`tfsnn.export.stablehlo.rules`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError, OptionError
from tfsnn.export.folder import ExportedFolder
from tfsnn.export.recurrent import refuse_recurrent
from tfsnn.export.stablehlo.program import (
    EVALUATE,
    PREDICT,
    VERSION,
    Program,
    Programs,
    lowered,
    serialized,
)
from tfsnn.export.stablehlo.rules import RULES, violations
from tfsnn.files import check_new_folder, unfinished
from tfsnn.hardware.energy import DEFAULT, EnergyProfile
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.defaults import PLATFORMS

FORM = 1  # version of the manifest's form
MANIFEST, WEIGHTS = "manifest.json", "weights.npz"
KERNELS = dict(zip(PLATFORMS, ("CPU", "GPU", "CPU"), strict=True))  # to lower with
# Samples times steps that a layer takes at a time, where K is free. The rule of
# SpikingModel.chunk_for would not do: its bound on K is that of a CPU's cache.
AT_A_TIME = 32


class ExportedProgram(ExportedFolder):
    """The folder of programs that was written, with its manifest."""

    def __str__(self) -> str:
        m = self.manifest
        lines = [
            f"{self.path}: {m['name']}, T={m['timesteps']}, batches of "
            f"{m['batch_size']}, StableHLO {m['versions']['stablehlo']} for "
            f"{m['platform']}, lowered with kernels for {m['kernels']}"
        ]
        for name, program in m["programs"].items():
            ends = [
                [t for t in program["arguments"] if t["role"] == "input"],
                program["results"],
            ]
            texts = (", ".join(map(_described, tensors)) for tensors in ends)
            lines.append(f"  {name}: {' -> '.join(texts)}")
        lines.append(f"checked: {', '.join(m['checked'])}")
        lines.append(f"run it: tfsnn run-stablehlo {self.path} --data DATA")
        return "\n".join(lines)


def _described(tensor: dict[str, Any]) -> str:
    shape = ", ".join(map(str, tensor["shape"]))
    return f"{tensor['name']} {tensor['dtype']} ({shape})"


def export_stablehlo(
    snn: SpikingModel,
    output: str | os.PathLike[str],
    *,
    batch_size: int = 1,
    platform: str = PLATFORMS[0],
    fast_products: bool = False,
    energy: EnergyProfile = DEFAULT,
) -> ExportedProgram:
    """Write a spiking network as StableHLO.

    Args:
        snn: network from :func:`tfsnn.convert`. Early exit is left out: all samples go
            through all steps.
        output: folder to write, which must not exist.
        batch_size: number of samples in one run of the program.
        platform: device to lower for, "cpu", "cuda" or "tpu".
        fast_products: whether the device may round the factors of float32 products: to
            TF32 on a GPU, to bfloat16 on a TPU. Spikes are exact in both; weights and
            analog inputs are rounded.
        energy: profile by which `tfsnn run-stablehlo` reports energies.

    Raises:
        OptionError: if an option is out of range, and for a recurrent network.
        ModelError: if the network's program breaks a rule of XLA devices.
        OutputError: if the folder exists or cannot be written.
    """
    refuse_recurrent(snn, "StableHLO")
    target = _checked(Path(output), batch_size, platform)
    chunk = steps_at_a_time(snn, batch_size)
    programs = Programs(snn, batch_size, chunk)
    files: dict[str, bytes] = {}
    described: dict[str, Any] = {}
    traced = {PREDICT: programs.predict(), EVALUATE: programs.evaluate()}
    kernels = KERNELS[platform]
    for name, program in traced.items():
        text, kernels = _lowered(snn, program, kernels, fast_products)
        _refuse(snn, text)
        files[f"{name}.stablehlo"] = serialized(text)
        described[name] = {
            "file": f"{name}.stablehlo",
            "arguments": [dataclasses.asdict(t) for t in program.arguments],
            "results": [dataclasses.asdict(t) for t in program.results],
        }
    manifest = {
        "format": "tfsnn StableHLO",
        "form": FORM,
        "name": snn.name,
        "method": snn.report.method,
        "timesteps": snn.timesteps,
        "batch_size": batch_size,
        "chunk": chunk,
        "platform": platform,
        "kernels": kernels,
        "fast_products": fast_products,
        "checked": list(RULES),
        "inputs": [
            {"name": name, "shape": shape, "whole": name in snn.whole_inputs}
            for name, shape in snn.inputs_by_name.items()
        ],
        "outputs": [
            {**dataclasses.asdict(output), "task": snn.report.tasks.get(output.name)}
            for output in snn.outputs_known
        ],
        "programs": described,
        "weights": WEIGHTS,
        "evaluation": _evaluation(snn, programs, energy),
        "versions": {
            "tfsnn": version("tfsnn"),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "stablehlo": VERSION,
        },
    }
    _write(target, files, traced[EVALUATE].weights, manifest)
    return ExportedProgram(target, json.loads((target / MANIFEST).read_text()))


def steps_at_a_time(snn: SpikingModel, batch_size: int) -> int:
    """Return the steps that a layer takes together: K of the network, if it is set."""
    return snn.chunk or max(1, min(snn.timesteps, AT_A_TIME // batch_size))


def _checked(target: Path, batch_size: int, platform: str) -> Path:
    """Refuse what could not be written, before the work that leads to it."""
    check_count("batch_size", batch_size)
    if platform not in PLATFORMS:
        raise OptionError(
            f"platform={platform!r}; expected one of {', '.join(PLATFORMS)}"
        )
    return check_new_folder(target)


def _lowered(
    snn: SpikingModel, program: Program, kernels: str, fast: bool
) -> tuple[str, str]:
    """Lower a program; return its text and the kernels, the CPU's if others lack."""
    try:
        return lowered(program, kernels, fast), kernels
    except ValueError as error:
        missing = "No JIT device registered", "unsupported operations"
        if not any(text in str(error) for text in missing):
            raise
        if kernels != "CPU":
            return _lowered(snn, program, "CPU", fast)
        lacking = re.findall(r"operations when .*?: (\w+) \(", str(error))
        raise ModelError(
            f"{snn.name} cannot be exported as StableHLO: XLA has no "
            f"{', '.join(lacking) or 'kernel for one of its operations'}. Export it "
            "as a SavedModel."
        ) from error


def _refuse(snn: SpikingModel, text: str) -> None:
    if found := violations(text):
        listed = "\n".join(f"  {violation}" for violation in found[:10])
        raise ModelError(
            f"{snn.name} cannot be exported as StableHLO that every device runs; in "
            f"its program there are\n{listed}\nExport it as a SavedModel."
        )


def _evaluation(
    snn: SpikingModel, programs: Programs, energy: EnergyProfile
) -> dict[str, Any]:
    """Collect what :func:`tfsnn.evaluate` needs beside what is simulated."""
    clock, operations = snn.graph.clock, snn.operations_per_sample()
    steps = [
        {
            "timesteps": t,
            "latency": clock.latency(t, snn.depth, snn.timesteps),
            "macs": operations.constant_macs
            + (clock.pre_steps + t) * operations.analog_macs,
        }
        for t in range(1, snn.timesteps + 1)
    ]
    return {
        "pre_steps": clock.pre_steps,
        "steps": steps,
        "ann_macs": operations.ann_macs,
        "multiplies": clock.tracks,
        "energy": dataclasses.asdict(energy),
        "counted": [
            {"node": name, "spikes": name in snn.populations}
            for name in programs.fan_outs
        ],
    }


def _write(
    target: Path,
    files: dict[str, bytes],
    weights: dict[str, np.ndarray],
    manifest: dict[str, Any],
) -> None:
    """Write programs, weights and manifest into a new folder."""
    with unfinished(target.parent, target) as part:
        for name, data in files.items():
            (part / name).write_bytes(data)
        np.savez(part / WEIGHTS, **weights)  # type: ignore[arg-type]
        digests = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(part.iterdir())
        }
        text = json.dumps({**manifest, "sha256": digests}, indent=1)
        (part / MANIFEST).write_text(text + "\n")
        os.rename(part, target)  # fails on a folder that holds files
