"""Compare our counts of operations with SpikingJelly's counters and with NeuroBench.

    python -m benchmarks.toolboxes.counters --python spikingjelly-venv/bin/python \
        --output benchmarks/results/counters

Two networks are converted, and rebuilt in PyTorch from arrays: an analog convolution, a
convolution that spikes drive, dense layers; the second has padding on the analog input
and average pooling behind the first spikes. The other side simulates them by itself and
counts with SpikingJelly 2.0 (SynOpCounter, MACCounter, LemaireEnergyProfiler) and with
the metrics of neurobench 2.3. Spikes have to be equal, and the counts that mean the
same too: otherwise the script ends with an error.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
from keras import layers

import tfsnn
from benchmarks.inputs import OUTPUT, ROOT, test_images
from benchmarks.tables import Page, Report
from tfsnn.hardware.energy.lemaire import access

IMAGES, STEPS = 50, 8
PAGE = Page(
    "Counts of operations: ours, SpikingJelly's and NeuroBench's",
    "Per sample, of {images} images of MNIST, `data_norm` at T={timesteps}, weights at "
    "random; spikes are equal. SpikingJelly {spikingjelly}, neurobench {neurobench}. "
    "Measured on {machine}.",
    [
        (
            "network | count | ours | theirs | difference",
            "{network} | {count} | {ours} | {theirs} | {why}",
        )
    ],
)
EQUAL = "none"
# Every difference is computed, and the script ends with an error if that is not it.
POOLED = (
    "averages are no spikes to them: of the layer behind they count products, here 0"
)
PADDING = (
    "theirs has the zeros of the padding, and all products of the layer behind the "
    "average in each step"
)
STORED = "we write the currents of the analog layer once, to be read in later steps"
UNLIKE = (
    "theirs takes the layer behind the average as analog, and the padding as values"
)


def model(padded: bool) -> keras.Model:
    """Make a network of two convolutions and two dense layers, drawn with seed 0."""
    keras.utils.set_random_seed(0)
    pools = [layers.AveragePooling2D(2)] if padded else []
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 3, padding="same" if padded else "valid"),
            layers.ReLU(),
            *pools,
            layers.Conv2D(8, 3, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(20, "relu"),
            layers.Dense(10),
        ]
    )


def arrays(snn: tfsnn.SpikingModel) -> dict[str, np.ndarray]:
    """Return weights, biases and initial potentials, layer by layer."""
    from tfsnn.network.nodes import Linear, Spiking

    found = {}
    for i, node in enumerate(snn.graph.of_kind(Linear)):
        found[f"kernel{i}"] = np.asarray(node.kernel)
        found[f"bias{i}"] = np.asarray(node.bias)
    for i, node in enumerate(snn.graph.of_kind(Spiking)):
        start = np.broadcast_to(np.asarray(node.initial_potential), node.shape)
        found[f"start{i}"] = start.astype(np.float32)
    return found


def other_side(python: str, folder: Path) -> dict[str, Any]:
    """Run the other side on a folder, and return what it counted."""
    command = [python, "-m", "benchmarks.toolboxes.counters_side", str(folder)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ['NEUROBENCH']}"}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    return json.loads((folder / "counted.json").read_text())


def compared(
    ann: keras.Model, padded: bool, python: str
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Count one network on both sides: rows, and the versions of the other side."""
    x = test_images("mnist_cnn", IMAGES)
    snn = tfsnn.convert(ann, x, "data_norm", timesteps=STEPS)
    (row,) = (found := tfsnn.evaluate(snn, x, ann=ann, timesteps=[STEPS])).rows
    (work,) = found.counts
    measures = tfsnn.neurobench(snn, x).to_dict()
    ours = measures.pop("synaptic_operations")
    with tempfile.TemporaryDirectory() as folder:
        np.savez(
            Path(folder) / "network.npz",
            **arrays(snn),
            x=x,
            steps=STEPS,
            padded=padded,
        )
        theirs = other_side(python, Path(folder))
    one, two = (each for each in work.layers if each.kind == "convolution")
    last = [each for each in work.layers if each.kind == "dense"]
    behind = STEPS * two.macs if padded else 0
    macs = one.outputs * math.prod(one.window) + behind
    synops = sum(each.synops for each in (last if padded else [two, *last]))
    written = one.outputs * access(one.outputs) / 1e3
    lemaire = tfsnn.energy.profile("lemaire").snn(work) / 1e3
    pairs = [
        ("spikes", row.spikes, row.spikes, theirs["spikes"], EQUAL),
        ("SynOps (SpikingJelly)", row.synops, synops, theirs["synops"], POOLED),
        ("MACs (SpikingJelly)", work.analog_macs, macs, theirs["macs"], PADDING),
        (
            "Lemaire, nJ (SpikingJelly)",
            lemaire,
            None if padded else lemaire - written,
            theirs["lemaire"] / 1e3,
            UNLIKE if padded else STORED,
        ),
        *(
            (f"{name} (NeuroBench)", ours[name], ours[name], theirs[name], EQUAL)
            for name in ("Effective_MACs", "Effective_ACs", "Dense")
        ),
        *(
            (
                f"{name} (NeuroBench)",
                measures[name],
                measures[name],
                theirs[name],
                EQUAL,
            )
            for name in (
                *("membrane_updates", "activation_sparsity", "connection_sparsity"),
                "parameter_count",
            )
        ),
    ]
    name = "padding and average pooling" if padded else "plain"
    rows = []
    for count, mine, expected, other, why in pairs:
        if expected is not None and not np.isclose(other, expected, rtol=1e-6):
            raise SystemExit(f"{name}: {count} is {other}, not {expected}")
        same = bool(np.isclose(mine, other, rtol=1e-6))
        rows.append(
            {
                "network": name,
                "count": count,
                "ours": text(mine),
                "theirs": text(other),
                "why": EQUAL if same else why,
            }
        )
    return rows, theirs["versions"]


def text(value: float) -> str:
    """Return a count, or a share, as text."""
    return f"{value:.4f}" if 0 < abs(value) < 1 else f"{value:,.1f}"


@click.command()
@OUTPUT
@click.option("--python", required=True, help="Python of SpikingJelly's environment.")
@click.option("--neurobench", required=True, help="Folder with neurobench in it.")
def main(output: Path, python: str, neurobench: str) -> None:
    """Count on both sides; write JSON and Markdown."""
    os.environ["NEUROBENCH"] = neurobench
    report = Report(output, PAGE, images=IMAGES, timesteps=STEPS, rows=[])
    for padded in (False, True):
        rows, versions = compared(model(padded), padded, python)
        report.document |= versions
        for row in rows:
            report.add(row)


if __name__ == "__main__":
    main()
