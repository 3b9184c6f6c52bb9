"""What each option of a method is worth: one changed at a time, on shipped networks.

    python benchmarks/options.py --data mnist_cnn=mnist_test.npz \
        --data resnet20_cifar10=cifar10_test.npz --output benchmarks/results/options

The defaults of the methods were chosen from this table.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click
from machine import described, machine
from report_files import write

import tfsnn

CHANGES: list[dict] = [
    {},
    {"negative_threshold": 0.5},
    {"negative_threshold": 1.0},
    {"initial_potential": 0.0},
    {"scale": "percentile"},
    {"scale": "max"},
    {"per": "layer"},
]
# method, its base options, steps read, and what is changed in turn.
SWEEPS = [
    (
        "termapping",
        {"timesteps": 32},
        (8, 16, 32),
        [*CHANGES, {"timesteps": 8}, {"timesteps": 64}],
    ),
    (
        "augmapping",
        {"timesteps": 4},
        (1, 2, 4),
        [*CHANGES, {"levels": 7}, {"levels": 3}],
    ),
]


@click.command()
@click.option("--data", "sets", multiple=True, required=True, help="NETWORK=FILE.npz")
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--limit", default=300, show_default=True)
def main(sets: tuple[str, ...], output: Path, limit: int) -> None:
    """Measure every sweep and write JSON and Markdown."""
    rows = []
    for name, path in (entry.split("=", 1) for entry in sets):
        folder = files("tfsnn_saved_models") / name
        model = tfsnn.load_model(folder / "model.keras")
        for method, base, timesteps, changes in SWEEPS:
            for change in changes:
                snn = tfsnn.convert(
                    model,
                    folder / "calibration.npz",
                    method,
                    **{"correct": "none", **base, **change},
                )
                found = tfsnn.evaluate(
                    snn, path, ann=model, timesteps=timesteps, limit=limit
                )
                row = {"model": name, "method": method, "change": change}
                row |= {"rows": found.to_dict()["rows"], "ann": found.ann_accuracy}
                rows.append(row)
                click.echo(_line(row))
    document = {"machine": machine(), "samples": limit, "results": rows}
    header = [
        "# Options, one changed at a time",
        "",
        f"Accuracy against the ANN in points, and agreement with it in %, on {limit} "
        f"test samples each. Measured on {described(document['machine'])}.",
        "",
        "| network | method | changed | T: points (agreement) |",
        "| --- | --- | --- | --- |",
    ]
    write(output, document, "\n".join([*header, *map(_line, rows)]) + "\n")


def _line(row: dict) -> str:
    change = ", ".join(f"{k}={v}" for k, v in row["change"].items()) or "(defaults)"
    figures = "; ".join(
        f"{r['timesteps']}: {100 * (r['accuracy'] - row['ann']):+.2f} "
        f"({100 * r['agreement']:.1f})"
        for r in row["rows"]
    )
    return f"| {row['model']} | {row['method']} | {change} | {figures} |"


if __name__ == "__main__":
    main()
