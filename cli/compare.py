"""``tfsnn compare``: methods beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .console import (
    DATA,
    STEPS,
    LibraryCommand,
    batch_size_option,
    data_option,
    energy_option,
    json_option,
    limit_option,
    load_ann,
    model_argument,
    progress,
    raw_option,
    say,
    show,
    signature_option,
)


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn compare cnn.keras --calibration train.npz --data test.npz --output results
  tfsnn compare cnn.keras --calibration train.npz --data test.npz \\
      --methods hmt,augmapping,burst --alphabet graded:4 --timesteps 1,2,4 \\
      -o hmt.scale mse --limit 500 --json
""",
)
@model_argument("model_path", "MODEL")
@signature_option()
@click.option("--calibration", required=True, metavar="DATA", help=DATA)
@data_option()
@click.option(
    "--methods",
    default="all",
    show_default=True,
    metavar="NAME,NAME,...",
    help="Those of tfsnn methods; all leaves out what cannot be, and says so.",
)
@click.option(
    "--timesteps",
    type=STEPS,
    default="1,2,4,8,16,32",
    show_default=True,
    help="Each method is converted for each of them.",
)
@click.option(
    "--alphabet",
    metavar="NAME",
    help="What a spike carries: binary, ternary, or graded:N for 0 to 2^N - 1, with "
    "either sign where the method has signs. Each method's own if not given.",
)
@click.option(
    "-o",
    "options",
    nargs=2,
    multiple=True,
    metavar="METHOD.NAME VALUE",
    help="An option of a method; tfsnn methods METHOD shows them all.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for compare.csv, compare.json and compare.svg. Finished rows are kept "
    "there at once; the same command goes on where it was stopped.",
)
@click.option(
    "--overwrite", is_flag=True, help="Start anew where DIR holds results already."
)
@limit_option()
@click.option(
    "--calibration-limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Calibrate with the first N samples only.",
)
@raw_option()
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Of the conversions.",
)
@energy_option()
@batch_size_option(50)
@json_option()
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
def command(
    model_path: Path,
    signature: str | None,
    calibration: str,
    spec: str,
    methods: str,
    timesteps: list[int],
    alphabet: str | None,
    options: tuple[tuple[str, str], ...],
    output: Path | None,
    overwrite: bool,
    limit: int | None,
    calibration_limit: int | None,
    raw: bool,
    seed: int,
    energy: str,
    batch_size: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Compare conversion methods on one model and the same data.

    MODEL is a .keras or .h5 file, or the folder of a SavedModel. Every row is a
    conversion for its T, evaluated after T steps: accuracy (null without labels),
    agreement with the model, and, per sample, spikes, synaptic operations, energy over
    that of the model (tfsnn evaluate --help has the energy model) and "seconds" of
    simulation. The latter is the best of three runs of the first batch, after one that
    compiles; milliseconds in the table.

    A method that fails is a row with the reason in "error", and the others go on.
    Exit code 1 if all of them fail.
    """
    import tfsnn
    from tfsnn.analysis.compare.settings import contestants
    from tfsnn.hardware.energy import profile

    if as_json and as_csv:
        raise click.UsageError("give --json or --csv, not both")
    chosen = _by_method(options)
    # Both refuse what does not exist.
    costs = profile(energy)
    contestants(methods, timesteps, alphabet, chosen)
    found = tfsnn.compare(
        load_ann(model_path, signature),
        calibration,
        spec,
        methods,
        timesteps,
        alphabet,
        chosen,
        raw=raw,
        limit=limit,
        calibration_limit=calibration_limit,
        seed=seed,
        batch_size=batch_size,
        energy=costs,
        output=output,
        overwrite=overwrite,
        progress=progress,
        say=say,
    )
    if as_csv:
        click.echo(found.to_csv(), nl=False)
    else:
        show(found, as_json)
    if all(row.error is not None for row in found.rows):
        raise click.ClickException("no method could be measured")


def _by_method(options: tuple[tuple[str, str], ...]) -> dict[str, dict[str, Any]]:
    """The options of each method, of texts ``METHOD.NAME``."""
    chosen: dict[str, dict[str, Any]] = {}
    for name, value in options:
        method, dot, key = name.partition(".")
        if not dot:
            raise click.UsageError(
                f"-o {name} {value}: give the method as well, as in -o hmt.{name}"
            )
        chosen.setdefault(method, {})[key] = value
    return chosen
