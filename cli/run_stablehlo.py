"""``tfsnn run-stablehlo``: what ``tfsnn export`` wrote, run by JAX.

Imports neither tfsnn nor TensorFlow, so that it runs where they are not installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import PATH, STEPS, data_option, json_option, limit_option, raw_option
from .talk import progress, show


@click.command(
    epilog="""\b
Example:
  tfsnn export stablehlo snn.keras --output digits --batch-size 50
  tfsnn run-stablehlo digits --data test.npz
""",
)
@click.argument("folder", metavar="DIR", type=PATH)
@data_option("FILE.npz (x and, for labels, y), or a folder of images by class.")
@click.option(
    "--timesteps",
    type=STEPS,
    help="The rows; 1,2,4,... up to those exported if not given.",
)
@limit_option()
@raw_option()
@click.option(
    "--device",
    metavar="NAME",
    help="cpu, cuda or tpu, one of several as in cuda:1; JAX's choice if not given.",
)
@json_option()
def command(
    folder: Path, data: str, device: str | None, as_json: bool, **settings: Any
) -> None:
    """Measure an exported network with JAX, without TensorFlow.

    DIR is a folder that tfsnn export stablehlo wrote. The table is that of
    tfsnn evaluate; it needs JAX, for the device of your choice, and no TensorFlow:

    \b
      pip install --no-deps tfsnn
      pip install click numpy jax
    """
    import tfsnn_stablehlo

    program = tfsnn_stablehlo.load(folder, device)
    found = tfsnn_stablehlo.evaluate(program, data, progress=progress, **settings)
    show(found, as_json)
