"""``tfsnn compare``: compare methods on one model."""

from __future__ import annotations

from typing import Any

import click

from tfsnn_numpy.defaults import TIMESTEPS

from .groups import Original, group
from .library import LibraryCommand
from .options import (
    AT_LEAST_ONE,
    PATH,
    STEPS,
    alphabet_option,
    calibration_option,
    data_option,
    json_option,
    limit_option,
    listed,
    model_argument,
    overwrite_option,
    task_option,
)
from .part import part_options
from .rare import (
    BATCH_SIZE_OF,
    ENERGY_OF,
    ENGINE_OF,
    RAW_OF,
    SEED_OF,
    SIGNATURE_OF,
    THREADS_OF,
    RareSetting,
    rare_options,
)
from .talk import progress, show


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn compare cnn.keras --calibration train.npz --data test.npz --output results
  tfsnn compare cnn.keras --calibration train.npz --data test.npz \\
      --methods hmt,augmapping,burst --alphabet graded:4 --timesteps 1,2,4 \\
      -o hmt.scale mse -o seed 1 --limit 500 --json
""",
)
@group("original", Original, model_argument(), part_options())
@calibration_option()
@data_option()
@click.option(
    "--methods",
    default="all",
    show_default=True,
    metavar="NAME,NAME,...",
    help="Names from tfsnn methods; all leaves out what cannot run, and says so.",
)
@click.option(
    "--timesteps",
    type=STEPS,
    default=listed(TIMESTEPS),
    show_default=True,
    help="The numbers of time steps; each method is converted for each of them.",
)
@alphabet_option(
    ", with either sign where the method has signs. Each method's own if not given."
)
@limit_option()
@click.option(
    "--output",
    type=PATH,
    metavar="DIR",
    help="Folder for compare.csv, compare.json and compare.svg. Finished rows are kept "
    "there at once; after a stop the same command goes on with the rest.",
)
@overwrite_option("Start anew if DIR holds results already.")
@json_option()
@task_option()
@rare_options(
    RareSetting("csv", click.BOOL, False, "Print the rows as CSV."),
    RAW_OF,
    SEED_OF,
    ENERGY_OF,
    ENGINE_OF,
    THREADS_OF,
    BATCH_SIZE_OF,
    RareSetting(
        "calibration_limit",
        AT_LEAST_ONE,
        None,
        "Calibrate with the first N samples only.",
    ),
    SIGNATURE_OF,
    others="METHOD.NAME",
)
def command(
    original: Original,
    calibration: str,
    data: str,
    as_json: bool,
    csv: bool,
    **settings: Any,
) -> None:
    """Compare conversion methods on one model and the same data.

    MODEL is any that tfsnn inspect reads (--help lists them). Every row is a
    conversion for its T, evaluated after T steps: the score of the outputs' task
    (null without labels), how near they are to the model's, and, per sample, spikes,
    synaptic operations, energy over that of the model (tfsnn evaluate --help has the
    energy model) and "seconds" of simulation. These are the best of three runs of the
    first batch, after one that compiles; milliseconds in the table.

    A method that fails is a row with the reason in "error", and the others go on.
    The exit code is 1 if all of them fail.
    """
    import tfsnn

    if as_json and csv:
        raise click.UsageError("give --json or -o csv, not both")
    settings["options"] = _by_method(settings["options"])
    of_calibration = {
        key: settings.pop(key) for key in ("raw", "seed", "calibration_limit")
    }
    contest = tfsnn.Contest(**settings)
    found = tfsnn.compare(
        original.load(), calibration, data, contest, progress=progress, **of_calibration
    )
    if csv:
        click.echo(found.to_csv(), nl=False)
    else:
        show(found, as_json)
    if all(row.error is not None for row in found.rows):
        raise click.ClickException("no method could be measured: each row says why")


def _by_method(options: dict[str, str]) -> dict[str, dict[str, str]]:
    """Sort options called ``METHOD.NAME`` by their method."""
    chosen: dict[str, dict[str, str]] = {}
    for name, value in options.items():
        method, _, key = name.partition(".")
        chosen.setdefault(method, {})[key] = value
    return chosen
