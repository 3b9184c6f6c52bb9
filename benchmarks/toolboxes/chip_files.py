"""Run the files that we write for chips in the tools that read them: equal spikes?

    python -m benchmarks.toolboxes.chip_files --python torch-venv/bin/python \
        --mlir-python mlir-venv/bin/python --output benchmarks/results/chip_files

mnist_cnn is converted for SpiNNaker 2, a microcontroller and Speck 2f with its shipped
calibration images, and written as NIR. Other environments (``pip install sinabs norse
nirtorch==2.0.2``; ``pip install snn-mlir torch``, which takes a newer nir) read the
files with the importers of sinabs, norse and snn-mlir, and their spikes are compared
with ours, neuron by neuron and step by step. Speck and SpiNNaker 2
reset by subtraction, as sinabs does; the microcontroller resets to zero, as norse and
snn-mlir do. snn-mlir's own C needs LLVM: its integers are run as its lowering says.

Speck 2f has no core for the 64 units of mnist_cnn's dense layer. For it 32 are kept,
those of the largest weights, as ``tfsnn inspect --target speck2f`` says would fit.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import click
import keras
import nir
import numpy as np

import tfsnn
from benchmarks.inputs import OUTPUT, ROOT, shipped, test_images
from benchmarks.tables import Page, Report

NETWORK, IMAGES, STEPS = "mnist_cnn", 20, 16
TOOLS = {
    "spinnaker2": ("sinabs",),
    "speck2f": ("sinabs",),
    "mcu": ("norse", "snn-mlir"),
}
PAGE = Page(
    "Files for chips in the tools that read them",
    "mnist_cnn, T={timesteps}, {samples} test images; for Speck 2f with 32 of 64 units "
    "in its dense layer. Measured on {machine}.",
    [
        (
            "file for | run in | layers with our very spikes | spikes here | spikes "
            "there | neurons with another count | same class | `snn-mlir check` "
            "| `snn-mlir export -q`",
            "{target} | {tool} | {equal} of {layers} | {spikes:,} | {there:,} "
            "| {other:,} of {neurons:,} | {same_class} of {samples} | {check} "
            "| {export}",
        )
    ],
)


def cut(model: keras.Model, layer: str, units: int) -> keras.Model:
    """Return the model with the units of a dense layer whose weights are largest."""
    config = model.get_config()
    for each in config["layers"]:
        each.pop("build_config", None)
        if each["config"]["name"] == layer:
            each["config"]["units"] = units
    smaller = type(model).from_config(config)
    weighted = [each for each in model.layers if each.weights]
    place = [each.name for each in weighted].index(layer)
    after = weighted[place + 1].name
    kernel, _ = model.get_layer(layer).get_weights()
    kept = np.sort(np.argsort(-np.square(kernel).sum(0))[:units])
    for each in weighted:
        values = each.get_weights()
        if each.name == layer:
            values = [n[..., kept] for n in values]
        if each.name == after:
            values[0] = values[0][kept]
        smaller.get_layer(each.name).set_weights(values)
    return smaller


def first(values: np.ndarray) -> np.ndarray:
    """Return ``(T, B, ..., C)`` with channels first."""
    return np.moveaxis(values, -1, 2) if values.ndim > 3 else values


def arriving(snn: Any, x: np.ndarray, record: Any, spikes: Any) -> np.ndarray:
    """Return what reaches the file's input in each step, ``(T, B, *units)``."""
    own = record["names"]["input"]
    if own in spikes:
        return spikes[own].astype(np.float32)
    scale = np.float32(record["input_scale"]["input"][0])
    pixels = np.clip(np.rint(x / scale), snn.graph[own].low, snn.graph[own].high)
    return first(np.repeat(pixels[None], snn.timesteps, 0)).astype(np.float32)


def measured(target: str, pythons: dict[str, str]) -> list[dict[str, Any]]:
    """Convert for a target, and run its file in its tools."""
    model = tfsnn.load_model(shipped(NETWORK) / "model.keras")
    model = cut(model, "dense_2", 32) if target == "speck2f" else model
    samples, x = shipped(NETWORK) / "calibration.npz", test_images(NETWORK, IMAGES)
    snn = tfsnn.convert_for(model, str(samples), target, timesteps=STEPS).snn
    found = snn.run(x, observe=("spikes",)).observed
    ours = {
        name.removeprefix("spikes/"): first(np.asarray(spikes))
        for name, spikes in found.items()
    }
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tfsnn.export.export_nir(snn, folder / "net.nir", target=target)
        record = json.loads(nir.read(folder / "net.nir").metadata["tfsnn"])
        np.save(folder / "frames.npy", arriving(snn, x, record, ours))
        for tool in TOOLS[target]:
            (folder / "tools.json").write_text(json.dumps([tool]))
            side = "benchmarks.toolboxes.chip_files_side"
            command = [pythons.get(tool, pythons["torch"]), "-m", side, str(folder)]
            subprocess.run(command, check=True, cwd=ROOT)
            told = json.loads((folder / "said.json").read_text())
            versions = told.pop("versions")
            with np.load(folder / f"{tool}.npz") as there:
                spikes = {record["names"][key]: there[key] for key in there}
            named = f"{tool} {versions[tool]}, nir {versions['nir']}"
            row = compared(ours, spikes)
            rows.append({"target": target, "tool": named, **row, **told})
    return rows


def compared(ours: dict[str, np.ndarray], there: dict[str, np.ndarray]) -> Any:
    """Compare the spikes of all populations that a file has."""
    pairs = [(ours[name], sent) for name, sent in there.items()]
    *_, (last, sent) = pairs
    counts = [(a.sum(0), b.sum(0)) for a, b in pairs]
    return {
        "layers": len(pairs),
        "equal": sum(np.array_equal(a, b) for a, b in pairs),
        "spikes": int(sum(a.sum() for a, _ in pairs)),
        "there": int(sum(b.sum() for _, b in pairs)),
        "neurons": int(sum(a.size for a, _ in counts)),
        "other": int(sum((a != b).sum() for a, b in counts)),
        "same_class": int((last.sum(0).argmax(-1) == sent.sum(0).argmax(-1)).sum()),
        "samples": last.shape[1],
    }


@click.command()
@OUTPUT
@click.option("--python", required=True, help="Python with sinabs and norse.")
@click.option("--mlir-python", required=True, help="Python with snn-mlir.")
def main(output: Path, python: str, mlir_python: str) -> None:
    """Convert, write and compare for each target; write JSON and Markdown."""
    report = Report(output, PAGE, samples=IMAGES, timesteps=STEPS, rows=[])
    for target in TOOLS:
        for row in measured(target, {"torch": python, "snn-mlir": mlir_python}):
            report.add(row)


if __name__ == "__main__":
    main()
