"""``tfsnn export``: a spiking network for other programs."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .console import LibraryCommand, json_option, load_snn, model_argument, show
from .exports import FORMATS


def _module(name: str) -> Any:
    return importlib.import_module(f".exports.{name}", __package__)


def _format_options(command: Any) -> Any:
    for name in reversed(FORMATS):
        command.__click_params__ = [
            *reversed(_module(name).OPTIONS),
            *getattr(command, "__click_params__", []),
        ]
    return command


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn export snn.keras --format saved_model --output models/digits
""",
)
@model_argument("snn_path", "SNN")
@click.option(
    "--format", "format_name", required=True, type=click.Choice(FORMATS), help="Of it."
)
@click.option(
    "--output",
    required=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The file or the folder to write.",
)
@_format_options
@json_option()
@click.pass_context
def command(
    context: click.Context,
    snn_path: Path,
    format_name: str,
    output: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Write a spiking network for other programs.

    SNN is a file that tfsnn convert wrote.
    """
    module = _module(format_name)
    own = {option.name for option in module.OPTIONS}
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
        if name in options and name not in own and given:
            raise click.UsageError(
                f"{parameter.opts[0]} is not an option of --format {format_name}"
            )
    options = {name: value for name, value in options.items() if name in own}
    show(module.write(load_snn(snn_path), snn_path, output, **options), as_json)
