"""``tfsnn inspect``: show whether a model can be converted, and into what."""

from __future__ import annotations

import click

from .groups import Original, group
from .library import LibraryCommand
from .options import json_option, model_argument, signature_option, target_option
from .part import part_options
from .talk import show


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn inspect cnn.keras
  tfsnn inspect cnn.keras --json
  tfsnn inspect cnn.keras --method few_spikes
  tfsnn inspect cnn.keras --target speck2f
  tfsnn inspect exported/ --signature serving_default
""",
)
@group("original", Original, model_argument(), signature_option(), part_options())
@click.option("--method", help="Tell what this method would make of the model.")
@target_option("Tell whether the model fits this chip, core by core.")
@json_option()
@click.pass_context
def command(
    ctx: click.Context,
    original: Original,
    method: str | None,
    target: str | None,
    as_json: bool,
) -> None:
    """Show what each layer of a model becomes.

    MODEL is a .keras or .h5 file of Keras 2 or 3, the folder of a SavedModel, the
    model.json of TensorFlow.js beside its weights, or the .pb file of a frozen graph.
    Per layer: its class, what it becomes, parameters, multiply-accumulates (MACs) and
    output shape; then the totals, and every layer that is not supported, with the way
    out. The exit code is 1 if there is one.

    With --method: as that method has it, which may make neurons of more layers, and per
    layer the part of its operations that spikes drive.

    With --target: for each layer of weights the core that it is given and the memory
    that it takes there; then what does not fit, and what would help. The exit code is 1
    if anything does not.
    """
    if method is not None and target is not None:
        raise click.UsageError("a target has a method of its own: give one of both")
    if target is not None:
        from tfsnn.hardware.targets import target as looked_up
        from tfsnn.sources.fit_target import fit_target

        chip = looked_up(target)  # before the model, which takes longer
        fit = fit_target(original.load(target=target), chip)
        show(fit, as_json)
        ctx.exit(0 if fit.fits else 1)
    from tfsnn.sources.inspect import inspect_model

    chosen = None
    if method is not None:
        from tfsnn.conversion.methods import make

        chosen = make(method, {})  # before the model, which takes longer
    found = inspect_model(original.load(), chosen)
    show(found, as_json)
    ctx.exit(0 if found.convertible else 1)
