"""``tfsnn report``: write a page about a conversion."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from .groups import EvaluationData, Original, Output, group, load_snn
from .library import LibraryCommand
from .options import (
    PATH,
    Numbers,
    OutputFile,
    ann_option,
    data_option,
    limit_option,
    overwrite_option,
    raw_option,
    snn_argument,
    task_option,
    timesteps_option,
)
from .rare import (
    BATCH_SIZE_OF,
    ENERGY_OF,
    ENGINE_OF,
    SIGNATURE_OF,
    THREADS_OF,
    rare_options,
)
from .talk import progress

ARGUMENTS = "tfsnn.report.arguments"


class ReportCommand(LibraryCommand):
    """A command that remembers its arguments, which the page shows."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments."""
        ctx.meta[ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)


@click.command(
    cls=ReportCommand,
    epilog="""\b
Example:
  tfsnn report snn.keras --ann cnn.keras --data test.npz --output report.html
  tfsnn report snn.keras --ann cnn.keras --data test.npz --compare results \\
      --samples 0,17 --limit 500 --output report.html
""",
)
@snn_argument()
@group("original", Original, ann_option())
@group("evaluated", EvaluationData, data_option(), limit_option(), raw_option())
@group(
    "page",
    Output,
    click.option("--output", required=True, type=OutputFile(".html"), help="The page."),
    overwrite_option("Replace the page if it exists."),
)
@click.option(
    "--compare",
    "comparison",
    metavar="RESULTS",
    type=PATH,
    help="The folder that tfsnn compare --output wrote, for the frontier of methods.",
)
@click.option(
    "--samples",
    type=Numbers("n", 0),
    help="Samples whose spikes and potentials are drawn, counted from 0; by default "
    "the first, and the one on which the networks differ most.",
)
@timesteps_option("Time steps to simulate; by default those converted for.")
@task_option()
@rare_options(SIGNATURE_OF, BATCH_SIZE_OF, ENERGY_OF, ENGINE_OF, THREADS_OF)
@click.pass_context
def command(
    context: click.Context,
    snn: Path,
    original: Original,
    evaluated: EvaluationData,
    page: Output,
    **settings: Any,
) -> None:
    """Write a page about a conversion, to look at and to send.

    SNN is what tfsnn convert made of MODEL. The page is one HTML file, read offline:
    what was converted and how; score, agreement, spikes and energy against time with
    confidence intervals; firing, clipping, error and operations of each layer; spikes
    and potentials of samples; samples on which the networks differ most.

    It needs jinja2: pip install 'tfsnn[report]'.
    """
    from tfsnn.analysis.page import report_page

    network = load_snn(snn, settings.pop("engine"))
    model = original.load(network)
    written = report_page(
        model,
        network,
        evaluated.open(network),
        command=shlex.join(["tfsnn", "report", *context.meta[ARGUMENTS]]),
        progress=progress,
        **settings,
    )
    with page.writing() as part:
        part.write_text(written, encoding="utf-8")
