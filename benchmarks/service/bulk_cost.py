"""Measure bulk inference: images per second, machine-hours for 10^9 images.

    python -m benchmarks.service.bulk_cost --beam-python beam-venv/bin/python \
        --output benchmarks/results/bulk_cost

The network is the shipped ResNet-20, converted with graded spikes of 4 bits for T = 4,
with synapses in float32 and bfloat16. Its shipped test images, repeated, are written as
TFRecord files of 8-bit values; then two engines take turns, each a process of its own
that reads files and writes files:

- ``tfsnn predict``;
- ``examples/beam_inference.py`` with the exported SavedModel and Beam's FnApiRunner, in
  an environment with Apache Beam (``pip install 'tfsnn[beam]'``), maybe the same one.

The rate is that of more images: (N - n) / (seconds for N - seconds for n), medians of
three runs, so that neither start nor compilation counts. Machine-hours are
10^9 / rate / 3600 on the machine described, under the assumptions written with them.
Run nothing beside it.
"""

from __future__ import annotations

import functools
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import tensorflow as tf

import tfsnn
from benchmarks.inputs import OUTPUT, ROOT, shipped
from benchmarks.measure import in_turn
from benchmarks.tables import Page, Report, bars

NETWORK = shipped("resnet20_cifar10")
T, LEVELS, BATCH, SHARD, TARGET = 4, 15, 64, 512, 10**9
PRECISIONS = ("float32", "bfloat16")
ASSUMPTIONS = (
    "images of 32 x 32 x 3 as 8-bit values, TFRecord files on a local disk",
    "as many processes as here on every machine: one that uses all cores",
    "machines share no work but a list of files, so their number does not change the "
    "sum of their hours",
    "no time for starts, lost machines, or a network too slow to bring the images",
)


PAGE = Page(
    "What 10⁹ images cost",
    f"ResNet-20 for CIFAR-10, graded spikes of 4 bits, T = {T}, batch {BATCH}; "
    "{images[0]} and {images[1]} images, medians of {runs} runs. Measured on "
    "{machine}{engine}.",
    [
        (
            "engine | synapses | images/s | machine-hours for 10⁹ images | machines "
            "for one day | results, TB | same class as predict",
            "{engine} | {precision} | {images_per_second:,.0f} | {machine_hours:,.0f} "
            "| {machines_for_a_day:,.0f} | {terabytes:.2f} "
            "| {same_class_as_predict:.2p} %",
        )
    ],
    lambda document: [
        f"{document['terabytes_read']:.1f} TB are read. Assumed:",
        ";\n".join(f"- {line}" for line in document["assumptions"]) + ".",
    ],
    bars("{engine}", {"{precision}": "images_per_second"}, "Images per second"),
)


@click.command()
@click.option("--beam-python", "beam", help="Python with Apache Beam.")
@OUTPUT
@click.option("--images", default=4096, show_default=True, help="N.")
@click.option("--few", default=512, show_default=True, help="n, less than N.")
@click.option("--runs", default=3, show_default=True)
def main(beam: str | None, output: Path, images: int, few: int, runs: int) -> None:
    """Measure both engines; write JSON, Markdown and a drawing."""
    if not 0 < few < images:
        raise click.UsageError("--few must be positive and less than --images")
    tf.config.set_visible_devices([], "GPU")
    versions = _versions(beam) if beam else None
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data = {n: _write(folder / f"images{n}", n) for n in (few, images)}
        read = _bytes(data[images], "*.tfrecord") / images
        report = Report(
            output,
            PAGE,
            beam=versions,
            engine=f", Apache Beam {versions['apache-beam']}" if versions else "",
            timesteps=T,
            levels=LEVELS,
            batch_size=BATCH,
            images=[few, images],
            runs=runs,
            target=TARGET,
            assumptions=ASSUMPTIONS,
            bytes_read_per_image=read,
            terabytes_read=read * TARGET / 1e12,
        )
        for row in _rows(folder, data, beam, runs):
            report.add(row)


def _versions(python: str) -> dict[str, str]:
    """Return the versions of Beam and TensorFlow in the other environment."""
    code = (
        "import json, importlib.metadata as m; print(json.dumps({k: m.version(k) "
        "for k in ('apache-beam', 'tensorflow')}))"
    )
    return json.loads(_call([python, "-c", code]))


def _write(folder: Path, count: int) -> Path:
    """Write the test images, repeated to `count`, in files of SHARD."""
    folder.mkdir()
    with np.load(NETWORK / "test.npz") as arrays:
        images = arrays["x"]
    for start in range(0, count, SHARD):
        path = folder / f"{start:09}.tfrecord"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for i in range(start, min(start + SHARD, count)):
                value = tf.train.BytesList(value=[images[i % len(images)].tobytes()])
                feature = {"image/encoded": tf.train.Feature(bytes_list=value)}
                features = tf.train.Features(feature=feature)
                writer.write(tf.train.Example(features=features).SerializeToString())
    return folder


