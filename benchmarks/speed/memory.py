"""Measure peak memory against T, each simulation in a process of its own.

    python -m benchmarks.speed.memory --output benchmarks/results/memory

The shipped ResNet-20, batch 64, conversion for T=4, simulated for 4, 16 and 64 steps by
TensorFlow, and by OpenVINO with float32 and int8 synapses: peak resident memory of the
whole process, TensorFlow included, and of the process before that. OpenVINO compiles
its programs anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

import tfsnn
from benchmarks.inputs import OUTPUT, shipped, test_images
from benchmarks.measure import in_new_process, peak_mib
from benchmarks.tables import Page, Report, bars
from tfsnn.files import CACHE_VARIABLE

NETWORK = "resnet20_cifar10"
SETTINGS = {
    "termapping": ("termapping", "tensorflow", "float32"),
    "augmapping": ("augmapping", "tensorflow", "float32"),
    "paced": ("paced", "tensorflow", "float32"),
    "termapping, OpenVINO": ("termapping", "openvino", "float32"),
    "termapping, OpenVINO, int8": ("termapping", "openvino", "int8"),
}
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
@click.option(
    "--setting",
    "names",
    multiple=True,
    type=click.Choice([*SETTINGS]),
    default=SETTINGS,
)
def main(output: Path, names: tuple[str, ...]) -> None:
    """Measure each row in a new process; write JSON, Markdown and a drawing."""
    report = Report(output, PAGE)
    for name in names:
        least: float | None = None
        for steps in TIMESTEPS:
            found = in_new_process(_peak, *SETTINGS[name], steps)
            least = least or found["peak_mib"]
            row = {"method": name, "timesteps": steps, **found}
            report.add({**row, "ratio": found["peak_mib"] / least})


def _peak(method: str, engine: str, precision: str, steps: int) -> dict[str, float]:
    os.environ[CACHE_VARIABLE] = ""
    x = test_images(NETWORK, BATCH)
    model = tfsnn.load_model(shipped(NETWORK) / "model.keras")
    options = {"timesteps": 4, "correct": "none", "precision": precision}
    snn = tfsnn.convert(model, x, method, **options)
    snn.engine = engine
    if engine == "tensorflow":
        snn.run(x, 1)
    before = peak_mib()
    for _ in range(BATCHES):
        snn.run(x, steps).outputs[0].numpy()
    return {"peak_mib": peak_mib(), "before_mib": before}


if __name__ == "__main__":
    main()
