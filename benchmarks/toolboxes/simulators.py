"""Simulate one converted network here and in other simulators: time, and equal spikes.

    python -m benchmarks.toolboxes.simulators \
        --package spikingjelly spikingjelly-venv/bin/python \
        --package sinabs simulators-venv/bin/python \
        --package norse simulators-venv/bin/python \
        --package snntorch simulators-venv/bin/python \
        --package brian2 brian2-venv/bin/python \
        --package nengodl venv-nengodl/bin/python \
        --package snntoolbox venv-snntoolbox/bin/python

The shipped network for Fashion-MNIST is converted for each T into neurons of binary
spikes, reset by subtraction, with a threshold for each channel (``data_norm``) and
potentials that start at half of it. The simulators get its weights and initial
potentials as arrays, all thresholds being 1 (``converted_side.py``); NIR would lose its
max pooling. What each does is said by ``torch_neurons_side.py``, ``brian2_side.py`` and
``nengodl_converted_side.py``. SNN Toolbox takes no network that is converted: it gets
the ANN and converts it by itself (``snntoolbox_side.py``).

Each simulator, and each of our engines, runs in a process of its own, one after the
other, with all cores that it takes: the median of several runs after one to warm up, at
the fastest of the batch sizes. Run nothing beside it.
"""

from __future__ import annotations

import functools
import json
import operator
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

import tfsnn
from benchmarks.inputs import ROOT, samples, shipped
from benchmarks.measure import in_new_process, peak_mib, per_image
from benchmarks.neutral_network import neutral
from benchmarks.tables import Report
from benchmarks.toolboxes.converted_side import compared
from benchmarks.toolboxes.other_side import other_side, run_side
from benchmarks.toolboxes.simulators_page import PAGE
from tfsnn.network.nodes import Spiking

NETWORK = "fashion_mnist_cnn"
OUTPUT = ROOT / "benchmarks" / "results" / f"simulators_{NETWORK}"
HOW: dict[str, Any] = {
    "batch_sizes": (1, 32, 96),
    "timed_samples": 96,
    "timed_runs": 5,
    "recorded": 8,  # images whose spikes are compared
    "slow_images": 6,  # of Brian2
    "slow_timed": 2,
    "slow_runs": 3,
}
ENGINES = {"TensorFlow": "tensorflow", "OpenVINO": "openvino"}
# tool: package, side, further arguments
SIDES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "SpikingJelly": ("spikingjelly", "torch_neurons", ("spikingjelly",)),
    "snnTorch": ("snntorch", "torch_neurons", ("snntorch",)),
    "sinabs": ("sinabs", "torch_neurons", ("sinabs",)),
    "norse": ("norse", "torch_neurons", ("norse",)),
    "norse, reset to zero": ("norse", "torch_neurons", ("norse-to-zero",)),
    "NengoDL": ("nengodl", "nengodl_converted", ()),
    "Brian2": ("brian2", "brian2", ()),
}
OWN = {"SNN Toolbox": ("snntoolbox", "snntoolbox-relu")}
PACKAGES = sorted({package for package, *_ in (*SIDES.values(), *OWN.values())})
Arrays = dict[str, np.ndarray]


def model() -> keras.Model:
    """Load the ANN."""
    return tfsnn.load_model(shipped(NETWORK) / "model.keras")


def converted(timesteps: int) -> tfsnn.SpikingModel:
    """Convert the network for a number of steps."""
    data = shipped(NETWORK) / "calibration.npz"
    options = {"per": "channel", "initial_potential": 0.5, "timesteps": timesteps}
    return tfsnn.convert(model(), data, "data_norm", **options)


def as_arrays(
    snn: tfsnn.SpikingModel, images: np.ndarray, labels: np.ndarray, recorded: int
) -> tuple[dict[str, Any], Arrays]:
    """Return a request and arrays as ``converted_side.py`` says.

    Raises:
        SystemExit: for thresholds other than 1.
    """
    graph = snn.graph.map_arrays(lambda node, name, values: np.asarray(values))
    nodes, weights, output = neutral(graph)
    arrays = {**weights, "images": images, "labels": labels}
    arrays["outputs"] = snn.predict(images, batch_size=32, verbose=0)
    for node in graph.of_kind(Spiking):
        if not np.all(node.threshold == 1):
            raise SystemExit(f"{node.name} has other thresholds than 1")
        start = np.broadcast_to(node.initial_potential, node.shape)
        arrays[f"start/{node.name}"] = start.astype(np.float32)
    spikes = snn.simulate(images[:recorded], record=("spikes",)).spikes
    arrays |= {f"spikes/{name}": sent.astype("u1") for name, sent in spikes.items()}
    return {"nodes": nodes, "output": output, "timesteps": snn.timesteps}, arrays


