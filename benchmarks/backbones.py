"""Every family of ``keras.applications``: converted, simulated, against its ANN.

    python benchmarks/backbones.py --output benchmarks/results/backbones

Weights are random, but alive and smooth as those of trained networks are: kernels have
He's scale and vary little within their window, residual branches and gates are damped
to 0.3, and the moving statistics of batch norms are those of real images, so that
activations keep their size through the network and ReLUs are open half of the time.
(Kernels of white noise make deep networks chaotic: rounding in float32 grows to 1e-4.)
Images are those of CIFAR-10 that come with the shipped network, enlarged. Spikes have
8-bit coefficients (255 levels). Each network runs in a process of its own, so that its
peak memory is its own. The relative error is that of the logits of an image, root mean
square.
"""

from __future__ import annotations

import inspect
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

FAMILIES = (
    "VGG16",
    "ResNet50",
    "ResNet50V2",
    "DenseNet121",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "InceptionV3",
    "Xception",
    "NASNetMobile",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "ConvNeXtTiny",
)
SIZES = {"InceptionV3": 160}  # where 96 leaves a last map of one place
TIMESTEPS = (1, 4, 16)
CALIBRATION, SAMPLES = 128, 16


@click.command()
@click.option("--output", type=click.Path(path_type=Path))
@click.option("--only", multiple=True, type=click.Choice(FAMILIES))
@click.option("--one", hidden=True, type=click.Choice(FAMILIES))
def main(output: Path | None, only: tuple[str, ...], one: str | None) -> None:
    """Measure each family in a new process; write JSON and Markdown."""
    if one:
        click.echo(json.dumps(measure(one)))
        return
    rows = []
    for name in only or FAMILIES:
        done = subprocess.run(
            [sys.executable, __file__, "--one", name], capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{name}: {done.stderr[-2000:]}")
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        click.echo(rows[-1], err=True)
    if output:
        from machine import machine
        from report_files import write

        document = {"machine": machine(), "rows": rows}
        write(output, document, _markdown(document))


def measure(name: str) -> dict[str, Any]:
    """Convert one family and compare it with its ANN."""
    import numpy as np

    import tfsnn
    from tfsnn.network.operations import shares
    from tfsnn.network.passes import simplify
    from tfsnn.network.roles import RUNNING_SUM, roles
    from tfsnn.sources import import_model

    model = backbone(name)
    x = images(CALIBRATION + SAMPLES, size(name))
    calibration, x = x[:CALIBRATION], x[CALIBRATION:]
    enliven(model, calibration[:64])
    expected = model.predict(x, batch_size=SAMPLES, verbose=0)
    imported = import_model(model)
    graph = simplify(imported)
    (output,) = graph.outputs
    of_nodes = roles(graph)
    start = time.perf_counter()
    snn = tfsnn.convert(model, calibration, "augmapping", levels=255, timesteps=16)
    seconds = time.perf_counter() - start
    row: dict[str, Any] = {
        "family": name,
        "size": size(name),
        "layers": len(model.layers),
        "neurons": sum(int(np.prod(s)) for s in snn.populations.values()),
        "running_sums": sum(role == RUNNING_SUM for role in of_nodes.values()),
        "running_sum_share": shares(graph)[RUNNING_SUM],
        "graph_error": relative(graph.forward(x)[output], expected),
        "conversion_seconds": seconds,
        "relative_error": {},
        "median_relative_error": {},
        "agreement": {},
    }
    for t in TIMESTEPS:
        start = time.perf_counter()
        (logits,) = snn.run(x, t).outputs
        logits = logits.numpy()
        row["seconds"] = time.perf_counter() - start
        errors = [relative(a, b) for a, b in zip(logits, expected, strict=True)]
        row["relative_error"][str(t)] = relative(logits, expected)
        row["median_relative_error"][str(t)] = float(np.median(errors))
        same = logits.argmax(-1) == expected.argmax(-1)
        row["agreement"][str(t)] = float(same.mean())
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row["peak_gib"] = kilobytes / 2**20
    return row | read_back(model, x)


def read_back(model: Any, x: Any) -> dict[str, float]:
    """Export the network, rebuild it from its SavedModel, and compare."""
    import tfsnn

    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)
        start = time.perf_counter()
        rebuilt = tfsnn.load_model(folder)
        seconds = time.perf_counter() - start
    received = rebuilt.predict(x, batch_size=SAMPLES, verbose=0)
    expected = model.predict(x, batch_size=SAMPLES, verbose=0)
    error = abs(received - expected).max() / abs(expected).max()
    return {"saved_model_error": float(error), "saved_model_seconds": seconds}


