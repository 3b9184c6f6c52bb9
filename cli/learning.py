"""What the commands share that train a network by data and a teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import AUGMENTATIONS, TUNING_HOLDOUT

from .options import ABOVE_ZERO, AT_LEAST_ONE, Decorator, Names
from .rare import RareSetting
from .talk import say, show

INTERRUPTED = 130  # the exit code of a program that Ctrl-C ended
HOLDOUT_OF = RareSetting(
    "holdout", AT_LEAST_ONE, TUNING_HOLDOUT, "The most held-out samples."
)


def validation_option() -> Decorator:
    """Return the option for samples to judge by."""
    return click.option(
        "--validation",
        metavar="DATA",
        help="Samples to judge by, in the forms of --data; by default a tenth of it.",
    )


def epochs_option(default: int) -> Decorator:
    """Return the option for the passes over the samples."""
    return click.option(
        "--epochs",
        type=AT_LEAST_ONE,
        default=default,
        show_default=True,
        metavar="N",
        help="Passes over the samples.",
    )


def augment_option() -> Decorator:
    """Return the option for changes of pictures."""
    return click.option(
        "--augment",
        type=Names(),
        default="",
        metavar="KIND,...",
        help=f"Change pictures whenever they are seen: {' or '.join(AUGMENTATIONS)}, "
        "or both. Only where a changed picture has the same label.",
    )


def teacher_settings(who: str) -> tuple[RareSetting, RareSetting]:
    """Return the rare settings of what the teacher, so called, counts for."""
    return (
        RareSetting("temperature", ABOVE_ZERO, 2.0, f"That of {who}'s outputs."),
        RareSetting("weight", click.FloatRange(min=0), 1.0, f"Of {who} in the loss."),
    )


def finish(found: Any, as_json: bool, checkpoint: Path) -> None:
    """Show the result of a training, and say how one that was stopped goes on."""
    show(found, as_json)
    if found.fitted.interrupted:
        say(f"give the same command with --overwrite to continue from {checkpoint}")
        raise SystemExit(INTERRUPTED)
    checkpoint.unlink(missing_ok=True)
