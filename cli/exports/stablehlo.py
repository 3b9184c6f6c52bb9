"""``tfsnn export --format stablehlo``: for any device that XLA compiles for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..console import AT_LEAST_ONE

OPTIONS = (
    click.Option(
        ["--batch-size"],
        type=AT_LEAST_ONE,
        default=1,
        show_default=True,
        metavar="B",
        help="stablehlo: samples of one run of the program.",
    ),
    click.Option(
        ["--platform"],
        type=click.Choice(["cpu", "cuda", "tpu"]),
        default="cpu",
        show_default=True,
        help="stablehlo: whose kernels it is lowered with; it runs on all.",
    ),
    click.Option(
        ["--fast-products"],
        is_flag=True,
        help="stablehlo: let the device round the factors of float32 products: to TF32 "
        "on a GPU, to bfloat16 on a TPU.",
    ),
)


def write(snn: Any, snn_path: Path, output: Path, **options: Any) -> Any:
    """The folder `output`, which must not exist."""
    from tfsnn.export.stablehlo.writing import export_stablehlo

    return export_stablehlo(snn, output, **options)
