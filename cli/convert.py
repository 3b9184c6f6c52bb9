"""``tfsnn convert``: the conversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .console import (
    DATA,
    LibraryCommand,
    OutputFile,
    batch_size_option,
    limit_option,
    load_ann,
    model_argument,
    progress,
    raw_option,
    say,
    signature_option,
    timesteps_option,
    to_json,
)


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn convert cnn.keras --calibration train.npz --output snn.keras
  tfsnn convert cnn.keras --calibration images/ --method augmapping \\
      --timesteps 4 -o levels 7 -o per layer --output snn.keras --report report.json
""",
)
@model_argument("model_path", "MODEL")
@signature_option()
@click.option("--calibration", required=True, metavar="DATA", help=DATA)
@click.option(
    "--method",
    default="augmapping",
    show_default=True,
    help="How thresholds are chosen; tfsnn methods shows them all.",
)
@timesteps_option("Time steps to convert for; the method's own default if not given.")
@click.option(
    "-o",
    "options",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="An option of the method; tfsnn methods METHOD shows them all.",
)
@click.option(
    "--output",
    required=True,
    type=OutputFile(".keras"),
    help="Where to write the spiking network, a .keras file.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@click.option(
    "--report",
    "report_path",
    type=OutputFile(".json"),
    help="Write the report as JSON as well.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Refuse a network that needs running sums, which send analog values.",
)
@limit_option()
@raw_option()
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Of the places drawn for the statistics.",
)
@batch_size_option(64)
def command(
    model_path: Path,
    signature: str | None,
    calibration: str,
    method: str,
    timesteps: int | None,
    options: tuple[tuple[str, str], ...],
    output: Path,
    overwrite: bool,
    report_path: Path | None,
    strict: bool,
    limit: int | None,
    raw: bool,
    seed: int,
    batch_size: int,
) -> None:
    """Convert a trained model into a spiking network.

    MODEL is a .keras or .h5 file, or the folder of a SavedModel. DATA are samples like
    those of training, a few hundred, without labels or with. The report is printed; the
    file, a Keras model, is written whole or not at all.
    """
    import tfsnn
    from tfsnn.files import check_output, replacing

    chosen: dict[str, Any] = dict(options)
    if timesteps is not None:
        if "timesteps" in chosen:
            raise click.UsageError("give --timesteps or -o timesteps, not both")
        chosen["timesteps"] = timesteps
    tfsnn.methods.make(method, chosen)
    _refuse_itself(model_path, output)
    check_output(output, overwrite)
    if report_path:
        check_output(report_path, overwrite)
    ann = load_ann(model_path, signature)
    say(f"calibrating with {calibration}")
    snn = tfsnn.convert(
        ann,
        calibration,
        method,
        raw=raw,
        strict=strict,
        limit=limit,
        seed=seed,
        batch_size=batch_size,
        progress=progress,
        **chosen,
    )
    with replacing(output, overwrite=overwrite) as part:
        snn.save(part)
    say(f"wrote {output}")
    if report_path:
        with replacing(report_path, overwrite=overwrite) as part:
            part.write_text(to_json(snn.report) + "\n")
        say(f"wrote {report_path}")
    click.echo(snn.report)


def _refuse_itself(model_path: Path, output: Path) -> None:
    if model_path.exists() and output.exists() and model_path.samefile(output):
        raise click.UsageError("--output is MODEL itself, which would be lost")
