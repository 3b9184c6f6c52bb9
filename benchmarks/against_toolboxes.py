"""Our methods against SNN Toolbox and NengoDL: same weights, same images.

    python3.12 -m venv venv-snntoolbox
    venv-snntoolbox/bin/pip install tensorflow==2.21.0 tf-keras==2.21.0 "numpy<2" \
        snntoolbox==0.6.0
    python3.11 -m venv venv-nengodl
    venv-nengodl/bin/pip install tensorflow==2.12.1 nengo-dl==3.6.0
    python benchmarks/against_toolboxes.py \
        --model saved_models/fashion_mnist_cnn/model.keras \
        --calibration train.npz --data test.npz --limit 500 \
        --snntoolbox-python venv-snntoolbox/bin/python \
        --nengodl-python venv-nengodl/bin/python \
        --output benchmarks/results/against_toolboxes_fashion_mnist

Writes OUTPUT.json, OUTPUT.md and OUTPUT.svg. Each package lives in an environment of
its own, the newest that it runs in:

- SNN Toolbox 0.6.0 (2021): Python 3.12, TensorFlow 2.21, with Keras 2 as TensorFlow's
  (the package tf-keras and TF_USE_LEGACY_KERAS=1, which is set here). Not with NumPy 2,
  so not on Python 3.13: it ends in ``TypeError: Object of type float32 is not JSON
  serializable`` where it writes its scale factors.
- NengoDL 3.6.0 (2023): Python 3.11, TensorFlow 2.12 (it vouches for 2.11), Nengo 4.1
  (for 3.2; it warns, and its rate network gives our logits to 2e-6). Not with
  TensorFlow 2.13 or later, nor with tf-keras: it needs ``keras.engine`` and ends in
  ``ModuleNotFoundError: No module named 'keras.engine'``. So not on Python 3.12, for
  which there is no TensorFlow before 2.16; nor does its source build there, for it asks
  for an old setuptools (``module 'pkgutil' has no attribute 'ImpImporter'``).
  Its licence is free of charge for academic and personal use only.

They get the simplified network (batch norms folded) by way of ``neutral_network.py``
and ``keras2_network.py``; its logits are checked against ours. All runs on the CPU; all
calibrate on the same images. Every side is timed at the fastest of the batch sizes,
found by a short run: the median of several runs over the first images, of ``predict``
for ours. Theirs, being slow, get fewer images. Run nothing beside it.
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
from toolbox_table import markdown

import tfsnn

# name: method, time steps; each is converted for each T.
OURS = {"augmapping": (1, 2, 8), "termapping": (8, 32)}
# name: package, time steps. The last are those of its documentation or its defaults.
THEIRS = {
    "snntoolbox": ("snntoolbox", (8, 32, 50, 100, 200)),
    "snntoolbox-relu": ("snntoolbox", (8, 32, 50, 100, 200)),
    "nengodl-synapse": ("nengodl", (8, 30, 60)),
    "nengodl-graded": ("nengodl", (1, 2, 8, 30)),
}


@click.command()
@click.option("--model", "model_path", required=True)
@click.option("--calibration", required=True)
@click.option("--data", required=True)
@click.option("--snntoolbox-python", help="Where SNN Toolbox lives.")
@click.option("--nengodl-python", help="Where NengoDL lives.")
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--limit", type=int, help="Use only this many test images.")
@click.option("--calibration-limit", default=1024, show_default=True)
@click.option("--setting", "chosen", multiple=True, type=click.Choice([*OURS, *THEIRS]))
@click.option("--longest", default=200, show_default=True, help="Leave out longer T.")
@click.option("--batch-size", "batch_sizes", multiple=True, default=(32, 100), type=int)
@click.option("--timed-samples", default=500, show_default=True, help="Ours.")
@click.option("--their-timed-samples", default=96, show_default=True)
@click.option("--timed-runs", default=5, show_default=True)
def main(
    model_path: str,
    calibration: str,
    data: str,
    snntoolbox_python: str | None,
    nengodl_python: str | None,
    output: Path,
    limit: int | None,
    calibration_limit: int,
    chosen: tuple[str, ...],
    longest: int,
    their_timed_samples: int,
    **how: Any,
) -> None:
    """Measure every setting of all sides; write JSON, Markdown and a plot."""
    tf.config.set_visible_devices([], "GPU")
    model = tfsnn.load_model(model_path)
    images, labels = samples(model, data, limit)
    shared, _ = samples(model, calibration, calibration_limit)
    names = chosen or (*OURS, *THEIRS)
    model.compile(jit_compile=False)
    scores = model.predict(images, batch_size=how["batch_sizes"][0], verbose=0)
    document: dict[str, Any] = {
        "model": model.name,
        "machine": machine(),
        "samples": len(images),
        "calibration_samples": len(shared),
        **how,
        "their_timed_samples": their_timed_samples,
        "ann_accuracy": float((scores.argmax(1) == labels).mean()),
        "ann": _timed(model, images, how),
        "ours": [],
        "theirs": [],
    }
    for name in (name for name in OURS if name in names):
        steps = [t for t in OURS[name] if t <= longest]
        result = _ours(name, steps, model, shared, images, labels, how)
        click.echo(json.dumps(result), err=True)
        document["ours"].append(result)
        _write(output, document)
    pythons = {"snntoolbox": snntoolbox_python, "nengodl": nengodl_python}
    arrays = {"calibration": shared, "images": images, "labels": labels}
    for package, python in pythons.items():
        steps_of = {
            name: [t for t in steps if t <= longest]
            for name, (of, steps) in THEIRS.items()
            if of == package and name in names
        }
        if python and steps_of:
            request = {**how, "timed_samples": their_timed_samples}
            request |= {"settings": [*steps_of], "timesteps": steps_of}
            found = other_side(
                python, package, model, arrays, request, TF_USE_LEGACY_KERAS="1"
            )
            document["theirs"].append(found)
            _write(output, document)


def _ours(
    method: str,
    steps: list[int],
    model: keras.Model,
    shared: Any,
    images: Any,
    labels: Any,
    how: dict[str, Any],
) -> dict[str, Any]:
    """One of our methods, converted for each number of steps."""
    rows = []
    for timesteps in steps:
        snn = tfsnn.convert(model, shared, method, timesteps=timesteps)
        evaluation = tfsnn.evaluate(snn, (images, labels), timesteps=[timesteps])
        (row,) = evaluation.to_dict()["rows"]
        rows.append({**row, **_timed(snn, images, how)})
    return {"setting": method, "rows": rows}


def _timed(model: keras.Model, images: Any, how: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds per image of ``predict``, at the fastest of the batch sizes."""
    x = images[: how["timed_samples"]]

    def times(size: int, runs: int) -> list[float]:
        found = []
        for _ in range(1 + runs):  # the first warms up
            start = time.perf_counter()
            model.predict(x, batch_size=size, verbose=0)
            found.append(1e3 * (time.perf_counter() - start) / len(x))
        return found[1:]

    size = min(how["batch_sizes"], key=lambda size: times(size, 1))
    found = times(size, how["timed_runs"])
    median = {"milliseconds": statistics.median(found), "batch_size": size}
    return {**median, "slowest": max(found), "fastest": min(found)}


def _write(output: Path, document: dict[str, Any]) -> None:
    write(output, document, markdown(document, described))
    results = [*document["ours"]]
    for other in document["theirs"]:
        results += other["results"]
    rows = {result["setting"]: result["rows"] for result in results}
    title = f"{document['model']}: against SNN Toolbox and NengoDL"
    write_curves(output, rows, document["ann_accuracy"], title)


if __name__ == "__main__":
    main()
