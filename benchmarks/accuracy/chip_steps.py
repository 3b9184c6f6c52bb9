"""Measure what each step towards a chip costs, on test samples.

    python -m benchmarks.accuracy.chip_steps --calibration train.npz --data test.npz \
        --model saved_models/mnist_cnn/model.keras --target spinnaker2 \
        --output benchmarks/results/chip_steps_mnist_cnn

The table of ``tfsnn convert --target``: float weights, integer weights, inputs that
come as spikes, outputs that are counted, T=16. All are converted from the same 1,024
calibration samples, drawn with seed 0, without labels.
"""

from __future__ import annotations

import click
import numpy as np

import tfsnn
from benchmarks.drawn import drawn
from benchmarks.inputs import Task, takes_task
from benchmarks.tables import Page, Report

PAGE = Page(
    "{model} for {target}, step by step",
    "{model} for `{target}`, T={timesteps}: ANN {ann_accuracy:.2p} % on {samples:,} "
    "test samples; 1,024 calibration samples without labels. Measured on {machine}.",
    [
        (
            "step | accuracy, % | points lost to float weights "
            "| points lost to the ANN | agreement with the ANN, % | output error, %",
            "{step} | {accuracy:.2p} | {loss:.2f} | {ann_loss:.2f} | {agreement:.2p} "
            "| {output_error:.2p}",
        )
    ],
)


@click.command()
@takes_task
@click.option("--target", default="spinnaker2", show_default=True)
@click.option("--timesteps", default=16, show_default=True)
def main(task: Task, target: str, timesteps: int) -> None:
    """Convert for the target, and write JSON and Markdown of its table."""
    ann = task.model
    x, y = task.test()
    right = float(np.mean(ann.predict(x, verbose=0).argmax(-1) == y))
    found = tfsnn.convert_for(
        ann, drawn(ann, task.calibration), target, timesteps=timesteps, data=(x, y)
    )
    known = {"model": ann.name, "target": target, "timesteps": timesteps}
    measured = {"samples": found.samples, "ann_accuracy": right}
    report = Report(task.output, PAGE, rows=[], **known, **measured)
    figures = {step.name: step.outputs[0].figures[-1] for step in found.steps}
    base = next(iter(figures.values())).score or 0.0
    for name, each in figures.items():
        score = each.score or 0.0
        report.add(
            {
                "step": name,
                "accuracy": score,
                "loss": 100 * (base - score),
                "ann_loss": 100 * (right - score),
                "agreement": each.agreement,
                "output_error": each.output_error,
            }
        )


if __name__ == "__main__":
    main()
