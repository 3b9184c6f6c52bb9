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

Behind the whole table stands what each side needs to come within CLOSE points of the
ANN: the least T measured, and its time. ``results/within_half_a_point_resnet20``:

    python benchmarks/against_spikingjelly.py \
        --model saved_models/resnet20_cifar10/model.keras \
        --calibration train.npz --data test.npz --limit 1000 \
        --timesteps 1,2,4,8,16,32,64,128 --timed-samples 50 --until-close \
        --setting augmapping --setting augmapping-bfloat16 --setting augmapping-8-bits \
        --setting termapping --setting termapping-bfloat16 \
        --setting sj-rate-channel --setting sj-ltb \
        --spikingjelly-python spikingjelly-venv/bin/python \
        --output benchmarks/results/within_half_a_point_resnet20
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

import click
import keras
import tensorflow as tf
from labelled import samples
from machine import described, machine
from other_side import other_side
from report_files import write, write_curves

import tfsnn

MIDDLE = {"initial_potential": 0.5}
# name: values of a spike, method, options; each is converted for each T. Those called
# like a recipe of SpikingJelly, without the sj-, are the nearest to it.
OURS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "paced": ("0, 1", "paced", {}),
    "termapping": ("-1, 0, 1", "termapping", {}),
    "augmapping": ("-15..15", "augmapping", {}),
    "augmapping-bfloat16": ("-15..15", "augmapping", {"precision": "bfloat16"}),
    "augmapping-8-bits": ("-255..255", "augmapping", {"levels": 255}),
    "termapping-bfloat16": ("-1, 0, 1", "termapping", {"precision": "bfloat16"}),
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
CLOSE = 0.5  # points below the ANN


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
@click.option("--until-close", is_flag=True, help="Ours: no T beyond the first close.")
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
    until_close: bool,
    **how: int,
) -> None:
    """Measure every setting of both sides; write JSON and Markdown."""
    tf.config.set_visible_devices([], "GPU")
    model = tfsnn.load_model(model_path)
    images, labels = samples(model, data, limit)
    request = {"timesteps": [int(t) for t in timesteps.split(",")], **how}
    shared, _ = samples(model, calibration, calibration_limit)
    given = shared
    if spikingjelly_calibration:
        given, _ = samples(model, calibration, spikingjelly_calibration)
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
        enough = document["ann_accuracy"] - CLOSE / 100 if until_close else 2
        result = _ours(name, model, shared, images, labels, request, enough)
        click.echo(json.dumps(result), err=True)
        document["results"].append(result)
        _write(output, document)


def _ann(model: keras.Model, images: Any, labels: Any, request: dict) -> dict:
    model.compile(jit_compile=False)
    scores = model.predict(images, batch_size=request["batch_size"], verbose=0)
    return {
        "ann_accuracy": float((scores.argmax(1) == labels).mean()),
        "ann_milliseconds": _milliseconds(model, images, request),
    }


def _ours(
    name: str,
    model: keras.Model,
    shared: Any,
    images: Any,
    labels: Any,
    request: dict,
    enough: float,
) -> dict[str, Any]:
    """One of our methods, converted for each T up to the first that is `enough`."""
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
        if row["accuracy"] >= enough:
            break
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
    arrays = {"calibration": given, "images": images, "labels": labels}
    return other_side(python, "spikingjelly", model, arrays, request)


def _write(output: Path, document: dict[str, Any]) -> None:
    write(output, document, _markdown(document))
    rows = {label(result): result["rows"] for result in all_results(document)}
    title = f"{document['model']}: against SpikingJelly"
    write_curves(output, rows, document["ann_accuracy"], title)


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
    for result in all_results(document):
        for row in result["rows"]:
            lost = 100 * (row["accuracy"] - document["ann_accuracy"])
            lines.append(
                f"| {label(result)} | {result.get('spikes', '0, 1')} "
                f"| {row['timesteps']} "
                f"| {row.get('latency', row['timesteps'])} "
                f"| {100 * row['accuracy']:.2f} | {lost:+.2f} "
                f"| {row['milliseconds']:.2f} |"
            )
    lines += ["", *first_close(document), ""]
    for result in document["results"]:
        name = result["setting"]
        _, method, options = OURS[name]
        text = "".join(f", {key}={value}" for key, value in options.items())
        lines.append(f"- {name}: `{method}`{text}; converted for each T")
    counts = {r["setting"]: r["calibration_samples"] for r in other["results"]}
    lines += [f"- {n}: {THEIRS[n]}; {count:,} images" for n, count in counts.items()]
    return "\n".join(lines) + "\n"


def all_results(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Ours, then theirs."""
    return [*document["results"], *document["spikingjelly"]["results"]]


def label(result: dict[str, Any]) -> str:
    """A setting; of theirs with the readout."""
    return ", ".join(filter(None, [result["setting"], result.get("readout")]))


def first_close(document: dict[str, Any]) -> list[str]:
    """A table of the least T within CLOSE points of the ANN, the fastest first."""
    least = document["ann_accuracy"] - CLOSE / 100
    first: dict[str, dict[str, Any]] = {}
    never = []
    for result in all_results(document):
        close = [row for row in result["rows"] if row["accuracy"] >= least - 1e-9]
        if close:
            first[label(result)] = close[0]
        else:
            never.append(label(result))
    theirs = map(label, document["spikingjelly"]["results"])
    times = [first[name]["milliseconds"] for name in theirs if name in first]
    best = min(times, default=None)
    lines = [
        f"| within {CLOSE} points of the ANN | first T | accuracy, % | images/s "
        "| times SpikingJelly's fastest |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, row in sorted(first.items(), key=lambda item: item[1]["milliseconds"]):
        milliseconds = row["milliseconds"]
        ratio = "-" if best is None else f"{best / milliseconds:.1f}"
        lines.append(
            f"| {name} | {row['timesteps']} | {100 * row['accuracy']:.2f} "
            f"| {1000 / milliseconds:.1f} | {ratio} |"
        )
    if never:
        lines += ["", f"Not within {CLOSE} points at any T: {', '.join(never)}."]
    return lines


if __name__ == "__main__":
    main()
