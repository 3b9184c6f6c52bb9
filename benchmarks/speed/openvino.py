"""Time simulations per image in OpenVINO against TensorFlow, and the ANN in both.

    python -m benchmarks.speed.openvino \
        --spikingjelly-python spikingjelly-venv/bin/python \
        --output benchmarks/results/openvino

The networks are those of ``benchmarks.speed.throughput``: VGG-16 for images of 32 x 32
with random weights, and the shipped ResNet-20. Spikes are ternary (``termapping``,
``correct="none"``), synapses float32 and int8. Each figure is the median of five runs
after one that compiles; all take turns:

- ANN: the network's graph as a bare ``tf.function``, and compiled by OpenVINO;
- simulation: ``predict`` by TensorFlow, and by OpenVINO with float32 and with int8;
- products: the dense layers and convolutions of the simulation alone, in OpenVINO
  (``openvino_products.py``);
- SpikingJelly in the faster of its two step modes, with the same weights and T, before
  these (``throughput.py`` says how).

"equal" is the share of images whose outputs are those of TensorFlow but for the
rounding of sums, and "decided" that of equal classes; the rest is of neurons whose
potential was within rounding of the threshold. Run nothing beside it.
"""

from __future__ import annotations

import functools
import itertools
import os
import statistics
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
import tensorflow as tf

import tfsnn
from benchmarks.inputs import OUTPUT
from benchmarks.measure import in_turn
from benchmarks.speed.openvino_products import BareProducts
from benchmarks.speed.throughput import (
    BATCHES,
    DEFAULT,
    NETWORKS,
    RUNS,
    drawn_images,
    in_spikingjelly,
)
from benchmarks.tables import Page, Report, table
from tfsnn.files import CACHE_VARIABLE
from tfsnn.network.passes import simplify
from tfsnn.simulation.engines.openvino.program import Program, lowered_function
from tfsnn.sources import import_model

PRECISIONS = ("float32", "int8")
NEAR = 1e-4  # of the largest output: the rounding of sums
OF = "{network} | {timesteps} | {batch_size}"


def _products(rows: list[dict[str, Any]]) -> Iterable[str]:
    """Make the table of bare products and of SpikingJelly, of rows that have them."""
    if measured := [row for row in rows if "products_float32" in row]:
        yield table(
            "network | T | batch | products float32 | int8 | their share, float32 "
            "| int8 | SpikingJelly | times ours, OpenVINO float32 | int8 "
            "| TensorFlow float32",
            f"{OF} | {{products_float32:.2f}} | {{products_int8:.2f}} "
            "| {share_float32:.0p} % | {share_int8:.0p} % | {spikingjelly:.2f} "
            "| {against_openvino_float32:.2f} | {against_openvino_int8:.2f} "
            "| {against_tensorflow_float32:.2f}",
            measured,
        )


PAGE = Page(
    "Time per image in OpenVINO",
    f"Ternary spikes, median of {RUNS} runs, in milliseconds per image. Measured on "
    "{machine}.",
    [
        (
            "network | T | batch | ANN TensorFlow | ANN OpenVINO | TensorFlow float32 "
            "| OpenVINO float32 | TensorFlow int8 | OpenVINO int8",
            f"{OF} | {{ann_tensorflow:.2f}} | {{ann_openvino:.2f}} "
            "| {tensorflow_float32:.2f} | {openvino_float32:.2f} "
            "| {tensorflow_int8:.2f} | {openvino_int8:.2f}",
        ),
        (
            "network | T | batch | faster, float32 | faster, int8 | ANNs in OpenVINO, "
            "float32 | int8 | equal, float32 | int8 | decided, float32 | int8",
            f"{OF} | {{faster_float32:.2f}} | {{faster_int8:.2f}} "
            "| {passes_float32:.2f} | {passes_int8:.2f} "
            "| {equal_float32:.2p} % | {equal_int8:.2p} % "
            "| {decided_float32:.2p} % | {decided_int8:.2p} %",
        ),
    ],
    lambda document: _products(document["rows"]),
)


