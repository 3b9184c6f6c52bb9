"""Time simulations per image against convolutions, the ANN and SpikingJelly.

    python -m benchmarks.speed.throughput \
        --spikingjelly-python spikingjelly-venv/bin/python \
        --output benchmarks/results/throughput

The networks are VGG-16 for images of 32 x 32 (random weights of He's scale; average
pooling; 313 million multiply-accumulates), the shipped ResNet-20, and ResNet-50 for
224 x 224 (random weights). Spikes are ternary (``termapping``, ``correct="none"``),
synapses float32 and bfloat16. Each figure is the median of five runs after a warm-up;
ours and the ANN's take turns:

- ANN: ``predict`` of the Keras model, and the same as a bare ``tf.function``;
- convolutions: those products (and dense layers) of the simulation alone, of the same
  shapes and type, T times, the first one once, in chunks of K steps as the simulation;
- simulation: ``predict``; and SpikingJelly in the faster of its two step modes, with
  the same weights (``against_spikingjelly.py`` says how it gets them).

Run nothing beside it. Batches of 256 take 256 images once, others 64 (of ResNet-50
4, or a batch). ``docs/benchmarks.md`` has the commands of all results.
"""

from __future__ import annotations

import functools
import itertools
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
import tensorflow as tf
from keras import layers

import tfsnn
from benchmarks.inputs import OUTPUT, shipped, test_images
from benchmarks.measure import in_turn
from benchmarks.tables import Page, Report, bars
from benchmarks.toolboxes.other_side import other_side
from tfsnn.network.nodes import Linear
from tfsnn.network.roles import constant_nodes

RUNS = 5
BATCHES = (1, 32, 256)
PRECISIONS = ("float32", "bfloat16")


def vgg16() -> keras.Model:
    """Build VGG-16 for 32 x 32 images, 10 classes."""
    keras.utils.set_random_seed(0)
    he = {"activation": "relu", "kernel_initializer": "he_normal"}
    model = keras.Sequential([keras.Input((32, 32, 3))], name="vgg16")
    for repeats, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(repeats):
            model.add(layers.Conv2D(filters, 3, padding="same", **he))
        model.add(layers.AveragePooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(512, **he))
    model.add(layers.Dense(10))
    return model


def resnet20() -> keras.Model:
    """Load the shipped ResNet-20."""
    return tfsnn.load_model(shipped("resnet20_cifar10") / "model.keras")


def resnet50() -> keras.Model:
    """Build ResNet-50 of keras.applications for 224 x 224 images, random weights."""
    keras.utils.set_random_seed(0)
    return keras.applications.ResNet50(weights=None, classifier_activation=None)


# name: network, images at least
NETWORKS = {
    "VGG-16": (vgg16, 64),
    "ResNet-20": (resnet20, 64),
    "ResNet-50": (resnet50, 4),
}
DEFAULT = ("VGG-16", "ResNet-20")


OF = "{network} | {timesteps} | {batch_size}"
PAGE = Page(
    "Time per image",
    f"Ternary spikes, median of {RUNS} runs, in milliseconds per image. Measured on "
    "{machine}.",
    [
        (
            "network | T | batch | ANN predict | ANN function | convolutions float32 "
            "| simulation float32 | convolutions bfloat16 | simulation bfloat16 "
            "| SpikingJelly",
            f"{OF} | {{ann_predict:.2f}} | {{ann_function:.2f}} "
            "| {convolutions_float32:.2f} | {float32:.2f} "
            "| {convolutions_bfloat16:.2f} | {bfloat16:.2f} | {spikingjelly:.2f}",
        ),
        (
            "network | T | batch | convolutions' share, float32 | bfloat16 "
            "| ANN predicts, float32 | bfloat16 | against SpikingJelly, float32 "
            "| bfloat16",
            f"{OF} | {{share_float32:.0p}} % | {{share_bfloat16:.0p}} % "
            "| {passes_float32:.2f} | {passes_bfloat16:.2f} "
            "| {faster_float32:.2f} | {faster_bfloat16:.2f}",
        ),
    ],
    drawing=bars(
        "{network}, T={timesteps}, batch {batch_size}",
        {
            "ANN": "ann_predict",
            "SpikingJelly": "spikingjelly",
            "simulation, float32": "float32",
            "simulation, bfloat16": "bfloat16",
        },
        "Milliseconds per image",
    ),
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
    steps: tuple[int, ...],
) -> None:
    """Measure all networks; write JSON, Markdown and a drawing."""
    tf.config.set_visible_devices([], "GPU")
    report = Report(output, PAGE)
    for name in names:
        build, at_least = NETWORKS[name]
        model = build()
        model.compile(jit_compile=False)
        images = drawn_images(model.inputs[0].shape[1], max(at_least, *batches))
        of_steps = {
            t: {p: _converted(model, images[:64], t, p) for p in PRECISIONS}
            for t in steps
        }
        for (t, snns), batch in itertools.product(of_steps.items(), batches):
            x = images[: max(batch, at_least)]
            row = {"network": name, "timesteps": t, "batch_size": batch}
            row |= _ours(model, snns, x, batch)
            if python:
                row["spikingjelly"] = in_spikingjelly(python, model, x, batch, t)
            report.add(row | _ratios(row))


