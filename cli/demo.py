"""``tfsnn demo``: a shipped model, converted and measured on real images."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import click

from .console import (
    LibraryCommand,
    energy_option,
    json_option,
    load_ann,
    progress,
    say,
    show,
    write_figure,
)

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
    type=click.Path(path_type=Path),
    default=Path("tfsnn-demo"),
    show_default=True,
    help="Folder for accuracy.svg and snn.keras; both are replaced if they exist.",
)
@energy_option()
@json_option()
def command(name: str, output_dir: Path, energy: str, as_json: bool) -> None:
    """Convert a shipped model and measure it on real test images.

    500 images, and no network needed. Prints the accuracy, spikes and energy of the
    spiking network after 1, 2, 4 and 8 time steps, and the accuracy of the model; draws
    the accuracy.
    """
    import tfsnn
    from tfsnn.analysis.plot import accuracy
    from tfsnn.files import check_output, replacing
    from tfsnn.hardware.energy import profile

    costs = profile(energy)  # refuses an unknown one
    folder = shipped(name)
    _make(output_dir)
    plot = check_output(output_dir / "accuracy.svg", overwrite=True)
    output = check_output(output_dir / "snn.keras", overwrite=True)
    ann = load_ann(folder / "model.keras")
    samples = str(folder / "calibration.npz")
    snn = tfsnn.convert(ann, samples, "augmapping", progress=progress)
    with replacing(output, overwrite=True) as part:
        snn.save(part)
    say(f"wrote {output}")
    found = tfsnn.evaluate(
        snn,
        str(folder / "test.npz"),
        ann=ann,
        timesteps=TIMESTEPS,
        energy=costs,
        progress=progress,
    )
    title = f"{name}, {snn.report.method}"
    write_figure(plot, accuracy(found, title), overwrite=True)
    show(found, as_json)


def shipped(name: str) -> Path:
    """The folder of a shipped model: installed, or of the repository."""
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
