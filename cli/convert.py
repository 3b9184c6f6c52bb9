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
    energy_option,
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
  tfsnn convert cnn.keras --calibration train.npz --method auto --max-drop 0.5 \\
      --alphabet binary --output snn.keras
""",
)
@model_argument("model_path", "MODEL")
@signature_option()
@click.option("--calibration", required=True, metavar="DATA", help=DATA)
@click.option(
    "--method",
    default="augmapping",
    show_default=True,
    help="How thresholds are chosen; tfsnn methods shows them all. auto: the cheapest "
    "of several that loses no more than --max-drop.",
)
@timesteps_option(
    "Time steps to convert for; the method's own default if not given. For auto: this "
    "T only, instead of 1, 2, 4, ... 32."
)
@click.option(
    "--max-drop",
    type=click.FloatRange(min=0),
    default=0.5,
    show_default=True,
    metavar="POINTS",
    help="For auto: points of accuracy below the model's, or of disagreement with it "
    "where DATA has no labels, on samples held out.",
)
@click.option(
    "--alphabet",
    metavar="NAME",
    help="For auto: what a spike can carry: binary, ternary, or graded:N for 0 to "
    "2^N - 1. Any if not given.",
)
@click.option(
    "--minimise",
    type=click.Choice(["energy", "timesteps", "latency"]),
    default="energy",
    show_default=True,
    help="For auto: what the cheapest has the least of.",
)
@energy_option("For auto: what operations cost")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16"]),
    help="Of the synapses that receive spikes, whose integers are exact in both; "
    "float32 if not given, for auto bfloat16 where --max-drop still holds.",
)
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
@click.pass_context
def command(
    ctx: click.Context,
    model_path: Path,
    signature: str | None,
    calibration: str,
    method: str,
    timesteps: int | None,
    max_drop: float,
    alphabet: str | None,
    minimise: str,
    energy: str,
    precision: str | None,
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

    With --method auto, half of the samples, 500 at most, are held out to judge by: give
    a thousand, if you can, with labels. What is tried is told on standard error. The
    settings that none beats in both cost and drop are printed before the report, and
    are "choice" in its JSON. Exit code 1 if nothing stays within --max-drop.
    """
    import tfsnn
    from tfsnn.conversion.methods.alphabet import parse
    from tfsnn.files import check_output, replacing
    from tfsnn.hardware.energy import profile

    automatic = method == "auto"
    _refuse_contradictions(ctx, automatic)
    chosen: dict[str, Any] = dict(options)
    if timesteps is not None:
        if "timesteps" in chosen:
            raise click.UsageError("give --timesteps or -o timesteps, not both")
        chosen["timesteps"] = timesteps
    if automatic:
        chosen = {"max_drop": max_drop, "alphabet": alphabet, "minimise": minimise}
        chosen |= {} if timesteps is None else {"timesteps": [timesteps]}
        chosen |= {"precision": precision, "energy": profile(energy)}
        if alphabet is not None:
            parse(alphabet)  # refuses an unknown one
    else:
        tfsnn.methods.make(method, chosen)
    _refuse_itself(model_path, output)
    check_output(output, overwrite)
    if report_path:
        check_output(report_path, overwrite)
    ann = load_ann(model_path, signature)
    say(f"calibrating with {calibration}")
    settings: dict[str, Any] = {
        "raw": raw,
        "strict": strict,
        "limit": limit,
        "seed": seed,
        "batch_size": batch_size,
        "progress": progress,
    }
    choice = None
    if automatic:
        choice = tfsnn.choose(ann, calibration, **settings, **chosen, say=say)
        snn = choice.snn
    else:
        settings["precision"] = precision or "float32"
        snn = tfsnn.convert(ann, calibration, method, **settings, **chosen)
    with replacing(output, overwrite=overwrite) as part:
        snn.save(part)
    say(f"wrote {output}")
    if report_path:
        found = snn.report.to_dict()
        if choice:
            found["choice"] = choice.to_dict()
        with replacing(report_path, overwrite=overwrite) as part:
            part.write_text(to_json(found) + "\n")
        say(f"wrote {report_path}")
    if choice:
        click.echo(f"{choice}\n")
    click.echo(snn.report)


def _refuse_contradictions(ctx: click.Context, automatic: bool) -> None:
    """Options of a method with auto, or options of auto with a method."""
    given = ctx.get_parameter_source
    default = click.core.ParameterSource.DEFAULT
    names = (
        ("options",) if automatic else ("max_drop", "alphabet", "minimise", "energy")
    )
    found = [name for name in names if given(name) != default]
    if found and automatic:
        raise click.UsageError(
            "--method auto chooses the options of the method: leave -o out, or name a "
            "method"
        )
    if found:
        option = f"--{found[0].replace('_', '-')}"
        raise click.UsageError(f"{option} goes with --method auto only")


def _refuse_itself(model_path: Path, output: Path) -> None:
    if model_path.exists() and output.exists() and model_path.samefile(output):
        raise click.UsageError("--output is MODEL itself, which would be lost")
