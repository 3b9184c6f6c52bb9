"""The loss of each method beside the one that its paper published.

    python benchmarks/published.py --calibration train.npz --data test.npz \
        --model saved_models/resnet20_cifar10/model.keras \
        --output benchmarks/results/published_resnet20_cifar10

Not the same network, so compare what is lost against the ANN, not the accuracy. Methods
run with their defaults, but for the T of the figure. A figure is `read` in the source
named, or `recalled`, which is not checked. Where a paper trains the ANN for the
conversion, ours is not.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any, NamedTuple

import click
import keras
from drawn import drawn
from machine import described, machine
from report_files import write

import tfsnn


class Figure(NamedTuple):
    """A published figure; the method is run with `options` for its T."""

    method: str
    timesteps: int
    network: str
    ann: float
    snn: float
    source: str
    options: dict[str, Any] | None = None


LIGHT, FINE = {"correct": "bias"}, {"levels": 255}
FIGURES = [
    Figure("rmp", 32, "CIFAR-10 VGG-16", 93.63, 60.30, "read, QCFS paper"),
    Figure("rts", 32, "CIFAR-10 ResNet-18", 95.46, 84.06, "read, QCFS paper"),
    Figure("opi", 16, "CIFAR-10 ResNet-20", 92.74, 87.22, "recalled"),
    Figure("opi", 32, "CIFAR-10 ResNet-20", 92.74, 91.88, "recalled"),
    Figure("snn_calibration", 16, "wide ResNet-20", 95.68, 93.89, "read, code", LIGHT),
    Figure("snn_calibration", 16, "wide ResNet-20", 95.68, 94.33, "read, code"),
    Figure("ltb", 32, "ImageNet ResNet-18", 69.76, 65.55, "read, paper"),
    Figure("snm", 64, "ImageNet VGG-16", 73.18, 71.50, "read, H-MT paper"),
    Figure("burst", 32, "ImageNet VGG-16", 74.0, 71.41, "read, a survey; ANN ~74"),
    Figure("srp", 8, "CIFAR-100 ResNet-20, trained", 69.94, 62.94, "read, code"),
    Figure("cos", 8, "CIFAR-100 ResNet-20, trained", 69.97, 67.17, "read, code"),
    Figure("qcfs", 8, "CIFAR-10 ResNet-20, trained", 91.77, 89.55, "read, paper"),
    Figure("hmt", 4, "ImageNet ResNet-18", 71.50, 69.02, "read, paper"),
    Figure("hmt", 2, "ImageNet ResNet-18", 71.50, 71.39, "read, paper", FINE),
    Figure("differential", 4, "ImageNet ResNet-18", 71.49, 70.07, "read, paper"),
    Figure("few_spikes", 10, "CIFAR-10 ResNet-50", 92.99, 92.42, "recalled"),
]


@click.command()
@click.option("--model", "model_path", required=True)
@click.option("--calibration", "calibration_path", required=True)
@click.option("--data", required=True)
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--limit", type=int, help="Use only this many test samples.")
def main(
    model_path: str, calibration_path: str, data: str, output: Path, limit: int | None
) -> None:
    """Measure every figure's setting and write JSON and Markdown."""
    model = tfsnn.load_model(model_path)
    calibration = drawn(model, calibration_path)
    document: dict[str, Any] = {"model": model.name, "machine": machine(), "rows": []}
    for figure in FIGURES:
        snn = tfsnn.convert(
            model,
            calibration,
            figure.method,
            timesteps=figure.timesteps,
            **(figure.options or {}),
        )
        steps = [figure.timesteps]
        found = tfsnn.evaluate(snn, data, ann=model, timesteps=steps, limit=limit)
        loss = 100 * (found.ann_accuracy - found.rows[0].accuracy)
        document |= {"samples": found.samples, "ann_accuracy": found.ann_accuracy}
        document["rows"].append({**figure._asdict(), "loss": loss})
        write(output, document, markdown(document))
        del snn
        keras.backend.clear_session()
        gc.collect()


def markdown(document: dict[str, Any]) -> str:
    """The table of a measured document."""
    lines = [
        f"# {document['model']}: beside what was published",
        "",
        f"ANN {100 * document['ann_accuracy']:.2f} % on {document['samples']:,} test "
        f"samples; 1,024 calibration samples without labels. Measured on "
        f"{described(document['machine'])}.",
        "",
        "| method | T | ours: points lost | published | on | figure |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in document["rows"]:
        options = ", ".join(
            f"{key}={value}" for key, value in (row["options"] or {}).items()
        )
        name = f"`{row['method']}`" + (f" ({options})" if options else "")
        lines.append(
            f"| {name} | {row['timesteps']} | {row['loss']:.2f} "
            f"| {row['ann'] - row['snn']:.2f} | {row['network']} | {row['source']} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
