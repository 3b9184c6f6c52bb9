"""Time per image: the simulation against bare convolutions, the ANN and SpikingJelly.

    python benchmarks/throughput.py --spikingjelly-python spikingjelly-venv/bin/python \
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
4, or a batch). By default every network but ResNet-50, at T = 8; the figures of other T
are in ``results/throughput_timesteps``, those of ResNet-50 in
``results/throughput_resnet50``:

    python benchmarks/throughput.py --network VGG-16 --network ResNet-20 \
        --timesteps 1 --timesteps 4 --timesteps 32 --batch-size 1 --batch-size 32 \
        --output benchmarks/results/throughput_timesteps
    python benchmarks/throughput.py --network ResNet-50 --timesteps 4 \
        --batch-size 1 --batch-size 16 --output benchmarks/results/throughput_resnet50
"""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
import tensorflow as tf
from against_spikingjelly import spikingjelly
from keras import layers
from machine import described, machine
from report_files import write

import tfsnn
from tfsnn.network.nodes import Linear
from tfsnn.network.roles import constant_nodes

RUNS = 5
BATCHES = (1, 32, 256)
PRECISIONS = ("float32", "bfloat16")


def vgg16() -> keras.Model:
    """VGG-16 for 32 x 32 images, 10 classes."""
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
    """The shipped one."""
    return tfsnn.load_model(
        Path(__file__).parents[1] / "saved_models" / "resnet20_cifar10" / "model.keras"
    )


def resnet50() -> keras.Model:
    """The one of keras.applications, for 224 x 224 images, random weights."""
    keras.utils.set_random_seed(0)
    return keras.applications.ResNet50(weights=None, classifier_activation=None)


# name: network, images at least
NETWORKS = {
    "VGG-16": (vgg16, 64),
    "ResNet-20": (resnet20, 64),
    "ResNet-50": (resnet50, 4),
}
DEFAULT = ("VGG-16", "ResNet-20")


@click.command()
@click.option("--spikingjelly-python", "python", help="Where SpikingJelly lives.")
@click.option("--output", required=True, type=click.Path(path_type=Path))
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
    """Measure; write JSON and Markdown."""
    tf.config.set_visible_devices([], "GPU")
    document: dict[str, Any] = {"machine": machine(), "rows": []}
    for name in names:
        build, at_least = NETWORKS[name]
        model = build()
        model.compile(jit_compile=False)
        images = _images(model.inputs[0].shape[1], max(at_least, *batches))
        of_steps = {
            t: {p: _converted(model, images[:64], t, p) for p in PRECISIONS}
            for t in steps
        }
        for (t, snns), batch in itertools.product(of_steps.items(), batches):
            x = images[: max(batch, at_least)]
            row = {"network": name, "timesteps": t, "batch_size": batch}
            row |= _ours(model, snns, x, batch)
            if python:
                row["spikingjelly"] = _theirs(python, model, x, batch, t)
            document["rows"].append(row)
            click.echo(json.dumps(row), err=True)
            write(output, document, _markdown(document), bars(document))


def _images(size: int, count: int) -> np.ndarray:
    """Test images of CIFAR-10, float32, as large as wanted by repeating pixels."""
    folder = Path(__file__).parents[1] / "saved_models" / "resnet20_cifar10"
    with np.load(folder / "test.npz") as arrays:
        x = arrays["x"][:count].astype(np.float32) / 255
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
        runs[precision] = _predicting(snn, x, batch)
        convolutions = _convolutions(snn, batch)
        runs[f"convolutions_{precision}"] = _repeated(convolutions, len(parts))
    for run in runs.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(RUNS):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - start) / len(x))
    return {name: statistics.median(values) for name, values in times.items()}


def _predicting(snn: Any, x: np.ndarray, batch: int) -> Callable[[], Any]:
    return lambda: snn.predict(x, batch_size=batch, verbose=0)


def _repeated(run: Callable[[], Any], times: int) -> Callable[[], Any]:
    return lambda: [run() for _ in range(times)]


