"""``tfsnn export saved_model``: write a SavedModel for TF Serving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import SERVED_BATCH_SIZES, SERVED_INPUTS

from ..groups import load_snn
from ..library import LibraryCommand
from ..options import (
    AT_LEAST_ONE,
    PATH,
    Numbers,
    json_option,
    listed,
    raw_option,
    snn_argument,
)
from ..rare import READOUT_OF, STEPS_PER_FRAME_OF, rare_options
from ..talk import show


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn export saved_model snn.keras --output models/digits
  tfsnn export saved_model snn.keras --input uint8 --batch-sizes 1,8 \\
      --output models/pixels
""",
)
@snn_argument()
@click.option(
    "--output",
    required=True,
    metavar="DIR",
    type=PATH,
    help="The folder of all versions of the model, which gets one more.",
)
@click.option(
    "--version",
    type=AT_LEAST_ONE,
    metavar="N",
    help="Number of the version in DIR; the next one if not given.",
)
@click.option(
    "--xla",
    is_flag=True,
    help="Add signatures that XLA compiles, serving_xla and, for each batch size B, "
    "serving_xla_B.",
)
@click.option(
    "--batch-sizes",
    type=Numbers("n", 1),
    default=listed(SERVED_BATCH_SIZES),
    show_default=True,
    help="Batch sizes that a server warms up and runs.",
)
@click.option(
    "--early-exit/--no-early-exit",
    default=None,
    help="Whether samples leave when they are decided; if neither is given, as the "
    "network has it (tfsnn early-exit).",
)
@click.option(
    "--input",
    "input_type",
    type=click.Choice(SERVED_INPUTS),
    default=SERVED_INPUTS[0],
    show_default=True,
    help="Type of inputs sent; 8-bit values and images (JPEG or PNG, which are "
    "resized) become 0..1.",
)
@raw_option()
@click.option(
    "--class-names",
    metavar="FILE",
    type=PATH,
    help="Text file of one class name a line; adds the signature classify.",
)
@click.option(
    "--over-time",
    is_flag=True,
    help="Add the signatures start and step, which take one frame after the other.",
)
@rare_options(STEPS_PER_FRAME_OF, READOUT_OF)
@json_option()
def command(snn: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Write a SavedModel for TF Serving, and for tfsnn serve.

    SNN is a file that tfsnn convert wrote.
    """
    from tfsnn.export import export_saved_model

    show(export_saved_model(load_snn(snn), output, **options), as_json)