def size(name: str) -> int:
    """Pixels along each side of the family's images."""
    return SIZES.get(name, 96)


def backbone(name: str) -> Any:
    """The family's network, for images in [-2, 2], without a softmax."""
    import keras

    keras.utils.set_random_seed(0)
    family = getattr(keras.applications, name)
    arguments: dict[str, Any] = {}
    if "include_preprocessing" in inspect.signature(family).parameters:
        arguments["include_preprocessing"] = False
    return family(
        weights=None,
        input_shape=(size(name), size(name), 3),
        classifier_activation=None,
        **arguments,
    )


def images(count: int, size: int) -> Any:
    """Real images, enlarged, in [-2, 2]."""
    from importlib.resources import files

    import numpy as np
    import tensorflow as tf

    path = files("tfsnn_saved_models") / "resnet20_cifar10" / "test.npz"
    with np.load(path) as arrays:
        x = arrays["x"][:count].astype("float32") / 255
    return 4 * tf.image.resize(x, (size, size)).numpy() - 2


def enliven(model: Any, x: Any) -> None:
    """Random weights with which activations keep their size."""
    import keras
    import numpy as np

    rng = np.random.default_rng(1)
    norms = []
    for layer in model._flatten_layers(include_self=False, recursive=True):
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        for weight in layer.weights:
            path, shape = weight.path.rsplit("/", 1)[-1], tuple(weight.shape)
            if "kernel" in path:
                apart = depthwise or "depthwise" in path
                window = shape[:-2]
                fan = np.prod(window if apart else shape[:-1])
                level = 1.0 if apart else rng.normal(size=shape[-2:])
                kernel = level + 0.5 * rng.normal(size=shape) * bool(window)
                weight.assign(kernel * np.sqrt(2 / fan))
            elif path == "gamma" and len(shape) == 1:
                weight.assign(rng.uniform(0.5, 1.5, shape))
            elif path in ("beta", "bias"):
                weight.assign(rng.normal(size=shape) * 0.1)
        if isinstance(layer, keras.layers.BatchNormalization):
            norms.append(layer)
    _damp(model, 0.3)
    if norms:
        for norm in norms:
            norm.momentum = 0.0  # moving statistics are those of the last batch
        model(x, training=True)


def _damp(model: Any, factor: float) -> None:
    """Make the branches of sums small, and let the gates of products stay half open."""
    import keras

    for layer in model.layers:
        if "squeeze_excite_conv" in layer.name and hasattr(layer, "kernel"):
            layer.kernel.assign(factor * layer.kernel)
    producers = {id(layer.output): layer for layer in model.layers}
    for layer in model.layers:
        if isinstance(layer, keras.layers.Add):
            for tensor in layer.input:
                branch = producers.get(id(tensor))
                for name in ("gamma", "kernel"):
                    if (weight := getattr(branch, name, None)) is not None:
                        weight.assign(factor * weight)


def relative(received: Any, expected: Any) -> float:
    """Root mean square error over root mean square value."""
    import numpy as np

    difference = np.asarray(received) - np.asarray(expected)
    return float(np.sqrt(np.mean(difference**2) / np.mean(np.square(expected))))


def _markdown(document: dict[str, Any]) -> str:
    from machine import described

    lines = [
        "# Backbones",
        "",
        f"Random weights, {SAMPLES} images, 8-bit coefficients. Error: "
        "root mean square, of the logits, median over the images. Measured on "
        f"{described(document['machine'])}.",
        "",
        "| family | image | spiking neurons | running sums, share of operations "
        "| error T=1 | T=4 | T=16 | same top-1 T=16 | conversion, s | T=16, s "
        "| peak memory, GiB | SavedModel read back: error | s |",
        "| --- " * 13 + "|",
    ]
    for row in document["rows"]:
        errors = [f"{100 * e:.2f} %" for e in row["median_relative_error"].values()]
        cells = [
            row["family"],
            f"{row['size']}×{row['size']}",
            f"{row['neurons']:,}",
            f"{row['running_sums']} nodes, {100 * row['running_sum_share']:.1f} %",
            *errors,
            f"{100 * row['agreement']['16']:.0f} %",
            f"{row['conversion_seconds']:.0f}",
            f"{row['seconds']:.1f}",
            f"{row['peak_gib']:.1f}",
            f"{row['saved_model_error']:.0e}",
            f"{row['saved_model_seconds']:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