def _convolutions(snn: Any, batch: int) -> Callable[[], Any]:
    """The products of a simulation of one batch, on spikes that are there already."""
    graph = snn.graph.map_arrays(lambda node, name, values: values.numpy()).prepared()
    constant = constant_nodes(graph)
    chunk = min(snn.chunk_for(batch), snn.timesteps)
    once, repeated = [], []
    rng = np.random.default_rng(0)
    for node in graph.of_kind(Linear):
        steps = 1 if node.name in constant else chunk
        shape = (steps * batch, *graph[node.inputs[0]].shape)
        spikes = tf.constant(rng.integers(0, 2, shape), node.precision)
        (once if node.name in constant else repeated).append((node, spikes))

    def outputs(pairs: list) -> list[Any]:
        # One value of each keeps all of it from being left out as unused.
        products = [node.multiply(spikes, node.kernel) for node, spikes in pairs]
        return [tf.reshape(y, [-1])[0] for y in products]

    first = tf.function(lambda: outputs(once), autograph=False)
    others = tf.function(lambda: outputs(repeated), autograph=False)

    def run() -> None:
        found = [first(), *(others() for _ in range(snn.timesteps // chunk))]
        for value in tf.nest.flatten(found):
            value.numpy()

    return run


def _theirs(
    python: str, model: keras.Model, x: np.ndarray, batch: int, t: int
) -> float:
    """Milliseconds per image."""
    request = {
        "timesteps": [t],
        "batch_size": batch,
        "timed_samples": len(x),
        "timed_runs": RUNS,
        "settings": ["sj-rate"],
    }
    labels = np.zeros(len(x), np.int64)
    found = spikingjelly(python, model, x[:64], x, labels, request)
    return min(r["rows"][0]["milliseconds"] for r in found["results"])


SHOWN = {
    "ann_predict": "ANN",
    "spikingjelly": "SpikingJelly",
    "float32": "simulation, float32",
    "bfloat16": "simulation, bfloat16",
}


def bars(document: dict[str, Any]) -> tuple[dict[str, dict[str, float]], str]:
    """What is drawn: milliseconds per image, for each network, T and batch."""
    return {
        f"{row['network']}, T={row['timesteps']}, batch {row['batch_size']}": {
            name: row[key] for key, name in SHOWN.items() if key in row
        }
        for row in document["rows"]
    }, "Milliseconds per image"


def _markdown(document: dict[str, Any]) -> str:
    lines = [
        "# Time per image",
        "",
        f"Ternary spikes, median of {RUNS} runs, in milliseconds per image. "
        f"Measured on {described(document['machine'])}.",
        "",
        "| network | T | batch | ANN predict | ANN function | convolutions float32 "
        "| simulation float32 | convolutions bfloat16 | simulation bfloat16 "
        "| SpikingJelly |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    keys = (
        "ann_predict",
        "ann_function",
        "convolutions_float32",
        "float32",
        "convolutions_bfloat16",
        "bfloat16",
        "spikingjelly",
    )
    for row in document["rows"]:
        cells = [f"{row[key]:.2f}" if key in row else "-" for key in keys]
        of = f"{row['network']} | {row['timesteps']} | {row['batch_size']}"
        lines.append(f"| {of} | {' | '.join(cells)} |")
    lines += [
        "",
        "| network | T | batch | convolutions' share, float32 | bfloat16 "
        "| ANN predicts, float32 | bfloat16 | against SpikingJelly, float32 "
        "| bfloat16 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in document["rows"]:
        shares = [
            f"{100 * row[f'convolutions_{p}'] / row[p]:.0f} %" for p in PRECISIONS
        ]
        passes = [f"{row[p] / row['ann_predict']:.2f}" for p in PRECISIONS]
        faster = [
            f"{row['spikingjelly'] / row[p]:.2f}" if "spikingjelly" in row else "-"
            for p in PRECISIONS
        ]
        cells = [*shares, *passes, *faster]
        of = f"{row['network']} | {row['timesteps']} | {row['batch_size']}"
        lines.append(f"| {of} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
