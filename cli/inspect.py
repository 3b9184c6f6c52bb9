"""``tfsnn inspect``: show whether a model can be converted, and into what."""

from __future__ import annotations

import click

from .groups import Original, group
from .library import LibraryCommand
from .options import json_option, model_argument, signature_option
from .part import part_options
from .talk import show


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn inspect cnn.keras
  tfsnn inspect cnn.keras --json
  tfsnn inspect exported/ --signature serving_default
""",
)
@group("original", Original, model_argument(), signature_option(), part_options())
@json_option()
@click.pass_context
def command(ctx: click.Context, original: Original, as_json: bool) -> None:
    """Show what each layer of a model becomes.

    MODEL is a .keras or .h5 file of Keras 2 or 3, the folder of a SavedModel, the
    model.json of TensorFlow.js beside its weights, or the .pb file of a frozen graph.
    Per layer: its class, what it becomes, parameters, multiply-accumulates (MACs) and
    output shape; then the totals, and every layer that is not supported, with the way
    out. The exit code is 1 if there is one.
    """
    from tfsnn.sources.inspect import inspect_model

    found = inspect_model(original.load())
    show(found, as_json)
    if not found.convertible:
        ctx.exit(1)
