"""Bulk inference: images per second, and machine-hours for a thousand million images.

    python benchmarks/bulk_cost.py --beam-python beam-venv/bin/python \
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

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import tensorflow as tf
from machine import described, machine
from report_files import write

import tfsnn
from tfsnn.export.saved_model.writing import export_saved_model

ROOT = Path(__file__).parents[1]
NETWORK = ROOT / "saved_models" / "resnet20_cifar10"
T, LEVELS, BATCH, SHARD, TARGET = 4, 15, 64, 512, 10**9
PRECISIONS = ("float32", "bfloat16")
ASSUMPTIONS = (
    "images of 32 x 32 x 3 as 8-bit values, TFRecord files on a local disk",
    "as many processes as here on every machine: one that uses all cores",
    "machines share no work but a list of files, so their number does not change the "
    "sum of their hours",
    "no time for starts, lost machines, or a network too slow to bring the images",
)


@click.command()
@click.option("--beam-python", "beam", help="Of the environment with Apache Beam.")
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--images", default=4096, show_default=True, help="N.")
@click.option("--few", default=512, show_default=True, help="n, less than N.")
@click.option("--runs", default=3, show_default=True)
def main(beam: str | None, output: Path, images: int, few: int, runs: int) -> None:
    """Measure; write JSON and Markdown."""
    if not 0 < few < images:
        raise click.UsageError("--few must be positive and less than --images")
    tf.config.set_visible_devices([], "GPU")
    document: dict[str, Any] = {
        "machine": machine(),
        "beam": _versions(beam) if beam else None,
        "timesteps": T,
        "levels": LEVELS,
        "batch_size": BATCH,
        "images": [few, images],
        "runs": runs,
        "target": TARGET,
        "assumptions": ASSUMPTIONS,
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data = {
            count: _write(folder / f"images{count}", count) for count in (few, images)
        }
        document["bytes_read_per_image"] = _bytes(data[images], "*.tfrecord") / images
        networks = {name: _network(folder, name) for name in PRECISIONS}
        engines: dict[str, Callable[..., list[str]]] = {"tfsnn predict": _predict}
        if beam:
            engines["Beam"] = lambda *paths: [beam, *_beam(*paths)]
        document["rows"] = _rows(folder, data, networks, engines, runs)
    write(output, document, _markdown(document), bars(document))


def _versions(python: str) -> dict[str, str]:
    """Of Beam and TensorFlow in the other environment."""
    code = (
        "import json, importlib.metadata as m; print(json.dumps({k: m.version(k) "
        "for k in ('apache-beam', 'tensorflow')}))"
    )
    done = subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def _write(folder: Path, count: int) -> Path:
    """The test images, as often as need be, in files of SHARD."""
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
    """The spiking network as tfsnn's own file, and as a SavedModel."""
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
    exported = export_saved_model(
        snn, folder / precision, batch_sizes=(BATCH,), input_type="uint8"
    )
    return path, exported.path


def _predict(model: Path, exported: Path, data: Path, results: Path) -> list[str]:
    command = [sys.executable, "-m", "tfsnn_cli.main", "predict", model]
    command += ["--data", f"{data}/*.tfrecord", "--output", results]
    return [str(part) for part in (*command, "--batch-size", BATCH)]


def _beam(model: Path, exported: Path, data: Path, results: Path) -> list[str]:
    command = [ROOT / "examples" / "beam_inference.py", "--model", exported]
    command += ["--data", f"{data}/*.tfrecord", "--output", results / "part"]
    command += ["--outputs", "--batch-size", BATCH, "--runner", "FnApiRunner"]
    return [str(part) for part in command]


def _rows(
    folder: Path,
    data: dict[int, Path],
    networks: dict[str, tuple[Path, Path]],
    engines: dict[str, Callable[..., list[str]]],
    runs: int,
) -> list[dict[str, Any]]:
    """Engines and precisions take turns in every run."""
    settings = [(engine, precision) for precision in networks for engine in engines]
    seconds: dict[Any, list[float]] = {}
    tops: dict[Any, dict[str, int]] = {}
    few, images = sorted(data)
    written = {}
    for run in range(runs):
        for engine, precision in settings:
            for count in (few, images):
                results = folder / f"{engine} {precision} {count} {run}"
                results.mkdir()
                command = engines[engine](*networks[precision], data[count], results)
                start = time.perf_counter()
                _call(command)
                took = time.perf_counter() - start
                seconds.setdefault((engine, precision, count), []).append(took)
                click.echo(f"{engine} {precision} {count}: {took:.1f} s", err=True)
            tops[engine, precision] = _tops(results)
            written[engine, precision] = _bytes(results, "*") / images
    return [
        {
            "engine": engine,
            "precision": precision,
            **_rate(
                [seconds[engine, precision, n] for n in (few, images)], few, images
            ),
            "bytes_written_per_image": written[engine, precision],
            "results": len(tops[engine, precision]),
            "same_class_as_predict": _agreement(
                tops[engine, precision], tops["tfsnn predict", precision]
            ),
        }
        for engine, precision in settings
    ]


def _call(command: list[str]) -> None:
    """Run it; what it says is shown only if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{command} failed:\n{done.stderr[-4000:]}")


def _rate(seconds: list[list[float]], few: int, images: int) -> dict[str, Any]:
    start, whole = (statistics.median(values) for values in seconds)
    if whole <= start:
        raise click.ClickException(
            f"{images} images took {whole:.1f} s and {few} took {start:.1f} s: give "
            "more --images"
        )
    rate = (images - few) / (whole - start)
    return {
        "seconds": seconds,
        "images_per_second": rate,
        "machine_hours": TARGET / rate / 3600,
    }


def _tops(results: Path) -> dict[str, int]:
    """The class of each sample, by file and row; each has to be there once."""
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
    """The share of all samples of both for which the class is the same."""
    same = sum(found.get(name) == top for name, top in expected.items())
    return same / len(found.keys() | expected.keys())


def _bytes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))


def bars(document: dict[str, Any]) -> tuple[dict[str, dict[str, float]], str]:
    """What is drawn: the rate of each engine."""
    found: dict[str, dict[str, float]] = {}
    for row in document["rows"]:
        rates = found.setdefault(row["engine"], {})
        rates[row["precision"]] = row["images_per_second"]
    return found, "Images per second"


def _markdown(document: dict[str, Any]) -> str:
    few, images = document["images"]
    beam = document["beam"]
    engine = f", Apache Beam {beam['apache-beam']}" if beam else ""
    lines = [
        "# What 10⁹ images cost",
        "",
        f"ResNet-20 for CIFAR-10, graded spikes of 4 bits, T = {T}, batch {BATCH}; "
        f"{few} and {images} images, medians of {document['runs']} runs. Measured on "
        f"{described(document['machine'])}{engine}.",
        "",
        "| engine | synapses | images/s | machine-hours for 10⁹ images | machines for "
        "one day | results, TB | same class as predict |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in document["rows"]:
        hours = row["machine_hours"]
        lines.append(
            f"| {row['engine']} | {row['precision']} | {row['images_per_second']:,.0f} "
            f"| {hours:,.0f} | {hours / 24:,.0f} "
            f"| {row['bytes_written_per_image'] * TARGET / 1e12:.2f} "
            f"| {100 * row['same_class_as_predict']:.2f} % |"
        )
    read = document["bytes_read_per_image"] * TARGET / 1e12
    lines += ["", f"{read:.1f} TB are read. Assumed:", ""]
    lines += [f"- {line};" for line in document["assumptions"][:-1]]
    lines.append(f"- {document['assumptions'][-1]}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
