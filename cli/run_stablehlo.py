"""``tfsnn run-stablehlo``: run what ``tfsnn export`` wrote with JAX.

It imports neither tfsnn nor TensorFlow, so that it runs where these are missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import (
    PATH,
    STEPS,
    data_option,
    json_option,
    limit_option,
    task_option,
)
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
    help="Steps to evaluate after; by default 1,2,4,... up to those exported.",
)
@limit_option()
@click.option("--raw", is_flag=True, help="Keep 8-bit values at 0..255.")
@click.option(
    "--device",
    metavar="NAME",
    help="cpu, cuda or tpu, or one of several: cuda:1; by default JAX's choice.",
)
@task_option()
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
