"""``tfsnn choose``: find the conversion that costs least within a given loss."""

from __future__ import annotations

from typing import Any

import click

from tfsnn_numpy.defaults import (
    HOLDOUT,
    MAX_DROP,
    MAX_ERROR,
    MINIMISED,
    PRECISIONS,
    TIMESTEPS,
)

from .convert import STRICT, converted_options
from .groups import CalibrationData, Converted, Original, group
from .library import LibraryCommand
from .options import (
    AT_LEAST_ONE,
    POINTS,
    RAW,
    STEPS,
    Names,
    alphabet_option,
    calibration_option,
    listed,
    model_argument,
    task_option,
)
from .part import part_options
from .rare import (
    ENERGY_OF,
    ENGINE_OF,
    LIMIT_OF,
    SEED_OF,
    SIGNATURE_OF,
    SWEEP_OF,
    THREADS_OF,
    RareSetting,
    rare_options,
)
from .talk import progress, say


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn choose cnn.keras --calibration train.npz --output snn.keras
  tfsnn choose cnn.keras --calibration train.npz --max-drop 0.5 --alphabet binary \\
      --timesteps 4,8 -o energy 45nm-int8 --output snn.keras --report report.json
""",
)
@group("original", Original, model_argument(), part_options())
@group("samples", CalibrationData, calibration_option())
@click.option(
    "--max-drop",
    type=POINTS,
    metavar="POINTS",
    help="Points of the score that may be lost against the model on held-out samples; "
    f"without labels, points of disagreement with it.  [default: {MAX_DROP:g}, for "
    "outputs that decide]",
)
@click.option(
    "--max-error",
    type=POINTS,
    metavar="PERCENT",
    help="Error of outputs that is allowed, per cent of their standard deviation.  "
    f"[default: {MAX_ERROR:g}, for outputs that are numbers]",
)
@task_option()
@alphabet_option(". Any if not given.")
@click.option(
    "--minimise",
    type=click.Choice(MINIMISED),
    default=MINIMISED[0],
    show_default=True,
    help="The cost to minimise.",
)
@click.option(
    "--timesteps",
    type=STEPS,
    default=listed(TIMESTEPS),
    show_default=True,
    help="The numbers of time steps to try.",
)
@converted_options()
@rare_options(
    LIMIT_OF,
    RareSetting("raw", click.BOOL, False, RAW),
    ENERGY_OF,
    ENGINE_OF,
    THREADS_OF,
    RareSetting(
        "precision",
        click.Choice(PRECISIONS),
        None,
        f"Format of synapses, one of {', '.join(PRECISIONS)} (by default bfloat16 "
        "where the limits still hold and the machine computes in it).",
    ),
    RareSetting("strict", click.BOOL, False, STRICT),
    SEED_OF,
    SWEEP_OF,
    RareSetting("holdout", AT_LEAST_ONE, HOLDOUT, "The most samples to hold out."),
    RareSetting("methods", Names(), None, "Names, separated by commas."),
    SIGNATURE_OF,
)
def command(
    original: Original, samples: CalibrationData, converted: Converted, **search: Any
) -> None:
    """Convert by the cheapest setting that loses little.

    MODEL is any that tfsnn inspect reads (--help lists them). Half of the samples of
    DATA, 500 at most, are held out to judge by: give a thousand, if you can, with
    labels. Each output is judged by its task, and all have to stay within the limits.
    Each setting tried is shown on standard error. The settings that no other
    beats in both cost and drop are printed before the report, and are "choice" in its
    JSON. The exit code is 1 if nothing stays within the limits.
    """
    import tfsnn

    wanted = tfsnn.Search(**search)
    converted.refuse_itself(original.model)
    ann = original.load()
    say(f"calibrating with {samples.calibration}")
    choice = tfsnn.choose(
        ann, samples.calibration, wanted, progress=progress, **samples.settings
    )
    converted.write(choice.snn, choice=choice.to_dict())
    click.echo(f"{choice}\n")
    click.echo(choice.snn.report)
