"""``tfsnn export``: write a spiking network for other programs."""

from __future__ import annotations

import click

from .exports import FORMATS
from .lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    modules={name: f"exports.{name}" for name in FORMATS},
    epilog="""\b
Example:
  tfsnn export saved_model snn.keras --output models/digits
  tfsnn export nir --help
""",
)
def command() -> None:
    """Write a spiking network for other programs."""
