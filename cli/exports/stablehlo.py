"""``tfsnn export stablehlo``: write programs for any device of XLA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import PLATFORMS

from ..groups import load_snn
from ..library import LibraryCommand
from ..options import json_option, snn_argument
from ..talk import show
from .options import new_folder_option, program_batch_option


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn export stablehlo snn.keras --batch-size 50 --output digits
  tfsnn run-stablehlo digits --data test.npz
""",
)
@snn_argument()
@new_folder_option()
@program_batch_option()
@click.option(
    "--platform",
    type=click.Choice(PLATFORMS),
    default=PLATFORMS[0],
    show_default=True,
    help="Platform whose kernels are used in lowering; programs run on all.",
)
@click.option(
    "--fast-products",
    is_flag=True,
    help="Let the device round the factors of float32 products: to TF32 on a GPU, to "
    "bfloat16 on a TPU.",
)
@json_option()
def command(snn: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Write StableHLO programs, for any device that XLA compiles for.

    SNN is a file that tfsnn convert wrote.
    """
    from tfsnn.export import export_stablehlo

    show(export_stablehlo(load_snn(snn), output, **options), as_json)
