"""``tfsnn import-nir``: a NIR file to a spiking network."""

from __future__ import annotations

from pathlib import Path

import click

from .console import (
    LibraryCommand,
    OutputFile,
    json_option,
    say,
    show,
    timesteps_option,
)


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn import-nir net.nir --output net.keras
  tfsnn import-nir foreign.nir --timesteps 16 --reset subtract --output net.keras
  tfsnn evaluate net.keras --data test.npz
""",
)
@click.argument("nir_path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--output",
    required=True,
    type=OutputFile(".keras"),
    help="Where to write the spiking network, a .keras file.",
)
@timesteps_option("Time steps to run; those of the file if tfsnn wrote it.")
@click.option(
    "--reset",
    type=click.Choice(["subtract", "zero"]),
    help="Of the neurons: to zero is what NIR says, by subtraction what sinabs does; "
    "if not given, as in the network that tfsnn wrote, or to zero.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@json_option()
def command(
    nir_path: Path,
    output: Path,
    timesteps: int | None,
    reset: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Read a feed-forward NIR graph as a spiking network.

    FILE is what tfsnn export --format nir or a neuromorphic tool wrote: IF neurons,
    Affine, Linear, convolutions, pooling, Scale, Flatten, and sums. The network takes
    its input as a constant current; its output is the mean over the steps.
    """
    from tfsnn.export.nir.reading import import_nir
    from tfsnn.files import check_output, replacing

    check_output(output, overwrite)
    snn = import_nir(nir_path, timesteps=timesteps, reset=reset)
    with replacing(output, overwrite=overwrite) as part:
        snn.save(part)
    say(f"wrote {output}")
    show(snn.report, as_json)
