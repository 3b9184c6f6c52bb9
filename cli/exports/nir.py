"""``tfsnn export nir``: write NIR for neuromorphic tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import POOLINGS

from ..groups import load_snn
from ..library import LibraryCommand
from ..options import (
    DATA,
    DT,
    PATH,
    json_option,
    limit_option,
    overwrite_option,
    snn_argument,
    target_option,
    task_option,
)
from ..talk import progress, show


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn export nir snn.keras --output net.nir
  tfsnn export nir chip.keras --target spinnaker2 --output chip.nir
  tfsnn export nir snn.keras --lossy --data test.npz --output net.nir
""",
)
@snn_argument()
@click.option(
    "--output", required=True, metavar="FILE", type=PATH, help="The file to write."
)
@overwrite_option("Replace the file if it exists.")
@target_option("Refuse a network that was converted for another chip.")
@click.option(
    "--lossy",
    is_flag=True,
    help="Leave out what NIR cannot hold (initial potentials, graded and negative "
    "spikes, look-ahead, max pooling), and list it.",
)
@click.option(
    "--data",
    metavar="DATA",
    help=f"Samples to measure the cost of each loss and of all on: {DATA}",
)
@limit_option()
@task_option()
@click.option(
    "--pooling",
    type=click.Choice(POOLINGS),
    default=POOLINGS[0],
    show_default=True,
    help="How averages are written: SumPool2d, its factor in the next weights, "
    "AvgPool2d, or convolutions, which every tool reads.",
)
@click.option("--dt", type=float, default=1e-4, show_default=True, help=DT)
@json_option()
def command(snn: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Write NIR, for neuromorphic tools.

    SNN is a file that tfsnn convert wrote.
    """
    from tfsnn.export import export_nir

    found = export_nir(load_snn(snn), output, progress=progress, **options)
    show(found, as_json)
