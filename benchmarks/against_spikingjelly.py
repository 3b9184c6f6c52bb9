"""Our methods against SpikingJelly's recipes: same weights, same images, same T.

    python -m venv spikingjelly-venv
    spikingjelly-venv/bin/pip install spikingjelly==2.0.0
    python benchmarks/against_spikingjelly.py \
        --model saved_models/resnet20_cifar10/model.keras \
        --calibration train.npz --data test.npz --timesteps 4,8,16,32 \
        --spikingjelly-python spikingjelly-venv/bin/python \
        --output benchmarks/results/against_spikingjelly_resnet20

Writes OUTPUT.json and OUTPUT.md. SpikingJelly is a package for PyTorch, which comes
with it; it lives in an environment of its own and gets the simplified network (batch
norms folded, max pooling before its ReLU) by way of ``neutral_network.py``; its logits
are checked against ours. All runs on the CPU. Both sides calibrate on the first
CALIBRATION_LIMIT images; ``--spikingjelly-calibration`` gives its recipes more, for
its own examples take 50,000. Ours is converted for each T; SpikingJelly's thresholds do
not depend on T, but the start of its delayed readout does.

Time per image is the median of several runs on the first TIMED_SAMPLES images, of
``predict`` for ours, and in the faster of its two step modes for SpikingJelly. Run
nothing beside it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
import tensorflow as tf
from machine import described, machine
from neutral_network import neutral

import tfsnn
from tfsnn.passes import simplify
from tfsnn.sources import import_model

MIDDLE = {"initial_potential": 0.5}
# name: values of a spike, method, options; each is converted for each T. Those called
# like a recipe of SpikingJelly, without the sj-, are the nearest to it.
OURS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "paced": ("0, 1", "paced", {}),
    "termapping": ("-1, 0, 1", "termapping", {}),
    "augmapping": ("-15..15", "augmapping", {}),
    "mse": ("0, 1", "data_norm", {"scale": "mse", "per": "channel", **MIDDLE}),
    "ltb": ("0, 1", "ltb", {}),
    "rate-channel": ("0, 1", "data_norm", {"per": "channel", **MIDDLE}),
    "rate": ("0, 1", "data_norm", {}),
}
THEIRS = {
    "sj-rate": 'RateCodingRecipe, mode="99.9%"',
    "sj-rate-channel": 'RateCodingRecipe, mode="99.9%", channel_wise, '
    "pre_spike_maxpool, half_threshold",
    "sj-ltb": "LocalThresholdBalancingRecipe, passes over the images for 400 batches",
}
CHECKED = 100  # images whose logits are compared


@click.command()
@click.option("--model", "model_path", required=True)
@click.option("--calibration", required=True)
@click.option("--data", required=True)
@click.option(
    "--spikingjelly-python", "python", required=True, help="Where SpikingJelly lives."
)
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--timesteps", default="4,8,16,32", show_default=True)
@click.option("--limit", type=int, help="Use only this many test images.")
@click.option("--calibration-limit", default=1024, show_default=True)
@click.option(
    "--spikingjelly-calibration", type=int, help="Images, where it is to have more."
)
@click.option("--setting", "chosen", multiple=True, type=click.Choice([*OURS, *THEIRS]))
@click.option("--batch-size", default=50, show_default=True)
@click.option("--timed-samples", default=100, show_default=True)
@click.option("--timed-runs", default=3, show_default=True)
def main(
    model_path: str,
    calibration: str,
    data: str,
    python: str,
    output: Path,
    timesteps: str,
    limit: int | None,
    calibration_limit: int,
    spikingjelly_calibration: int | None,
    chosen: tuple[str, ...],
    **how: int,
) -> None:
    """Measure every setting of both sides; write JSON and Markdown."""
    tf.config.set_visible_devices([], "GPU")
    model = tfsnn.load_model(model_path)
    images, labels = _arrays(model, data, limit)
    request = {"timesteps": [int(t) for t in timesteps.split(",")], **how}
    shared, _ = _arrays(model, calibration, calibration_limit)
    given = shared
    if spikingjelly_calibration:
        given, _ = _arrays(model, calibration, spikingjelly_calibration)
    names = chosen or [*OURS, *THEIRS]
    theirs = {**request, "settings": [name for name in names if name in THEIRS]}
    document: dict[str, Any] = {
        "model": model.name,
        "machine": machine(),
        "samples": len(images),
        "calibration_samples": len(shared),
        "spikingjelly": spikingjelly(python, model, given, images, labels, theirs),
        **_ann(model, images, labels, request),
        "results": [],
    }
    _write(output, document)
    for name in (name for name in names if name in OURS):
        result = _ours(name, model, shared, images, labels, request)
        click.echo(json.dumps(result), err=True)
        document["results"].append(result)
        _write(output, document)  # each time, for the whole takes hours


def _arrays(model: keras.Model, spec: str, limit: int | None) -> tuple[Any, Any]:
    """Images ``(N, *shape)`` float32 as the model takes them, and their labels."""
    shape = tuple(model.inputs[0].shape[1:])
    opened = tfsnn.open_data(spec, shape, limit=limit, labels=True)
    x, y = zip(*opened.batches(500), strict=True)
    return np.concatenate(x), np.concatenate(y)


def _ann(model: keras.Model, images: Any, labels: Any, request: dict) -> dict:
    model.compile(jit_compile=False)
    scores = model.predict(images, batch_size=request["batch_size"], verbose=0)
    return {
        "ann_accuracy": float((scores.argmax(1) == labels).mean()),
        "ann_milliseconds": _milliseconds(model, images, request),
    }


def _ours(
    name: str, model: keras.Model, shared: Any, images: Any, labels: Any, request: dict
) -> dict[str, Any]:
    """One of our methods, converted for each number of steps."""
    spikes, method, options = OURS[name]
    rows = []
    for timesteps in request["timesteps"]:
        start = time.perf_counter()
        snn = tfsnn.convert(model, shared, method, timesteps=timesteps, **options)
        seconds = time.perf_counter() - start
        evaluation = tfsnn.evaluate(
            snn,
            (images, labels),
            timesteps=[timesteps],
            batch_size=request["batch_size"],
        )
        (row,) = evaluation.to_dict()["rows"]
        row["milliseconds"] = _milliseconds(snn, images, request)
        row["conversion_seconds"] = seconds
        rows.append(row)
    used = snn.report.options
    named = {"setting": name, "spikes": spikes, "method": method, "options": used}
    return {**named, "rows": rows}


def _milliseconds(model: keras.Model, images: Any, request: dict) -> float:
    """Per image, the median of some runs after a warm-up."""
    x = images[: request["timed_samples"]]
    times = []
    for _ in range(1 + request["timed_runs"]):
        start = time.perf_counter()
        model.predict(x, batch_size=request["batch_size"], verbose=0)
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times[1:]) / len(x)


def spikingjelly(
    python: str, model: keras.Model, given: Any, images: Any, labels: Any, request: dict
) -> dict[str, Any]:
    """What the other environment measures (``spikingjelly_side.py``)."""
    graph = simplify(import_model(model))
    nodes, weights, output = neutral(graph)
    logits = graph.forward(images[:CHECKED])[output]
    arrays = {"calibration": given, "images": images, "labels": labels}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "weights.npz", **weights)  # type: ignore[arg-type]
        for key, values in {**arrays, "logits": np.asarray(logits)}.items():
            np.save(folder / f"{key}.npy", values)
        asked = {"nodes": nodes, "output": output, **request}
        (folder / "request.json").write_text(json.dumps(asked))
        side = Path(__file__).with_name("spikingjelly_side.py")
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run([python, str(side), name], env=environment)
        if done.returncode:
            raise SystemExit("SpikingJelly's side failed; see above")
        return json.loads((folder / "result.json").read_text())


def _write(output: Path, document: dict[str, Any]) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
    output.with_suffix(".md").write_text(_markdown(document))


def _markdown(document: dict[str, Any]) -> str:
    other = document["spikingjelly"]
    lines = [
        f"# {document['model']}: against SpikingJelly",
        "",
        f"ANN {100 * document['ann_accuracy']:.2f} % on {document['samples']} test "
        f"images, {document['ann_milliseconds']:.2f} ms per image (rebuilt in PyTorch "
        f"{100 * other['ann_accuracy']:.2f} %, {other['ann_milliseconds']:.2f} ms; "
        f"logits differ by {other['greatest_difference']:.1g} at most). Calibrated on "
        f"{document['calibration_samples']} images. Measured on "
        f"{described(document['machine'])}, PyTorch {other['torch']}, SpikingJelly "
        f"{other['spikingjelly']}.",
        "",
        "| setting | spikes | T | latency, steps | accuracy, % "
        "| against the ANN, points | ms per image |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in [*document["results"], *other["results"]]:
        label = result["setting"]
        if "readout" in result:
            label += f", {result['readout']}"
        for row in result["rows"]:
            lost = 100 * (row["accuracy"] - document["ann_accuracy"])
            lines.append(
                f"| {label} | {result.get('spikes', '0, 1')} | {row['timesteps']} "
                f"| {row.get('latency', row['timesteps'])} "
                f"| {100 * row['accuracy']:.2f} | {lost:+.2f} "
                f"| {row['milliseconds']:.2f} |"
            )
    lines.append("")
    for result in document["results"]:
        name = result["setting"]
        _, method, options = OURS[name]
        text = "".join(f", {key}={value}" for key, value in options.items())
        lines.append(f"- {name}: `{method}`{text}; converted for each T")
    counts = {r["setting"]: r["calibration_samples"] for r in other["results"]}
    lines += [f"- {n}: {THEIRS[n]}; {count:,} images" for n, count in counts.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
