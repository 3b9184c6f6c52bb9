"""``tfsnn export --format nir``: for neuromorphic tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..console import AT_LEAST_ONE, DATA, progress

OPTIONS = (
    click.Option(
        ["--lossy"],
        is_flag=True,
        help="nir: leave out what NIR cannot say (initial potentials, graded and "
        "negative spikes, look-ahead, max pooling), and list it.",
    ),
    click.Option(
        ["--data", "spec"],
        metavar="DATA",
        help=f"nir: measure there what each loss costs, and all of them: {DATA}",
    ),
    click.Option(
        ["--limit"],
        type=AT_LEAST_ONE,
        metavar="N",
        help="nir: measure on the first N samples only.",
    ),
    click.Option(
        ["--pooling"],
        type=click.Choice(["sum", "average", "convolution"]),
        default="sum",
        show_default=True,
        help="nir: how averages are written: SumPool2d, its factor in the next "
        "weights, AvgPool2d, or convolutions, which every tool reads.",
    ),
    click.Option(["--overwrite"], is_flag=True, help="nir: replace a file."),
)


def write(snn: Any, snn_path: Path, output: Path, spec: str | None, **options: Any):
    """A NIR file."""
    from tfsnn.export.nir.writing import export_nir

    return export_nir(snn, output, data=spec, progress=progress, **options)
