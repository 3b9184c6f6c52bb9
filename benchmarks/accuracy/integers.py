"""Compare networks of integers with those of float weights: what rounding loses.

    python -m benchmarks.accuracy.integers --calibration train.npz --data test.npz \
        --model saved_models/resnet20_cifar10/model.keras --limit 2000 \
        --output benchmarks/results/integers_resnet20_cifar10

Ternary spikes (`termapping`, T=16) and paced binary ones (`paced`, T=8), each
corrected as by default, with float weights and with weights of 8, 4 and 2 bits; one
scale for each output channel or one for each layer. All are converted from the same
1,024 calibration samples, drawn with seed 0, without labels. Rows that the output has
are kept, so that a run can go on where it ended; another number of test samples needs
another output.
"""

from __future__ import annotations

from typing import Any

import click
import numpy as np

import tfsnn
from benchmarks.drawn import drawn
from benchmarks.inputs import Task, takes_task
from benchmarks.tables import Page, Report
from tfsnn.errors import TfsnnError
from tfsnn_numpy.defaults import SIMULATORS

BATCH = 100
SPIKES: dict[str, tuple[str, dict[str, Any]]] = {
    "ternary": ("termapping", {"timesteps": 16}),
    "paced binary": ("paced", {"timesteps": 8}),
}
NUMBERS: list[dict[str, Any]] = [
    {"precision": "float32"},
    {"precision": "int8", "scales": "channel"},
    {"precision": "int8", "scales": "layer"},
    {"precision": "int4", "scales": "channel"},
    {"precision": "int4", "scales": "layer"},
    {"precision": "int2", "scales": "channel"},
    {"precision": "ternary", "scales": "channel"},
]
PAGE = Page(
    "{model}: weights, thresholds and potentials in integers",
    "ANN {ann_accuracy:.2p} % on the first {samples:,} test samples; 1,024 calibration "
    "samples without labels. Measured on {machine}.",
    [
        (
            "spikes | weights | one scale for each | accuracy, % "
            "| points lost to float weights | agreement with the ANN, % "
            "| thresholds | bits of the worst bound",
            "{spikes}, T={timesteps} | {precision} | {scales} | {accuracy:.2p} "
            "| {loss:.2f} | {agreement:.2p} | {thresholds} | {bits}",
        )
    ],
)


@click.command()
@takes_task
@click.option(
    "--only", multiple=True, help="SPIKES:WEIGHTS:SCALES, as in ternary:int8:layer."
)
@click.option("--engine", type=click.Choice(SIMULATORS), default="tensorflow")
def main(task: Task, only: tuple[str, ...], engine: str) -> None:
    """Measure every setting; write JSON and Markdown."""
    ann = task.model
    report = Report(task.output, PAGE, keep=True, model=ann.name)
    x, y = task.test()
    expected = ann.predict(x, batch_size=BATCH, verbose=0).argmax(-1)
    calibration = drawn(ann, task.calibration)
    rows = report.document["rows"]
    if rows and report.document["samples"] != len(y):
        raise click.UsageError(
            f"{task.output}.json is of {report.document['samples']:,} test samples, "
            f"not of {len(y):,}: take another --output"
        )
    report.document["samples"] = len(y)
    report.document["ann_accuracy"] = float(np.mean(expected == y))
    for numbers in NUMBERS:
        for spikes, (method, options) in SPIKES.items():
            named = {"spikes": spikes, **options, **numbers}
            name = ":".join([spikes, *numbers.values()])
            if any(named.items() <= row.items() for row in rows) or (
                only and name not in only
            ):
                continue
            try:
                snn = tfsnn.convert(ann, calibration, method, **options, **numbers)
            except TfsnnError as error:
                click.echo(f"{named}: {error}", err=True)
                continue
            snn.engine = engine
            found = snn.predict(x, batch_size=BATCH, verbose=0).argmax(-1)
            accuracy = float(np.mean(found == y))
            plain = [r for r in rows if r["spikes"] == spikes and "scales" not in r]
            base = plain[0]["accuracy"] if plain else accuracy
            report.add(
                {
                    **named,
                    "accuracy": accuracy,
                    "loss": 100 * (base - accuracy),
                    "agreement": float(np.mean(found == expected)),
                    **integers(snn),
                }
            )


def integers(snn: tfsnn.SpikingModel) -> dict[str, Any]:
    """Return the range of thresholds, and the bits that the worst bound needs."""
    known = snn.report.integers
    if known is None or known.worst is None:
        return {}
    layers = [layer for layer in known.layers if layer.threshold_max]
    low = min(layer.threshold_min for layer in layers)
    high = max(layer.threshold_max for layer in layers)
    return {
        "thresholds": f"{low:,} to {high:,}",
        "bits": known.worst.worst.bit_length() + 1,
    }


if __name__ == "__main__":
    main()
