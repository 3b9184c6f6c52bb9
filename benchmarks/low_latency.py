"""Loss against the ANN at few time steps, for each alphabet, on a full test set.

    python benchmarks/low_latency.py --calibration train.npz --data test.npz \
        --model saved_models/resnet20_cifar10/model.keras \
        --output benchmarks/results/low_latency_resnet20_cifar10

Each row is converted for its T, without labels, from the same calibration samples
(1,024 drawn with seed 0). `wanted` is the loss that the project set itself as its aim.
Writes OUTPUT.json and OUTPUT.md after each row; rows that are there already are kept.
"""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import click
import keras
from drawn import drawn
from machine import described, machine
from report_files import write

import tfsnn

SYNCHRONOUS = {"lookahead": 0}
BINARY = {**SYNCHRONOUS, "correct": "weights+bias+potential"}
LOW = {"threshold_scale": 0.85, "initial_potential": 0.45}
# spikes, look-ahead, method, options, and the wanted loss by T.
SETTINGS: list[tuple[str, int, str, dict[str, Any], dict[int, float]]] = [
    (
        "graded 0..15",
        0,
        "paced",
        {**SYNCHRONOUS, "levels": 15},
        {1: 0.5, 2: 0.1, 4: 0.05},
    ),
    ("graded 0..3", 1, "paced", {"levels": 3}, {2: 2.5, 4: 0.7}),
    ("binary", 1, "paced", {}, {4: 5.0, 8: 1.2, 16: 0.4, 32: 0.1}),
    ("ternary", 0, "termapping", {}, {8: 5.0, 16: 1.2, 32: 0.3}),
    ("binary", 0, "paced", {**BINARY, "delay": 2}, {8: 8.0}),
    ("binary", 0, "paced", {**BINARY, **LOW, "delay": 4}, {16: 1.4}),
    ("binary", 0, "paced", {**BINARY, **LOW, "delay": 8}, {32: 0.4}),
    ("radix 2", 0, "radix", {}, {6: 0.2}),
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
    """Measure every setting and write JSON and Markdown."""
    model = tfsnn.load_model(model_path)
    calibration = drawn(model, calibration_path)
    path = output.with_suffix(".json")
    document = json.loads(path.read_text()) if path.exists() else {"rows": []}
    document |= {"model": model.name, "machine": machine()}
    for spikes, lookahead, method, options, wanted in SETTINGS:
        for timesteps, most in wanted.items():
            row = {
                "spikes": spikes,
                "lookahead": lookahead,
                "method": method,
                "options": options,
                "timesteps": timesteps,
                "wanted": most,
            }
            known = document["rows"]
            if any(row.items() <= each.items() for each in known if "loss" in each):
                continue
            snn = tfsnn.convert(
                model, calibration, method, timesteps=timesteps, **options
            )
            found = tfsnn.evaluate(
                snn, data, ann=model, timesteps=[timesteps], limit=limit
            )
            (measured,) = found.rows
            row["loss"] = 100 * (found.ann_accuracy - measured.accuracy)
            for name in ("latency", "accuracy", "agreement", "energy_ratio", "synops"):
                row[name] = getattr(measured, name)
            document |= {"samples": found.samples, "ann_accuracy": found.ann_accuracy}
            known.append(row)
            write(output, document, markdown(document))
            click.echo(_line(row))
            del snn
            keras.backend.clear_session()
            gc.collect()


def markdown(document: dict) -> str:
    """The table of a measured document."""
    return "\n".join(
        [
            f"# {document['model']}: loss against the ANN at few steps",
            "",
            f"ANN {100 * document['ann_accuracy']:.2f} % on {document['samples']:,} "
            f"test samples; 1,024 calibration samples without labels. Measured on "
            f"{described(document['machine'])}.",
            "",
            "| spikes | look-ahead | method | T | latency | loss, points | wanted "
            "| agreement, % | energy ratio |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            *map(_line, document["rows"]),
            "",
        ]
    )


def _line(row: dict) -> str:
    options = ", ".join(f"{key}={value}" for key, value in row["options"].items())
    setting = f"{row['method']} ({options})" if options else row["method"]
    return (
        f"| {row['spikes']} | {row['lookahead']} | {setting} | {row['timesteps']} "
        f"| {row['latency']} | {row['loss']:.2f} | {row['wanted']} "
        f"| {100 * row['agreement']:.2f} | {row['energy_ratio']:.2f} |"
    )


if __name__ == "__main__":
    main()
