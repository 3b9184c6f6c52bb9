"""Tables of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """A table of texts; the first cell of each row is its head."""

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
