"""Exported StableHLO programs against plain PyTorch with the same neurons, compiled.

    python benchmarks/stablehlo_gpu.py export FOLDER
    python benchmarks/stablehlo_gpu.py time FOLDER --output benchmarks/results/gpu

The first command needs tfsnn and writes the networks; the second needs JAX, PyTorch,
the folders `benchmarks`, `tfsnn_stablehlo` and `tfsnn_numpy` of the repository (on
PYTHONPATH) and no TensorFlow, and runs on a machine with a GPU. Programs run in turn,
not at the same time, on inputs that are on the device already; medians of repeated
runs. PyTorch's time is that of the faster of two ways to run it: all steps folded into
the batch of each layer, or step by step.

VGG-16 and ResNet-50 with random weights that keep activations alive (``backbones.py``),
AugMapping with coefficients up to 15. Fraction of the matrix rate: all products of the
network, at the rate of a product of large square matrices of the same type, measured
beside it, over the time; spikes count as any other factor.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from report_files import write

NETWORKS = ("VGG16", "ResNet50", "tiny")


@click.group()
def main() -> None:
    """Export networks, and time them on another machine."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--network", "networks", multiple=True, type=click.Choice(NETWORKS))
@click.option("--timesteps", multiple=True, type=int, default=(4, 16))
@click.option("--batch", "batches", multiple=True, type=int, default=(1, 256))
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]))
@click.option("--fast-products", is_flag=True, help="TF32, on both sides.")
def export(
    folder: Path,
    networks: tuple[str, ...],
    timesteps: tuple[int, ...],
    batches: tuple[int, ...],
    precision: str | None,
    fast_products: bool,
) -> None:
    """Write each network in both forms: StableHLO, and nodes with arrays."""
    import keras
    import numpy as np
    from backbones import backbone, enliven, images
    from neutral_network import neutral

    import tfsnn
    from tfsnn.export.stablehlo.writing import export_stablehlo

    folder.mkdir(parents=True)
    for name in networks or NETWORKS[:2]:
        model = _tiny() if name == "tiny" else backbone(name)
        x = images(64, model.input_shape[1])
        enliven(model, x)
        for t in timesteps:
            snn = tfsnn.convert(
                model,
                x,
                "augmapping",
                levels=15,
                timesteps=t,
                correct="none",
                precision=precision or "float32",
            )
            graph = snn.graph.map_arrays(lambda node, field, values: values.numpy())
            nodes, arrays, output = neutral(graph)
            place = folder / f"{name}-{t}"
            place.mkdir()
            operations = snn.operations_per_sample
            described = {
                "name": name,
                "timesteps": t,
                "precision": precision or "float32",
                "fast_products": fast_products,
                "nodes": [node | _of_neurons(graph[node["name"]]) for node in nodes],
                "output": output,
                "macs": operations.constant_macs
                + t * (operations.ann_macs - operations.constant_macs),
            }
            (place / "network.json").write_text(json.dumps(described))
            np.savez(place / "arrays.npz", **arrays)
            np.save(place / "images.npy", x[: min(8, len(x))])
            for batch in batches:
                export_stablehlo(
                    snn,
                    place / f"batch-{batch}",
                    batch_size=batch,
                    platform="cuda",
                    fast_products=fast_products,
                )
                click.echo(f"{place.name}, batch {batch}", err=True)
        keras.backend.clear_session()


def _of_neurons(node: Any) -> dict[str, Any]:
    """What ``torch_spiking.py`` needs beside the ANN's nodes."""
    import numpy as np

    from tfsnn.network.nodes import Linear, Rate

    if isinstance(node, Linear):
        return {"precision": node.precision}
    if not isinstance(node, Rate):
        return {}
    if np.ndim(node.initial_potential) or node.neuron != "integrate_fire":
        raise SystemExit(f"{node.name}: neurons that PyTorch's side does not have")
    return {
        "initial": float(node.initial_potential),
        "negative": node.negative_threshold,
        "most": node.max_coefficient,
    }


def _tiny() -> Any:
    """A network to try the script with."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    x = keras.Input((16, 16, 3))
    a = layers.ReLU()(layers.Conv2D(8, 3, padding="same")(x))
    a = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(a))
    b = layers.ReLU()(layers.Conv2D(8, 3, padding="same")(a))
    a = layers.ReLU()(layers.Add()([a, layers.Conv2D(8, 3, padding="same")(b)]))
    return keras.Model(x, layers.Dense(10)(layers.GlobalAveragePooling2D()(a)))


@main.command(name="time")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--output", type=click.Path(path_type=Path))
@click.option("--device", default="cuda", show_default=True, help="cuda or cpu.")
@click.option("--repeats", default=9, show_default=True)
def measure(folder: Path, output: Path | None, device: str, repeats: int) -> None:
    """Time all programs of a folder; write JSON and Markdown."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # PyTorch's share
    rows: list[dict[str, Any]] = []
    for place in sorted(folder.iterdir()):
        network = json.loads((place / "network.json").read_text())
        for program in sorted(place.glob("batch-*")):
            row = _row(place, network, program, device, repeats)
            rows.append(row)
            click.echo(json.dumps(row), err=True)
    document = {"machine": _machine(device), "rows": rows}
    if output:
        write(output, document, _markdown(document))
    else:
        click.echo(_markdown(document))


