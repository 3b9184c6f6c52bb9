"""The options that say which part of a model's file is the network."""

from __future__ import annotations

from typing import Any

import click

from .options import Decorator, together


def part_options() -> Decorator:
    """Add the options that say which part of MODEL is the network, and its shapes."""
    return together(
        click.option(
            "--input-shape",
            multiple=True,
            metavar="[NAME=]N,N,...",
            callback=_shapes,
            help="Shape of a sample, where the model takes any size.",
        ),
        click.option(
            "--from",
            "--inputs",
            "inputs",
            multiple=True,
            metavar="LAYER",
            help="Begin behind this layer: its output is given as input.",
        ),
        click.option(
            "--to",
            "--outputs",
            "outputs",
            multiple=True,
            metavar="LAYER",
            help="End with this layer: what follows is left out.",
        ),
    )


def _shapes(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> Any:
    """Return shapes by input, with "" as the name of the only one; None for none."""
    shapes = {}
    for text in given:
        name, _, sizes = text.rpartition("=")
        numbers = sizes.replace("x", ",").split(",")
        if not all(n.strip().isdecimal() for n in numbers) or name in shapes:
            raise click.BadParameter(
                f"{text!r}: give the size of each axis, without the batch, as in "
                "256,256,3 or NAME=256,256,3, once for each input",
                ctx,
                param,
            )
        shapes[name] = tuple(map(int, numbers))
    return shapes or None