def _network(folder: Path, precision: str) -> tuple[Path, Path]:
    """Write the spiking network as tfsnn's own file, and as a SavedModel."""
    snn = tfsnn.convert(
        tfsnn.load_model(NETWORK / "model.keras"),
        NETWORK / "calibration.npz",
        "augmapping",
        timesteps=T,
        levels=LEVELS,
        correct="none",
        precision=precision,
    )
    path = folder / f"{precision}.keras"
    snn.save(path)
    exported = tfsnn.export.export_saved_model(
        snn, folder / precision, batch_sizes=(BATCH,), input_type="uint8"
    )
    return path, exported.path


def _predict(model: Path, exported: Path, data: Path, results: Path) -> list[Any]:
    command = [sys.executable, "-m", "tfsnn_cli.main", "predict", model]
    command += ["--data", f"{data}/*.tfrecord", "--output", results]
    return [*command, "--batch-size", BATCH]


def _beam(model: Path, exported: Path, data: Path, results: Path) -> list[Any]:
    command = [ROOT / "examples" / "beam_inference.py", "--model", exported]
    command += ["--data", f"{data}/*.tfrecord", "--output", results / "part"]
    return [*command, "--outputs", "--batch-size", BATCH, "--runner", "FnApiRunner"]


def _rows(
    folder: Path, data: dict[int, Path], beam: str | None, runs: int
) -> Iterator[dict[str, Any]]:
    """Measure engines, precisions and numbers of images, in turn in every run."""
    engines = {"tfsnn predict": _predict}
    if beam:
        engines["Beam"] = lambda *paths: [beam, *_beam(*paths)]
    networks = {name: _network(folder, name) for name in PRECISIONS}
    few, images = sorted(data)
    latest: dict[Any, Path] = {}

    def run(engine: str, precision: str, count: int) -> None:
        results = Path(tempfile.mkdtemp(dir=folder))
        latest[engine, precision] = results
        _call(engines[engine](*networks[precision], data[count], results))

    settings = [*itertools.product(engines, PRECISIONS)]
    calls = itertools.product(engines, PRECISIONS, (few, images))
    taken = in_turn({c: functools.partial(run, *c) for c in calls}, runs, warm_up=False)
    tops = {setting: _tops(latest[setting]) for setting in settings}
    for engine, precision in settings:
        seconds = [taken[engine, precision, n] for n in (few, images)]
        rate = _rate(seconds, few, images)
        written = _bytes(latest[engine, precision], "*") / images
        yield {
            "engine": engine,
            "precision": precision,
            "seconds": seconds,
            "images_per_second": rate,
            "machine_hours": TARGET / rate / 3600,
            "machines_for_a_day": TARGET / rate / 3600 / 24,
            "bytes_written_per_image": written,
            "terabytes": written * TARGET / 1e12,
            "results": len(tops[engine, precision]),
            "same_class_as_predict": _agreement(
                tops[engine, precision], tops["tfsnn predict", precision]
            ),
        }


def _call(command: list[Any]) -> str:
    """Return a command's standard output; show its standard error if it fails."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{command} failed:\n{done.stderr[-4000:]}")
    return done.stdout


def _rate(seconds: list[list[float]], few: int, images: int) -> float:
    """Compute images per second from the seconds of few and of many."""
    start, whole = map(statistics.median, seconds)
    if whole <= start:
        raise click.ClickException(
            f"{images} images took {whole:.1f} s and {few} took {start:.1f} s: give "
            "more --images"
        )
    return (images - few) / (whole - start)


def _tops(results: Path) -> dict[str, int]:
    """Read the class of each sample by file and row; each has to be there once."""
    found: list[tuple[str, int]] = []
    for path in sorted(results.glob("shard-*.npz")):
        with np.load(path) as arrays:
            found += zip(arrays["id"].tolist(), arrays["top"].tolist(), strict=True)
    for path in sorted(results.glob("part-*.jsonl")):
        lines = (json.loads(line) for line in path.read_text().splitlines())
        found += ((Path(line["id"]).name, line["top"]) for line in lines)
    by_id = dict(found)
    if len(by_id) != len(found):
        raise click.ClickException(f"{results}: {len(found) - len(by_id)} are doubled")
    return by_id


def _agreement(found: dict[str, int], expected: dict[str, int]) -> float:
    """Compute the share of samples with the same class in both."""
    same = sum(found.get(name) == top for name, top in expected.items())
    return same / len(found.keys() | expected.keys())


def _bytes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))


if __name__ == "__main__":
    main()
