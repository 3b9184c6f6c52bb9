"""``tfsnn report``: a conversion on one page."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from .console import (
    LibraryCommand,
    Numbers,
    OutputFile,
    ann_option,
    batch_size_option,
    data_option,
    energy_option,
    limit_option,
    load_ann,
    load_snn,
    model_argument,
    open_test_data,
    progress,
    raw_option,
    say,
    signature_option,
    timesteps_option,
)

ARGUMENTS = "tfsnn.report.arguments"


class ReportCommand(LibraryCommand):
    """Remembers how it was called, which the page tells."""

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
@model_argument("snn_path", "SNN")
@ann_option()
@signature_option()
@data_option()
@click.option("--output", required=True, type=OutputFile(".html"), help="The page.")
@click.option(
    "--compare",
    "comparison",
    metavar="RESULTS",
    type=click.Path(path_type=Path),
    help="The folder that tfsnn compare --output wrote, for the frontier of methods.",
)
@click.option(
    "--samples",
    type=Numbers("n", 0),
    help="Samples whose spikes and potentials are drawn, counted from 0; the first, "
    "and the first that both networks disagree on, if not given.",
)
@timesteps_option("Time steps; those converted for if not given.")
@energy_option()
@limit_option()
@batch_size_option(50)
@raw_option()
@click.option("--overwrite", is_flag=True, help="Replace the page if it exists.")
@click.pass_context
def command(
    context: click.Context,
    snn_path: Path,
    ann_path: Path,
    signature: str | None,
    spec: str,
    output: Path,
    comparison: Path | None,
    samples: list[int] | None,
    timesteps: int | None,
    energy: str,
    limit: int | None,
    batch_size: int,
    raw: bool,
    overwrite: bool,
) -> None:
    """Write a page about a conversion, to look at and to send.

    SNN is what tfsnn convert made of MODEL. One file of HTML that needs no network:
    what was converted and how; accuracy, agreement, spikes and energy against time with
    confidence intervals; firing, clipping, error and operations of each layer; spikes
    and potentials of samples; what both networks disagree on, as pictures.

    Needs jinja2: pip install 'tfsnn[report]'.
    """
    from tfsnn.analysis.page import report_page
    from tfsnn.files import check_output, replacing
    from tfsnn.hardware.energy import profile

    costs = profile(energy)  # refuses an unknown one
    check_output(output, overwrite)
    snn, model = load_snn(snn_path), load_ann(ann_path, signature)
    data = open_test_data(spec, snn, raw, limit)
    page = report_page(
        model,
        snn,
        data,
        comparison=comparison,
        samples=samples,
        timesteps=timesteps,
        batch_size=batch_size,
        energy=costs,
        command=shlex.join(["tfsnn", "report", *context.meta[ARGUMENTS]]),
        progress=progress,
    )
    with replacing(output, overwrite=overwrite) as part:
        part.write_text(page, encoding="utf-8")
    say(f"wrote {output}")
