"""``tfsnn early-exit``: let samples leave the simulation when they are decided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import BATCH_SIZE, EXIT_KIND, EXIT_KINDS, MAX_LOSS

from .groups import Converted, EvaluationData, group, load_snn
from .library import LibraryCommand
from .options import (
    POINTS,
    batch_size_option,
    data_option,
    json_option,
    keras_output_option,
    limit_option,
    overwrite_option,
    raw_option,
    snn_argument,
    task_option,
)
from .talk import progress, show


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn early-exit snn.keras --data heldout.npz --max-loss 0.1 --output fast.keras
  tfsnn evaluate fast.keras --data test.npz
""",
)
@snn_argument()
@group("samples", EvaluationData, data_option(), limit_option(), raw_option())
@click.option(
    "--kind",
    type=click.Choice(EXIT_KINDS),
    default=EXIT_KIND,
    show_default=True,
    help="What decides: the lead of the probability of the top class; the entropy; the "
    "steps for which the top class is the same; or steps times its lead.",
)
@click.option(
    "--max-loss",
    type=POINTS,
    default=MAX_LOSS,
    show_default=True,
    metavar="POINTS",
    help="Points of accuracy that may be lost against all steps for all samples, or of "
    "agreement with that where DATA has no labels.",
)
@group(
    "converted",
    Converted,
    keras_output_option("network with its rule"),
    overwrite_option("Replace the file if it exists."),
)
@task_option()
@batch_size_option(BATCH_SIZE)
@json_option()
def command(
    snn: Path,
    samples: EvaluationData,
    converted: Converted,
    as_json: bool,
    **settings: Any,
) -> None:
    """Let samples leave the simulation when they are decided.

    SNN is a file that tfsnn convert wrote, DATA are samples that neither training nor
    conversion has seen, a thousand or more. The threshold is the lowest that loses no
    more than --max-loss on them.
    """
    import tfsnn

    network = load_snn(snn)
    data = samples.open(network)
    found = tfsnn.calibrate_exit(network, data, progress=progress, **settings)
    network.early_exit = found.rule
    converted.write(network)
    show(found, as_json)
