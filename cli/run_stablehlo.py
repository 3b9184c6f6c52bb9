"""``tfsnn run-stablehlo``: what ``tfsnn export`` wrote, run by JAX.

Imports neither tfsnn nor TensorFlow, so that it runs where they are not installed.
"""

from __future__ import annotations

from pathlib import Path

import click

from .console import STEPS, json_option, limit_option, progress, raw_option, show


@click.command(
    epilog="""\b
Example:
  tfsnn export snn.keras --format stablehlo --output digits --batch-size 50
  tfsnn run-stablehlo digits --data test.npz
""",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--data",
    "spec",
    required=True,
    metavar="DATA",
    help="FILE.npz (x and, for labels, y), or a folder of images by class.",
)
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
    folder: Path,
    spec: str,
    timesteps: list[int] | None,
    limit: int | None,
    raw: bool,
    device: str | None,
    as_json: bool,
) -> None:
    """Measure an exported network with JAX, without TensorFlow.

    DIR is a folder that tfsnn export --format stablehlo wrote. The table is that of
    tfsnn evaluate; it needs JAX, for the device of your choice, and no TensorFlow:

    \b
      pip install --no-deps tfsnn
      pip install click numpy jax
    """
    import tfsnn_stablehlo

    program = tfsnn_stablehlo.load(folder, device)
    found = tfsnn_stablehlo.evaluate(
        program, spec, timesteps=timesteps, limit=limit, raw=raw, progress=progress
    )
    show(found, as_json)