def _row(
    place: Path, network: dict, program: Path, device: str, repeats: int
) -> dict[str, Any]:
    """One program in JAX and in PyTorch, on the same images."""
    import numpy as np
    from torch_spiking import timed

    import tfsnn_stablehlo

    batch = int(program.name.removeprefix("batch-"))
    x = np.load(place / "images.npy")
    x = np.concatenate([x] * -(-batch // len(x)))[:batch]
    loaded = tfsnn_stablehlo.load(program, device)
    ours, seconds = _in_jax(loaded, x, repeats)
    row = {key: network[key] for key in ("name", "timesteps", "precision")}
    row |= {"fast_products": network["fast_products"], "batch": batch}
    row["jax_seconds"] = seconds
    for way in ("folded", "steps"):
        theirs, seconds_there = timed(
            place,
            network,
            x,
            way == "folded",
            device,
            lambda run: _median(run, repeats),
        )
        row[f"torch_{way}_seconds"] = seconds_there
        if theirs is not None:
            difference = np.median(np.abs(theirs - ours)) / np.abs(ours).std()
            row[f"torch_{way}_difference"] = float(difference)
            if difference > 0.05:
                raise SystemExit(f"{program}: PyTorch computes something else: {row}")
    found = [row["torch_folded_seconds"], row["torch_steps_seconds"]]
    best = min((s for s in found if s is not None), default=None)
    row["torch_over_jax"] = None if best is None else best / seconds
    rate = _matrix_rate(loaded.device, network["precision"], network["fast_products"])
    row["matrix_flops"] = rate
    row["matrix_share"] = 2 * network["macs"] * batch / seconds / rate
    return row


def _median(run: Callable[[], Any], repeats: int) -> float:
    """Seconds of one run, after three to warm up; `run` waits for its result."""
    for _ in range(3):
        run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _in_jax(program: Any, x: Any, repeats: int) -> tuple[Any, float]:
    import jax
    import numpy as np

    (name,) = program.inputs
    feed = {name: jax.device_put(x, program.device)}

    def run() -> Any:
        return jax.block_until_ready(program.start("predict", feed))

    seconds = _median(run, repeats)
    return np.asarray(run()[0]), seconds


def _matrix_rate(device: Any, precision: str, fast: bool) -> float:
    """Floating point operations per second of a product of large square matrices."""
    import jax
    import jax.numpy as jnp

    size = 8192 if device.platform != "cpu" else 1024
    how = "highest" if precision == "float32" and not fast else "default"
    a = jax.device_put(jnp.ones((size, size), precision), device)
    product = jax.jit(lambda a: jnp.matmul(a, a, precision=how))
    return 2 * size**3 / _median(lambda: product(a).block_until_ready(), 5)


def _machine(device: str) -> dict[str, Any]:
    import platform

    import jax
    import torch

    return {
        "date": time.strftime("%Y-%m-%d"),
        "device": torch.cuda.get_device_name() if device == "cuda" else "CPU",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "jax": jax.__version__,
        "torch": torch.__version__,
    }


def _markdown(document: dict[str, Any]) -> str:
    m = document["machine"]
    lines = [
        "# StableHLO against PyTorch",
        "",
        f"Milliseconds of a batch, {m['date']}, on {m['device']}: JAX {m['jax']}, "
        f"PyTorch {m['torch']}, compiled.",
        "",
        "| network | T | batch | products | StableHLO | PyTorch, folded | step by step "
        "| PyTorch / StableHLO | share of the matrix rate |",
        "| --- " * 9 + "|",
    ]
    for row in document["rows"]:
        seconds = [row[f"{k}_seconds"] for k in ("jax", "torch_folded", "torch_steps")]
        products = row["precision"] + ", TF32" * row["fast_products"]
        cells = [
            row["name"],
            str(row["timesteps"]),
            str(row["batch"]),
            products,
            *("no memory" if s is None else f"{1000 * s:.2f}" for s in seconds),
            "–" if row["torch_over_jax"] is None else f"{row['torch_over_jax']:.2f}",
            f"{100 * row['matrix_share']:.1f} %",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
