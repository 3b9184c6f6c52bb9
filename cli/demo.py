"""``tfsnn demo``: convert a shipped model and measure it on real images."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Any

import click

from .groups import Original, Output, Plot
from .library import LibraryCommand
from .options import PATH, energy_option, json_option
from .talk import progress, show

MODELS = ("fashion_mnist_cnn", "mnist_cnn", "resnet20_cifar10", "vgg9_cifar10")
TIMESTEPS = (1, 2, 4, 8)


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn demo
  tfsnn demo --model resnet20_cifar10 --output-dir results
""",
)
@click.option(
    "--model", "name", type=click.Choice(MODELS), default=MODELS[0], show_default=True
)
@click.option(
    "--output-dir",
    type=PATH,
    default=Path("tfsnn-demo"),
    show_default=True,
    help="Folder for accuracy.svg and snn.keras; both are replaced if they exist.",
)
@energy_option()
@json_option()
def command(name: str, output_dir: Path, energy: Any, as_json: bool) -> None:
    """Convert a shipped model and measure it on real test images.

    It uses 500 images and no internet. It prints the accuracy, spikes and energy of the
    spiking network after 1, 2, 4 and 8 time steps, and the model's accuracy, and draws
    the accuracy.
    """
    import tfsnn
    from tfsnn.analysis.plot import evaluation

    folder = shipped(name)
    _make(output_dir)
    plot = Plot(output_dir / "accuracy.svg", overwrite=True)
    output = Output(output_dir / "snn.keras", overwrite=True)
    ann = Original(folder / "model.keras").load()
    samples = str(folder / "calibration.npz")
    snn = tfsnn.convert(ann, samples, "augmapping", progress=progress)
    with output.writing() as part:
        snn.save(part)
    found = tfsnn.evaluate(
        snn,
        str(folder / "test.npz"),
        ann=ann,
        timesteps=TIMESTEPS,
        energy=energy,
        progress=progress,
    )
    plot.write(evaluation(found, f"{name}, {snn.report.method}"))
    show(found, as_json)


def shipped(name: str) -> Path:
    """Return the folder of a shipped model, installed or in the repository."""
    import tfsnn

    package = "saved_models" if __package__ == "cli" else "tfsnn_saved_models"
    folder = Path(str(importlib.resources.files(package))) / name
    if not folder.is_dir():
        raise tfsnn.ModelError(f"{folder}: this copy of tfsnn comes without {name}")
    return folder


def _make(folder: Path) -> None:
    import tfsnn

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise tfsnn.OutputError(
            f"the folder {folder} cannot be made ({error.strerror}); give another place"
        ) from error
