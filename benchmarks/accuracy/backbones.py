"""Convert every family of ``keras.applications``, and compare it with its ANN.

    python -m benchmarks.accuracy.backbones --output benchmarks/results/backbones

Random weights and enlarged images are those of ``benchmarks/backbones.py``, which says
how they are made. Spikes have 8-bit coefficients (255 levels). Each network runs in a
process of its own, so that its peak memory is its own. The relative error is that of
the logits of an image, root mean square.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np

import tfsnn
from benchmarks.backbones import backbone, enliven, images, size
from benchmarks.inputs import OUTPUT
from benchmarks.measure import in_new_process, peak_mib, timed
from benchmarks.tables import Page, Report
from tfsnn.network.operations import shares
from tfsnn.network.passes import simplify
from tfsnn.network.roles import RUNNING_SUM, roles
from tfsnn.sources import import_model

NAMES = """
    VGG16 ResNet50 ResNet50V2 DenseNet121 MobileNet MobileNetV2 MobileNetV3Small
    InceptionV3 Xception NASNetMobile EfficientNetB0 EfficientNetV2B0 ConvNeXtTiny
"""
FAMILIES = NAMES.split()
TIMESTEPS = (1, 4, 16)
CALIBRATION, SAMPLES = 128, 16
PAGE = Page(
    "Backbones",
    f"Random weights, {SAMPLES} images, 8-bit coefficients. Error: root mean square, "
    "of the logits, median over the images. Measured on {machine}.",
    [
        (
            "family | image | spiking neurons | running sums, share of operations "
            "| error T=1 | T=4 | T=16 | same top-1 T=16 | conversion, s | T=16, s "
            "| peak memory, GiB | SavedModel read back: error | s",
            "{family} | {size}×{size} | {neurons:,} "
            "| {running_sums} nodes, {running_sum_share:.1p} % "
            "| {median_relative_error[T1]:.2p} % | {median_relative_error[T4]:.2p} % "
            "| {median_relative_error[T16]:.2p} % | {agreement[T16]:.0p} % "
            "| {conversion_seconds:.0f} | {seconds:.1f} | {peak_gib:.1f} "
            "| {saved_model_error:.0e} | {saved_model_seconds:.0f}",
        )
    ],
)


@click.command()
@OUTPUT
@click.option("--only", multiple=True, type=click.Choice(FAMILIES))
def main(output: Path, only: tuple[str, ...]) -> None:
    """Measure each family in a new process; write JSON and Markdown."""
    report = Report(output, PAGE)
    for name in only or FAMILIES:
        report.add(in_new_process(measure, name))


def measure(name: str) -> dict[str, Any]:
    """Convert one family and compare it with its ANN."""
    model = backbone(name)
    x = images(CALIBRATION + SAMPLES, size(name))
    calibration, x = x[:CALIBRATION], x[CALIBRATION:]
    enliven(model, calibration[:64])
    expected = model.predict(x, batch_size=SAMPLES, verbose=0)
    graph = simplify(import_model(model))
    (output,) = graph.outputs
    convert = functools.partial(tfsnn.convert, levels=255, timesteps=TIMESTEPS[-1])
    snn, conversion_seconds = timed(
        functools.partial(convert, model, calibration, "augmapping")
    )
    row: dict[str, Any] = {
        "family": name,
        "size": size(name),
        "layers": len(model.layers),
        "neurons": sum(int(np.prod(s)) for s in snn.populations.values()),
        "running_sums": sum(role == RUNNING_SUM for role in roles(graph).values()),
        "running_sum_share": shares(graph)[RUNNING_SUM],
        "graph_error": relative(graph.forward(x)[output], expected),
        "conversion_seconds": conversion_seconds,
        "relative_error": {},
        "median_relative_error": {},
        "agreement": {},
    }
    for steps in TIMESTEPS:
        run, t = functools.partial(_logits, snn, x, steps), f"T{steps}"
        logits, row["seconds"] = timed(run)
        errors = [relative(a, b) for a, b in zip(logits, expected, strict=True)]
        row["relative_error"][t] = relative(logits, expected)
        row["median_relative_error"][t] = float(np.median(errors))
        same = logits.argmax(-1) == expected.argmax(-1)
        row["agreement"][t] = float(same.mean())
    row["peak_gib"] = peak_mib() / 1024
    return row | read_back(model, x)


def _logits(snn: Any, x: Any, timesteps: int) -> Any:
    return snn.run(x, timesteps).outputs[0].numpy()


def read_back(model: Any, x: Any) -> dict[str, float]:
    """Export the network, rebuild it from its SavedModel, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)
        rebuilt, took = timed(lambda: tfsnn.load_model(folder))
    received = rebuilt.predict(x, batch_size=SAMPLES, verbose=0)
    expected = model.predict(x, batch_size=SAMPLES, verbose=0)
    error = abs(received - expected).max() / abs(expected).max()
    return {"saved_model_error": float(error), "saved_model_seconds": took}


def relative(received: Any, expected: Any) -> float:
    """Return the root mean square error over the root mean square value."""
    difference = np.asarray(received) - np.asarray(expected)
    return float(np.sqrt(np.mean(difference**2) / np.mean(np.square(expected))))


if __name__ == "__main__":
    main()
