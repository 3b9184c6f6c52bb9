"""Time per image: the simulation against bare convolutions, the ANN and SpikingJelly.

    python benchmarks/throughput.py --spikingjelly-python spikingjelly-venv/bin/python \
        --output benchmarks/results/throughput

The networks are VGG-16 for images of 32 x 32 (random weights of He's scale; average
pooling; 313 million multiply-accumulates) and the shipped ResNet-20. Spikes are ternary
(``termapping``, T = 8, ``correct="none"``), synapses float32 and bfloat16. Each figure
is the median of five runs after a warm-up; ours and the ANN's take turns:

- ANN: ``predict`` of the Keras model, and the same as a bare ``tf.function``;
- convolutions: those products (and dense layers) of the simulation alone, of the same
  shapes and type, T times, the first one once, in chunks of K steps as the simulation;
- simulation: ``predict``; and SpikingJelly in the faster of its two step modes, with
  the same weights (``against_spikingjelly.py`` says how it gets them).

Run nothing beside it. Batches of 256 take 256 images once, others 64.
"""

from __future__ import annotations

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

import tfsnn
from tfsnn.nodes import Linear
from tfsnn.run import constant_nodes

T, RUNS = 8, 5
BATCHES = (1, 32, 256)


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


NETWORKS = {"VGG-16": vgg16, "ResNet-20": resnet20}


@click.command()
@click.option("--spikingjelly-python", "python", help="Where SpikingJelly lives.")
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--batch-size", "batches", multiple=True, type=int, default=BATCHES)
@click.option("--network", "names", multiple=True, default=tuple(NETWORKS))
def main(
    python: str | None, output: Path, batches: tuple[int, ...], names: tuple[str, ...]
) -> None:
    """Measure; write JSON and Markdown."""
    tf.config.set_visible_devices([], "GPU")
    document: dict[str, Any] = {"machine": machine(), "timesteps": T, "rows": []}
    with np.load(
        Path(__file__).parents[1] / "saved_models" / "resnet20_cifar10" / "test.npz"
    ) as arrays:
        images = arrays["x"][:256].astype(np.float32) / 255
    for name in names:
        model = NETWORKS[name]()
        model.compile(jit_compile=False)
        snns = {
            precision: tfsnn.convert(
                model,
                images[:64],
                "termapping",
                timesteps=T,
                correct="none",
                precision=precision,
            )
            for precision in ("float32", "bfloat16")
        }
        for batch in batches:
            x = images[: max(batch, 64)]
            row = {"network": name, "batch_size": batch, **_ours(model, snns, x, batch)}
            if python:
                row["spikingjelly"] = _theirs(python, model, x, batch)
            document["rows"].append(row)
            click.echo(json.dumps(row), err=True)
            output.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(document, indent=1) + "\n"
            output.with_suffix(".json").write_text(text)
            output.with_suffix(".md").write_text(_markdown(document))


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
    constant, chunk = constant_nodes(graph), snn.chunk_for(batch)
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
        found = [first(), *(others() for _ in range(T // chunk))]
        for value in tf.nest.flatten(found):
            value.numpy()

    return run


def _theirs(python: str, model: keras.Model, x: np.ndarray, batch: int) -> float:
    """Milliseconds per image."""
    request = {
        "timesteps": [T],
        "batch_size": batch,
        "timed_samples": len(x),
        "timed_runs": RUNS,
        "settings": ["sj-rate"],
    }
    labels = np.zeros(len(x), np.int64)
    found = spikingjelly(python, model, x[:64], x, labels, request)
    return min(r["rows"][0]["milliseconds"] for r in found["results"])


def _markdown(document: dict[str, Any]) -> str:
    lines = [
        "# Time per image",
        "",
        f"T = {document['timesteps']}, ternary spikes, median of {RUNS} runs, in "
        f"milliseconds per image. Measured on {described(document['machine'])}.",
        "",
        "| network | batch | ANN predict | ANN function | convolutions float32 "
        "| simulation float32 | convolutions bfloat16 | simulation bfloat16 "
        "| SpikingJelly |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
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
        lines.append(
            f"| {row['network']} | {row['batch_size']} | {' | '.join(cells)} |"
        )
    lines += [
        "",
        "| network | batch | convolutions' share, float32 | bfloat16 "
        "| ANN predicts, float32 | bfloat16 | against SpikingJelly, float32 "
        "| bfloat16 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in document["rows"]:
        shares = [
            f"{100 * row[f'convolutions_{p}'] / row[p]:.0f} %"
            for p in ("float32", "bfloat16")
        ]
        passes = [f"{row[p] / row['ann_predict']:.2f}" for p in ("float32", "bfloat16")]
        faster = [
            f"{row['spikingjelly'] / row[p]:.2f}" if "spikingjelly" in row else "-"
            for p in ("float32", "bfloat16")
        ]
        cells = [*shares, *passes, *faster]
        lines.append(
            f"| {row['network']} | {row['batch_size']} | {' | '.join(cells)} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
