"""Peak memory against T: each simulation in a process of its own.

    python benchmarks/memory.py --output benchmarks/results/memory

The shipped ResNet-20, batch 64, conversion for T=4, simulated for 4, 16 and 64 steps:
peak resident memory of the whole process, TensorFlow included, and what the simulation
adds to that after conversion and a simulation of one step.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

METHODS = ("termapping", "augmapping", "paced")
TIMESTEPS, BATCH, BATCHES = (4, 16, 64), 64, 3


@click.command()
@click.option("--output", type=click.Path(path_type=Path))
@click.option("--one", nargs=2, hidden=True)
def main(output: Path | None, one: tuple[str, str] | None) -> None:
    """Measure each in a new process; write JSON and Markdown."""
    if one:
        click.echo(json.dumps(_peak(one[0], int(one[1]))))
        return
    from machine import machine
    from report_files import write

    rows = []
    for method in METHODS:
        for steps in TIMESTEPS:
            command = [sys.executable, __file__, "--one", method, str(steps)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(done.stderr[-2000:])
            found = json.loads(done.stdout.splitlines()[-1])
            rows.append({"method": method, "timesteps": steps, **found})
            click.echo(rows[-1], err=True)
    document = {"machine": machine(), "rows": rows}
    if output:
        write(output, document, _markdown(document), bars(document))


def _peak(method: str, steps: int) -> dict[str, float]:
    import numpy as np

    import tfsnn

    folder = Path(__file__).parents[1] / "saved_models" / "resnet20_cifar10"
    with np.load(folder / "test.npz") as arrays:
        x = arrays["x"][:BATCH].astype(np.float32) / 255
    model = tfsnn.load_model(folder / "model.keras")
    snn = tfsnn.convert(model, x, method, timesteps=4, correct="none")
    snn.run(x, 1)
    before = _resident()
    for _ in range(BATCHES):
        snn.run(x, steps).outputs[0].numpy()
    return {"peak_mib": _resident(), "before_mib": before}


def _resident() -> float:
    """Peak resident memory so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def bars(document: dict[str, Any]) -> tuple[dict[str, dict[str, float]], str]:
    """What is drawn: the peak of each process."""
    found: dict[str, dict[str, float]] = {}
    for row in document["rows"]:
        of_method = found.setdefault(row["method"], {})
        of_method[f"T={row['timesteps']}"] = row["peak_mib"]
    return found, "Peak memory of the process (MiB)"


def _markdown(document: dict[str, Any]) -> str:
    from machine import described

    lines = [
        "# Peak memory",
        "",
        f"ResNet-20, batch {BATCH}. Measured on {described(document['machine'])}.",
        "",
        "| method | T | peak, MiB | against T=4 |",
        "| --- | --- | --- | --- |",
    ]
    first = {}
    for row in document["rows"]:
        least = first.setdefault(row["method"], row["peak_mib"])
        lines.append(
            f"| {row['method']} | {row['timesteps']} | {row['peak_mib']:.0f} "
            f"| {row['peak_mib'] / least:.3f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
