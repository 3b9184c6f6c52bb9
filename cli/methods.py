"""``tfsnn methods``: show the methods and their options."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from .library import LibraryCommand
from .options import json_option


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn methods
  tfsnn methods augmapping
""",
)
@click.argument("name", required=False)
@json_option()
def command(name: str | None, as_json: bool) -> None:
    """Show the methods, or the options of one of them.

    An option is given to tfsnn convert as -o NAME VALUE.
    """
    from tfsnn.conversion import methods

    if name is not None:
        methods.make(name, {})  # refuses an unknown one
    described = {
        each: _describe(each, cls, methods.options(cls))
        for each, cls in methods.methods().items()
    }
    if as_json:
        chosen = list(described.values()) if name is None else described[name]
        click.echo(json.dumps(chosen, indent=2))
    elif name is None:
        width = max(map(len, described))
        for each, about in described.items():
            click.echo(f"{each:{width}}  {about['summary']}")
    else:
        click.echo(_page(described[name]))


def _describe(name: str, cls: type, options: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "summary": (cls.__doc__ or "").strip().splitlines()[0],
        "options": options,
        "paper": (sys.modules[cls.__module__].__doc__ or "").strip(),
    }


def _page(about: dict[str, Any]) -> str:
    rows = [
        (
            option["name"],
            "none" if option["default"] is None else str(option["default"]),
            option["meaning"]
            + (f" ({', '.join(option['choices'])})" if option["choices"] else ""),
        )
        for option in about["options"]
    ]
    rows.insert(0, ("option", "default", "meaning"))
    first, second = (max(len(row[i]) for row in rows) for i in (0, 1))
    lines = [f"{row[0]:{first}}  {row[1]:{second}}  {row[2]}" for row in rows]
    head = f"{about['name']}: {about['summary']}"
    return "\n".join([head, "", *lines, "", about["paper"]])