def ours(engine: str, file: Path, folder: Path) -> dict[str, Any]:
    """Measure an engine on a saved network, in a process of its own."""
    snn = tfsnn.load_model(file)
    snn.engine = engine
    with np.load(folder / "arrays.npz") as stored:
        arrays = dict(stored)
    images, few = arrays["images"], arrays["images"][: HOW["timed_samples"]]

    def times(size: int, runs: int) -> dict[str, Any]:
        run = functools.partial(snn.predict, few, batch_size=size, verbose=0)
        return {**per_image(run, len(few), runs), "batch_size": size}

    probes = [times(size, 1) for size in HOW["batch_sizes"]]
    fastest = min(probes, key=operator.itemgetter("milliseconds"))["batch_size"]
    row = times(fastest, HOW["timed_runs"])
    outputs = snn.predict(images, batch_size=fastest, verbose=0)
    if snn.ran_by != engine:
        raise SystemExit(f"the engine {engine} did not run, {snn.ran_by} did")
    row["peak_mib"] = peak_mib()
    spikes = snn.simulate(images[: HOW["recorded"]], record=("spikes",)).spikes
    return {**row, **compared(arrays, outputs, spikes), "mode": "`predict`"}


def own_conversion(
    python: str, package: str, setting: str, arrays: Arrays, timesteps: int
) -> dict[str, Any]:
    """Have a package convert the ANN itself, and measure it for a number of steps."""
    ann = model()
    given = {name: arrays[name] for name in ("images", "labels")}
    given["calibration"], _ = samples(ann, str(shipped(NETWORK) / "calibration.npz"))
    request = {**HOW, "settings": {setting: [timesteps]}}
    result = other_side(python, package, ann, given, request)
    name, version = result["package"].split(" ")
    about = {"images": len(given["labels"]), "versions": {name: version}}
    return {**result["rows"][0], **about, "mode": "INIsim"}


def measured(
    timesteps: int, count: int, pythons: dict[str, str]
) -> Iterable[dict[str, Any]]:
    """Measure our engines, and every simulator that has a Python, one after another."""
    ann, snn = model(), converted(timesteps)
    images, labels = samples(ann, str(shipped(NETWORK) / "test.npz"), count)
    request, arrays = as_arrays(snn, images, labels, HOW["recorded"])
    with tempfile.TemporaryDirectory() as name:
        folder, file = Path(name), Path(name) / "snn.keras"
        snn.save(file)
        np.savez(folder / "arrays.npz", **arrays)  # type: ignore[arg-type]
        (folder / "request.json").write_text(json.dumps({**request, **HOW}))
        for engine, key in ENGINES.items():
            row = in_new_process(ours, key, file, folder)
            yield {"tool": f"tfsnn, {engine}", "conversion": "ours", **row}
        for tool, (package, side, others) in SIDES.items():
            if package in pythons:
                row = run_side(pythons[package], side, folder, *others)
                yield {"tool": tool, "conversion": "ours", **row}
    for tool, (package, setting) in OWN.items():
        if package in pythons:
            python = pythons[package]
            row = own_conversion(python, package, setting, arrays, timesteps)
            yield {"tool": tool, "conversion": "its own", **row}


@click.command()
@click.option(
    "--package",
    "packages",
    multiple=True,
    type=(click.Choice(PACKAGES), str),
    help="A package and the Python of its environment.",
)
@click.option("--timesteps", multiple=True, type=int, default=(8, 32))
@click.option("--images", default=200, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=OUTPUT)
def main(
    packages: tuple[tuple[str, str], ...],
    timesteps: tuple[int, ...],
    images: int,
    output: Path,
) -> None:
    """Measure all simulators for all numbers of steps; write JSON and Markdown."""
    report = Report(output, PAGE, network=NETWORK, images=images, **HOW)
    for t in timesteps:
        for row in measured(t, images, dict(packages)):
            report.add({"timesteps": t, **row})


if __name__ == "__main__":
    main()
