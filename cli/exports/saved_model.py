"""``tfsnn export --format saved_model``: for TF Serving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..console import AT_LEAST_ONE, Numbers

OPTIONS = (
    click.Option(
        ["--version"],
        type=AT_LEAST_ONE,
        metavar="N",
        help="saved_model: its number in PATH, the folder of all versions; the next "
        "one if not given.",
    ),
    click.Option(
        ["--xla"],
        is_flag=True,
        help="saved_model: add signatures that XLA compiles, serving_xla and, for each "
        "batch size B, serving_xla_B.",
    ),
    click.Option(
        ["--batch-sizes"],
        type=Numbers("n", 1),
        default="1,8,32",
        show_default=True,
        help="saved_model: what a server warms up and makes batches of.",
    ),
    click.Option(
        ["--early-exit/--no-early-exit"],
        default=None,
        help="saved_model: whether samples leave when they are decided; if neither is "
        "given, as the network has it (tfsnn early-exit).",
    ),
    click.Option(
        ["--input", "input_type"],
        type=click.Choice(["float", "uint8", "jpeg"]),
        default="float",
        show_default=True,
        help="saved_model: what is sent; 8-bit values and images (JPEG or PNG, which "
        "are resized) become 0..1.",
    ),
    click.Option(
        ["--raw"],
        is_flag=True,
        help="saved_model: keep 8-bit values at 0..255, instead of 0..1.",
    ),
    click.Option(
        ["--class-names"],
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="saved_model: text, one name a line; adds the signature classify.",
    ),
)


def write(snn: Any, snn_path: Path, output: Path, **options: Any) -> Any:
    """A version of the model in the folder `output`."""
    from tfsnn.export.saved_model.writing import export_saved_model

    return export_saved_model(snn, output, **options)
