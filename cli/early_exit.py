"""``tfsnn early-exit``: samples leave the simulation when they are decided."""

from __future__ import annotations

from pathlib import Path

import click

from .console import (
    LibraryCommand,
    OutputFile,
    batch_size_option,
    data_option,
    json_option,
    limit_option,
    load_snn,
    model_argument,
    open_test_data,
    progress,
    raw_option,
    say,
    show,
)


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn early-exit snn.keras --data heldout.npz --max-loss 0.1 --output fast.keras
  tfsnn evaluate fast.keras --data test.npz
""",
)
@model_argument("snn_path", "SNN")
@data_option()
@click.option(
    "--kind",
    type=click.Choice(["evidence", "margin", "entropy", "stable"]),
    default="evidence",
    show_default=True,
    help="What decides: steps times the lead of the top class; the lead of its "
    "probability; the entropy; or the steps for which the top class is the same.",
)
@click.option(
    "--max-loss",
    type=click.FloatRange(min=0),
    default=0.1,
    show_default=True,
    metavar="POINTS",
    help="Of accuracy against all steps for all samples, or of agreement with that "
    "where DATA has no labels.",
)
@click.option(
    "--output",
    required=True,
    type=OutputFile(".keras"),
    help="Where to write the network with its rule, a .keras file.",
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@limit_option()
@batch_size_option(50)
@raw_option()
@json_option()
def command(
    snn_path: Path,
    spec: str,
    kind: str,
    max_loss: float,
    output: Path,
    overwrite: bool,
    limit: int | None,
    batch_size: int,
    raw: bool,
    as_json: bool,
) -> None:
    """Let samples leave the simulation when they are decided.

    SNN is a file that tfsnn convert wrote, DATA are samples that neither training nor
    conversion has seen, a thousand or more. The threshold is the lowest that loses no
    more than --max-loss on them.
    """
    import tfsnn
    from tfsnn.files import check_output, replacing

    check_output(output, overwrite)
    snn = load_snn(snn_path)
    data = open_test_data(spec, snn, raw, limit)
    found = tfsnn.calibrate_exit(
        snn, data, kind, max_loss=max_loss, batch_size=batch_size, progress=progress
    )
    snn.early_exit = found.rule
    with replacing(output, overwrite=overwrite) as part:
        snn.save(part)
    say(f"wrote {output}")
    show(found, as_json)
