"""Measure peak memory against T, each simulation in a process of its own.

    python -m benchmarks.speed.memory --output benchmarks/results/memory

The shipped ResNet-20, batch 64, conversion for T=4, simulated for 4, 16 and 64 steps:
peak resident memory of the whole process, TensorFlow included, and what the simulation
adds to that after conversion and a simulation of one step.
"""

from __future__ import annotations

from pathlib import Path

import click

import tfsnn
from benchmarks.inputs import OUTPUT, shipped, test_images
from benchmarks.measure import in_new_process, peak_mib
from benchmarks.tables import Page, Report, bars

NETWORK = "resnet20_cifar10"
METHODS = ("termapping", "augmapping", "paced")
TIMESTEPS, BATCH, BATCHES = (4, 16, 64), 64, 3
PAGE = Page(
    "Peak memory",
    f"ResNet-20, batch {BATCH}. Measured on {{machine}}.",
    [
        (
            "method | T | peak, MiB | against T=4",
            "{method} | {timesteps} | {peak_mib:.0f} | {ratio:.3f}",
        )
    ],
    drawing=bars(
        "{method}", {"T={timesteps}": "peak_mib"}, "Peak memory of the process (MiB)"
    ),
)


@click.command()
@OUTPUT
def main(output: Path) -> None:
    """Measure each row in a new process; write JSON, Markdown and a drawing."""
    report = Report(output, PAGE)
    for method in METHODS:
        least: float | None = None
        for steps in TIMESTEPS:
            found = in_new_process(_peak, method, steps)
            least = least or found["peak_mib"]
            row = {"method": method, "timesteps": steps, **found}
            report.add({**row, "ratio": found["peak_mib"] / least})


def _peak(method: str, steps: int) -> dict[str, float]:
    x = test_images(NETWORK, BATCH)
    model = tfsnn.load_model(shipped(NETWORK) / "model.keras")
    snn = tfsnn.convert(model, x, method, timesteps=4, correct="none")
    snn.run(x, 1)
    before = peak_mib()
    for _ in range(BATCHES):
        snn.run(x, steps).outputs[0].numpy()
    return {"peak_mib": peak_mib(), "before_mib": before}


if __name__ == "__main__":
    main()
