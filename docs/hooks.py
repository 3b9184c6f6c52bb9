"""mkdocs: the roles of Sphinx in docstrings become links, or plain names.

The docstrings say ``:func:`tfsnn.convert``` and ``::`` before a block, as Python's own
do. The reference shows each object where it is defined (``tfsnn.convert.convert``), so
that a public name leads to the place that ends with it.
"""

from __future__ import annotations

import re
from typing import Any

ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):<code>(~?)([\w.]+)</code>")
PLACE = re.compile(r'\bid="(tfsnn[\w.]*)"')


def on_page_content(html: str, **_: Any) -> str:
    """A page without roles."""
    places = PLACE.findall(html)

    def linked(match: re.Match[str]) -> str:
        short, target = match.groups()
        package, _, last = target.rpartition(".")
        text = f"<code>{last if short else target}</code>"
        found = [place for place in places if place == target] or [
            place
            for place in places
            if place.startswith(f"{package}.") and place.endswith(f".{last}")
        ]
        return f'<a href="#{found[0]}">{text}</a>' if found else text

    return re.sub(r"\s*::</p>", ":</p>", ROLE.sub(linked, html))
