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
TICKS = (4, 8, 16, 32, 64)


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

    It uses 500 images and no internet. Each neuron fires once at most, and the time of
    its spike says what it carries. It prints the accuracy, latency, spikes and energy
    of the spiking network on a clock of 4 to 64 ticks for each layer, and draws them.
    """
    import tfsnn
    from tfsnn.analysis.plot import comparison

    folder = shipped(name)
    _make(output_dir)
    plot = Plot(output_dir / "accuracy.svg", overwrite=True)
    output = Output(output_dir / "snn.keras", overwrite=True)
    ann = Original(folder / "model.keras").load()
    known = tfsnn.calibration(ann, str(folder / "calibration.npz"))
    snn = tfsnn.convert(ann, known, progress=progress)
    with output.writing() as part:
        snn.save(part)
    found = tfsnn.compare(
        ann,
        known,
        str(folder / "test.npz"),
        methods=["ttfs"],
        timesteps=[1],
        options={"ttfs": {"ticks": TICKS}},
        energy=energy,
        progress=progress,
    )
    over, curves = found.series()
    plot.write(comparison(curves, found.ann_score, name, over=over))
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
