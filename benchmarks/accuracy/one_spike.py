"""Compare one spike for each neuron with rate codes: what is lost, and what it costs.

    python -m benchmarks.accuracy.one_spike --calibration train.npz --data test.npz \
        --model saved_models/resnet20_cifar10/model.keras \
        --output benchmarks/results/one_spike_resnet20_cifar10

Each setting is one that could be the default of ``tfsnn convert``, with its own
defaults, converted from the same 1,024 calibration samples, drawn with seed 0, without
labels. Time is that of a simulation over that of the ANN's own predictions, of the same
images in batches of 100, in turns: the median of five of each.
"""

from __future__ import annotations

import statistics
from typing import Any

import click
import numpy as np

import tfsnn
from benchmarks.drawn import drawn
from benchmarks.inputs import Task, takes_task
from benchmarks.measure import in_turn
from benchmarks.tables import Page, Report

IMAGES, BATCH, REPEATS = 500, 100, 5  # of the timing
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("ttfs", {"ticks": None}),
    ("ttfs", {"ticks": 64}),
    ("ttfs", {"ticks": 32}),
    ("ttfs", {"ticks": 16}),
    ("ttfs", {"ticks": 8}),
    ("ttfs", {"ticks": 64, "jitter": 0.02}),
    ("ttfs", {"ticks": 64, "jitter": 0.05}),
    ("radix", {"timesteps": 6}),
    ("augmapping", {"timesteps": 1}),
    ("augmapping", {"timesteps": 4}),
    ("termapping", {"timesteps": 16}),
    ("paced", {"timesteps": 8}),
    ("paced", {"timesteps": 16}),
]
PAGE = Page(
    "{model}: one spike for each neuron, and rate codes",
    "ANN {ann_accuracy:.2p} % on {samples:,} test samples; 1,024 calibration samples "
    "without labels. Measured on {machine}.",
    [
        (
            "method | latency | points lost | agreement, % | spikes of a neuron "
            "| energy ratio | time, ANN passes",
            "{method}{options:()} | {latency} | {loss:.2f} | {agreement:.2p} "
            "| {spikes_of_a_neuron:.3f} | {energy_ratio:.3f} | {passes:.2f}",
        )
    ],
)


@click.command()
@takes_task
@click.option("--only", multiple=True, help="Only settings of this method.")
def main(task: Task, only: tuple[str, ...]) -> None:
    """Measure every setting; write JSON and Markdown."""
    ann = task.model
    report = Report(task.output, PAGE, keep=True, model=ann.name)
    known = [(row["method"], row["options"]) for row in report.document["rows"]]
    calibration = drawn(ann, task.calibration)
    images = task.test()[0][:IMAGES]
    for method, options in SETTINGS:
        if (method, options) in known or (only and method not in only):
            continue
        snn = tfsnn.convert(ann, calibration, method, **options)
        found = tfsnn.evaluate(
            snn, task.data, ann=ann, timesteps=[snn.timesteps], limit=task.limit
        )
        row = found.rows[-1]
        times = in_turn(
            {
                "ann": lambda: ann.predict(images, batch_size=BATCH, verbose=0),
                "snn": lambda snn=snn: snn.predict(images, batch_size=BATCH, verbose=0),
            },
            REPEATS,
        )
        neurons = sum(int(np.prod(shape)) for shape in snn.populations.values())
        report.document["samples"] = found.samples
        report.document["ann_accuracy"] = found.ann_accuracy
        report.add(
            {
                "method": method,
                "options": options,
                "latency": row.latency,
                "loss": 100 * (found.ann_accuracy - row.accuracy),
                "agreement": row.agreement,
                "spikes_of_a_neuron": row.spikes / neurons,
                "energy_ratio": row.energy_ratio,
                "passes": statistics.median(times["snn"])
                / statistics.median(times["ann"]),
            }
        )


if __name__ == "__main__":
    main()
