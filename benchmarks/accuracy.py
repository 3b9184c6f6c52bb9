"""Accuracy of ANN and SNN against time steps, for every method, on a full test set.

    python benchmarks/accuracy.py --model saved_models/mnist_cnn/model.keras \
        --calibration saved_models/mnist_cnn/calibration.npz --data test.npz \
        --output benchmarks/results/accuracy_mnist_cnn

Writes OUTPUT.json, OUTPUT.md and OUTPUT.svg. A setting is a method, the time steps that
its thresholds are chosen for and the steps read from that one conversion; give others
with --setting.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from machine import described, machine
from report_files import write

import tfsnn
from tfsnn.analysis import plot
from tfsnn.analysis.intervals import wilson

# label: method, options, time steps read. One conversion each, without corrections:
# thresholds alone (benchmarks/low_latency.py has what corrections bring).
SETTINGS = {
    "augmapping for T=2": ("augmapping", {"timesteps": 2}, (1, 2)),
    "augmapping for T=8": ("augmapping", {"timesteps": 8}, (2, 4, 8)),
    "termapping for T=8": ("termapping", {"timesteps": 8}, (4, 8)),
    "termapping for T=32": ("termapping", {"timesteps": 32}, (8, 16, 32)),
    "termapping for T=64": ("termapping", {"timesteps": 64}, (4, 8, 16, 32, 64)),
    "data_norm, thresholds of termapping for T=64": (
        "data_norm",
        {"timesteps": 64, "scale": "mse", "per": "channel", "initial_potential": 0.5},
        (4, 8, 16, 32, 64),
    ),
    "data_norm": ("data_norm", {}, (4, 8, 16, 32)),
}


@click.command()
@click.option("--model", "model_path", required=True)
@click.option("--calibration", required=True)
@click.option("--data", required=True)
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--setting", "chosen", multiple=True, type=click.Choice(SETTINGS))
@click.option("--limit", type=int, help="Use only this many samples.")
def main(
    model_path: str,
    calibration: str,
    data: str,
    output: Path,
    chosen: tuple[str, ...],
    limit: int | None,
) -> None:
    """Measure every setting and write JSON, Markdown and a plot."""
    model = tfsnn.load_model(model_path)
    results = []
    for label in chosen or SETTINGS:
        method, options, timesteps = SETTINGS[label]
        snn = tfsnn.convert(model, calibration, method, correct="none", **options)
        evaluation = tfsnn.evaluate(
            snn, data, ann=model, timesteps=timesteps, limit=limit
        )
        click.echo(f"{label}\n{evaluation}\n")
        results.append(
            {
                "setting": label,
                "method": method,
                "options": snn.report.options,
                **evaluation.to_dict(),
            }
        )
    measured_on = machine()
    document = {"model": model.name, "machine": measured_on, "results": results}
    write(output, document, _markdown(document))
    plot.save(_figure(document), output.with_suffix(".svg"))


def _figure(document: dict) -> Any:
    """Accuracy of each setting against time steps, with Wilson intervals."""
    results = document["results"]
    curves = {
        result["setting"]: [
            (row["timesteps"], wilson(round(row["accuracy"] * samples), samples))
            for row in result["rows"]
            for samples in [result["samples"]]
        ]
        for result in results
    }
    ann = results[0]["ann_accuracy"]
    return plot.over_time(
        curves,
        "Accuracy (%)",
        level=(f"ANN, {ann:.2%}", ann),
        unit=0.01,
        title=document["model"],
    )


def _markdown(document: dict) -> str:
    first = document["results"][0]
    lines = [
        f"# {document['model']}: accuracy against time",
        "",
        f"ANN {100 * first['ann_accuracy']:.2f} % on {first['samples']} test samples. "
        f"Measured on {described(document['machine'])}.",
        "",
        "| setting | T | accuracy, % | against the ANN, points | agreement, % | spikes "
        "| synops, millions | energy ratio | by events |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in document["results"]:
        for row in result["rows"]:
            lost = 100 * (row["accuracy"] - result["ann_accuracy"])
            lines.append(
                f"| {result['setting']} | {row['timesteps']} "
                f"| {100 * row['accuracy']:.2f} | {lost:+.2f} "
                f"| {100 * row['agreement']:.2f} | {row['spikes']:,.0f} "
                f"| {row['synops'] / 1e6:.2f} | {row['energy_ratio']:.3f} "
                f"| {row['energy_ratio_events']:.3f} |"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
