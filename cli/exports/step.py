"""``tfsnn export step``: write one time step for a small runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import STEP_RUNTIMES

from ..groups import load_snn
from ..library import LibraryCommand
from ..options import json_option, snn_argument
from ..talk import show
from .options import new_folder_option, program_batch_option


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn export step snn.keras --runtime litert --output pocket
  tfsnn export step snn.keras --runtime onnx --batch-size 8 --output laptop
""",
)
@snn_argument()
@new_folder_option()
@click.option(
    "--runtime",
    required=True,
    type=click.Choice(STEP_RUNTIMES),
    help="litert: LiteRT (TensorFlow Lite), for phones and small computers. onnx: any "
    "runtime of ONNX.",
)
@program_batch_option()
@json_option()
def command(snn: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Write one time step of a network, to be run T times without TensorFlow.

    SNN is a file that tfsnn convert wrote. The folder has the program (x, state) ->
    (outputs, spikes, state), the state before the first step, and a README with the
    twenty lines that run it.
    """
    from tfsnn.export import export_step

    show(export_step(load_snn(snn), output, **options), as_json)