def _ratios(row: dict[str, Any]) -> dict[str, float]:
    """Compute ratios of times for the simulation in each precision."""
    found = {}
    for p in PRECISIONS:
        found[f"share_{p}"] = row[f"convolutions_{p}"] / row[p]
        found[f"passes_{p}"] = row[p] / row["ann_predict"]
        if "spikingjelly" in row:
            found[f"faster_{p}"] = row["spikingjelly"] / row[p]
    return found


def drawn_images(size: int, count: int) -> np.ndarray:
    """Return test images of CIFAR-10, enlarged by repeating pixels."""
    x = test_images("resnet20_cifar10", count)
    return x.repeat(size // 32, 1).repeat(size // 32, 2)


def _converted(model: keras.Model, x: np.ndarray, t: int, precision: str) -> Any:
    return tfsnn.convert(
        model, x, "termapping", timesteps=t, correct="none", precision=precision
    )


def _ours(model: keras.Model, snns: dict, x: np.ndarray, batch: int) -> dict[str, Any]:
    """Milliseconds per image."""
    bare = tf.function(lambda x: model(x, training=False), autograph=False)
    parts = [tf.constant(x[i : i + batch]) for i in range(0, len(x), batch)]
    runs: dict[str, Callable[[], Any]] = {
        "ann_predict": lambda: model.predict(x, batch_size=batch, verbose=0),
        "ann_function": lambda: [bare(part).numpy() for part in parts],
    }
    for precision, snn in snns.items():
        runs[precision] = functools.partial(snn.predict, x, batch_size=batch, verbose=0)
        runs[f"convolutions_{precision}"] = functools.partial(
            lambda products: [products() for _ in parts], _convolutions(snn, batch)
        )
    return {
        name: 1e3 * statistics.median(times) / len(x)
        for name, times in in_turn(runs, RUNS).items()
    }


def _convolutions(snn: Any, batch: int) -> Callable[[], Any]:
    """Return a run of a simulation's products on one batch of given spikes."""
    graph = snn.graph.map_arrays(lambda node, name, values: values.numpy()).prepared()
    constant = constant_nodes(graph)
    chunk = min(snn.chunk_for(batch), snn.timesteps)
    once: list[Any] = []
    repeated: list[Any] = []
    rng = np.random.default_rng(0)
    for node in graph.of_kind(Linear):
        steps = 1 if node.name in constant else chunk
        shape = (steps * batch, *graph[node.inputs[0]].shape)
        spikes = tf.constant(rng.integers(0, 2, shape), node.precision)
        (once if node.name in constant else repeated).append((node, spikes))

    def outputs(pairs: list) -> list[Any]:
        # Using one value of each keeps the compiler from removing it.
        products = [node.multiply(spikes, node.kernel) for node, spikes in pairs]
        return [tf.reshape(y, [-1])[0] for y in products]

    first = tf.function(lambda: outputs(once), autograph=False)
    others = tf.function(lambda: outputs(repeated), autograph=False)

    def run() -> None:
        found = [first(), *(others() for _ in range(snn.timesteps // chunk))]
        for value in tf.nest.flatten(found):
            value.numpy()

    return run


def in_spikingjelly(
    python: str, model: keras.Model, x: np.ndarray, batch: int, t: int
) -> float:
    """Time SpikingJelly, in milliseconds per image."""
    request = {
        "settings": {"sj-rate": [t]},
        "batch_sizes": [batch],
        "timed_samples": len(x),
        "timed_runs": RUNS,
    }
    labels = np.zeros(len(x), np.int64)
    arrays = {"calibration": x[:64], "images": x, "labels": labels}
    found = other_side(python, "spikingjelly", model, arrays, request)
    return min(row["milliseconds"] for row in found["rows"])


if __name__ == "__main__":
    main()
