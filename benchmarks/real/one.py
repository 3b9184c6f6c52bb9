"""Convert one network and measure it: run in a process of its own.

    python -m benchmarks.real.one NAME FOLDER
    python -m benchmarks.real.one NAME FOLDER --settings '{"levels": 255}'

It prints one JSON document: a row of the results.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np

import tfsnn
from benchmarks.measure import peak_mib
from benchmarks.real.network import Network, networks
from benchmarks.real.packages import located, unpacked
from benchmarks.real.samples import RECIPES, Sources
from benchmarks.real.unpacking import UNPACK

FIGURES = ("score", "agreement", "output_error")
COSTS = ("timesteps", "latency", "spikes", "energy_ratio")


def measured(
    network: Network, folder: Path, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a network's row; "refused" has the reason where it is not converted."""
    path = located(unpacked(network.package, folder), network.file)
    if network.unpack is not None:
        path = UNPACK[network.unpack](path)
    row: dict[str, Any] = {"format": kind(path)}
    try:
        return row | _converted(network, path, folder, settings)
    except tfsnn.TfsnnError as error:
        return row | {"refused": str(error).replace(str(path), path.name)}


def kind(path: Path) -> str:
    """Return what kind of file a network is in."""
    if path.is_dir():
        return "SavedModel"
    if path.suffix == ".json":
        graph = "node" in json.loads(path.read_text())["modelTopology"]
        return "TensorFlow.js " + ("graph" if graph else "layers")
    return {".pb": "frozen graph", "": "HDF5 without a suffix"}.get(
        path.suffix, path.suffix
    )


def worked(run: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result of a run, and the seconds that all threads worked on it."""
    start = time.process_time()
    value = run()
    return value, time.process_time() - start


def _converted(
    network: Network, path: Path, folder: Path, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Load, inspect, convert and evaluate a network."""
    arguments = dict(settings)
    options = {**network.options, **arguments.pop("samples", {})}
    model, loading = worked(lambda: tfsnn.load_model(path, **network.load))
    found = tfsnn.inspect_model(model)
    row: dict[str, Any] = {"layers": len(found.layers), "parameters": found.parameters}
    if found.problems:
        first = found.problems[0]
        more = f" (and {len(found.problems) - 1} more)" if found.problems[1:] else ""
        reason = f"{first.layer} ({first.layer_class}): {first.reason}{more}"
        return row | {"refused": reason}
    if network.samples is None:
        return row | {"refused": "nothing to measure it on is known"}
    sources = Sources((network.package, *network.needs), folder)
    samples = RECIPES[network.samples](sources, **options)
    calibration, test = halves(samples)
    snn, converting = worked(lambda: tfsnn.convert(model, calibration, **arguments))
    evaluation, evaluating = worked(
        lambda: tfsnn.evaluate(
            snn, test, ann=model, timesteps=[snn.timesteps], task=network.task
        )
    )
    (at_end,) = evaluation.rows
    shares = found.shares or {}
    return row | {
        "macs": found.macs,
        "neurons": found.neurons,
        "spiking": shares.get("spiking"),
        "samples": evaluation.samples,
        **{name: getattr(at_end, name) for name in COSTS},
        "outputs": [_judged(each) for each in evaluation.outputs],
        "load_cpu_seconds": loading,
        "convert_cpu_seconds": converting,
        "evaluate_cpu_seconds": evaluating,
        "peak_mib": peak_mib(),
    }


def _judged(output: Any) -> dict[str, Any]:
    (figures,) = output.figures
    named = {name: getattr(figures, name) for name in FIGURES}
    return {"output": output.output, "task": output.task, **named}


def halves(samples: Any) -> tuple[Any, Any]:
    """Split samples: the first half for calibration, the second to measure on."""
    if isinstance(samples, dict):
        parts = {name: halves(x) for name, x in samples.items()}
        first, second = ({n: p[i] for n, p in parts.items()} for i in (0, 1))
        return first, second
    middle = len(samples) // 2
    return np.asarray(samples[:middle]), np.asarray(samples[middle:])


@click.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--settings", type=json.loads, default="{}", help="As JSON.")
def main(name: str, folder: Path, settings: dict[str, Any]) -> None:
    """Print the row of the network NAME, whose package is kept in FOLDER."""
    json.dump(measured(networks()[name], folder, settings), sys.stdout)


if __name__ == "__main__":
    main()