@click.command()
@click.option("--spikingjelly-python", "python", help="Python with SpikingJelly.")
@OUTPUT
@click.option("--batch-size", "batches", multiple=True, type=int, default=BATCHES)
@click.option("--network", "names", multiple=True, default=DEFAULT)
@click.option("--timesteps", "steps", multiple=True, type=int, default=(8,))
def main(
    python: str | None,
    output: Path,
    batches: tuple[int, ...],
    names: tuple[str, ...],
    steps: tuple[int],
) -> None:
    """Measure all networks; write JSON and Markdown."""
    tf.config.set_visible_devices([], "GPU")
    report = Report(output, PAGE)
    with tempfile.TemporaryDirectory() as cache:
        os.environ[CACHE_VARIABLE] = cache
        for name, t in itertools.product(names, steps):
            build, at_least = NETWORKS[name]
            model = build()
            images = drawn_images(model.inputs[0].shape[1], max(at_least, *batches))
            snns = {p: _converted(model, images[:64], t, p) for p in PRECISIONS}
            for batch in batches:
                x = images[: max(batch, at_least)]
                row = {"network": name, "timesteps": t, "batch_size": batch}
                if python:
                    row["spikingjelly"] = in_spikingjelly(python, model, x, batch, t)
                row |= _measured(model, snns, x, batch)
                report.add(row | _against_spikingjelly(row))


def _converted(model: keras.Model, x: np.ndarray, t: int, precision: str) -> Any:
    return tfsnn.convert(
        model, x, "termapping", timesteps=t, correct="none", precision=precision
    )


def _measured(
    model: keras.Model, snns: dict[str, Any], x: np.ndarray, batch: int
) -> dict[str, float]:
    """Measure milliseconds per image, their ratios, and how equal the outputs are."""
    runs: dict[str, Callable[[], Any]] = _ann(model, x, batch)
    for precision, snn in snns.items():
        for engine in ("tensorflow", "openvino"):
            runs[f"{engine}_{precision}"] = functools.partial(
                _predicted, snn, engine, x, batch
            )
    products = {p: BareProducts(snn, batch) for p, snn in snns.items()}
    spent: dict[str, list[float]] = {p: [] for p in PRECISIONS}
    for p, each in products.items():
        runs[f"products_{p}"] = functools.partial(
            lambda each, times: times.append(each.milliseconds()), each, spent[p]
        )
    found = {
        name: 1e3 * statistics.median(times) / len(x)
        for name, times in in_turn(runs, RUNS).items()
    }
    for p in PRECISIONS:
        found[f"products_{p}"] = statistics.median(spent[p][1:]) / batch
        found[f"share_{p}"] = found[f"products_{p}"] / found[f"openvino_{p}"]
        ours = found[f"openvino_{p}"]
        found[f"faster_{p}"] = found[f"tensorflow_{p}"] / ours
        found[f"passes_{p}"] = ours / found["ann_openvino"]
        one, other = (runs[f"{e}_{p}"]() for e in ("tensorflow", "openvino"))
        apart = np.abs(one - other).max(1) / np.abs(one).max()
        found[f"equal_{p}"] = float(np.mean(apart < NEAR))
        found[f"decided_{p}"] = float(np.mean(one.argmax(1) == other.argmax(1)))
    return found


def _against_spikingjelly(row: dict[str, Any]) -> dict[str, float]:
    """Compute how many times as long SpikingJelly takes as each of ours."""
    theirs = row.get("spikingjelly")
    if theirs is None:
        return {}
    ours = itertools.product(("openvino", "tensorflow"), PRECISIONS)
    return {f"against_{e}_{p}": theirs / row[f"{e}_{p}"] for e, p in ours}


def _predicted(snn: Any, engine: str, x: np.ndarray, batch: int) -> np.ndarray:
    snn.engine = engine
    y = snn.predict(x, batch_size=batch, verbose=0)
    if snn.ran_by != engine:
        raise click.ClickException(f"{snn.name} was run by {snn.ran_by}")
    return y


def _ann(model: keras.Model, x: np.ndarray, batch: int) -> dict[str, Callable[[], Any]]:
    graph = simplify(import_model(model))
    held = graph.map_arrays(lambda node, name, values: np.asarray(values))

    def forward(given: Any) -> Any:
        constants = held.map_arrays(lambda node, name, values: tf.constant(values))
        return constants.forward(given)[graph.outputs[0]]

    bare = tf.function(forward, autograph=False)
    parts = [x[i : i + batch] for i in range(0, len(x), batch)]
    program = Program(lowered_function(forward, parts[0], parts[:1]))
    return {
        "ann_tensorflow": lambda: [bare(tf.constant(part)).numpy() for part in parts],
        "ann_openvino": lambda: [program([part]) for part in parts],
    }


if __name__ == "__main__":
    main()
