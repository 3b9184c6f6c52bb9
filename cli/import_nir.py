"""``tfsnn import-nir``: read a NIR file as a spiking network."""

from __future__ import annotations

from pathlib import Path

import click

from tfsnn_numpy.defaults import RESETS

from .groups import Converted, group
from .library import LibraryCommand
from .options import (
    DT,
    PATH,
    json_option,
    keras_output_option,
    overwrite_option,
    timesteps_option,
)
from .talk import show


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn import-nir net.nir --output net.keras
  tfsnn import-nir foreign.nir --timesteps 16 --reset subtract --output net.keras
  tfsnn evaluate net.keras --data test.npz
""",
)
@click.argument("nir", metavar="FILE", type=PATH)
@group(
    "converted",
    Converted,
    keras_output_option(),
    overwrite_option("Replace a file that exists."),
)
@timesteps_option("Time steps to run; those of the file if tfsnn wrote it.")
@click.option(
    "--reset",
    type=click.Choice(RESETS),
    help="Reset of neurons: to zero as NIR says, or by subtraction as in sinabs; if "
    "not given, as in the network that tfsnn wrote, or to zero.",
)
@click.option(
    "--dt",
    type=float,
    help=f"{DT} If not given, that of the file, or 0.0001.",
)
@json_option()
def command(
    nir: Path,
    converted: Converted,
    timesteps: int | None,
    reset: str | None,
    dt: float | None,
    as_json: bool,
) -> None:
    """Read a feed-forward NIR graph as a spiking network.

    FILE is what tfsnn export nir or a neuromorphic tool wrote: IF, LIF and CubaLIF
    neurons, Affine, Linear, convolutions, pooling, Scale, Flatten, and sums. The
    network takes its input as a constant current; its output is the mean over the
    steps.
    """
    from tfsnn.export.nir.reading import import_nir

    snn = import_nir(nir, timesteps=timesteps, reset=reset, dt=dt)
    converted.write(snn)
    show(snn.report, as_json)
