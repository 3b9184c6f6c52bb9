"""``tfsnn targets``: show the chips that networks are checked against."""

from __future__ import annotations

import json

import click

from .library import LibraryCommand
from .options import json_option


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn targets
  tfsnn targets speck2f
""",
)
@click.argument("name", required=False)
@json_option()
def command(name: str | None, as_json: bool) -> None:
    """Show the chips that networks are checked against, or one of them.

    Of one: the bits of its integers, what its spikes carry, the memory of its cores,
    what a check cannot say, and where the numbers are from.
    """
    from tfsnn.hardware.targets import target, targets

    chosen = list(targets().values()) if name is None else [target(name)]
    if as_json:
        found = [each.to_dict() for each in chosen]
        click.echo(json.dumps(found if name is None else found[0], indent=2))
    elif name is None:
        width = max(len(each.name) for each in chosen)
        for each in chosen:
            click.echo(f"{each.name:{width}}  {each.about}")
    else:
        click.echo(str(chosen[0]))
