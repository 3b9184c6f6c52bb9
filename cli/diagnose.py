"""``tfsnn diagnose``: where the error comes from."""

from __future__ import annotations

from pathlib import Path

import click

from .console import (
    FIGURE,
    LibraryCommand,
    ann_option,
    data_option,
    json_option,
    limit_option,
    load_ann,
    load_snn,
    model_argument,
    open_test_data,
    raw_option,
    show,
    signature_option,
    timesteps_option,
    write_figure,
)


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn diagnose snn.keras --ann cnn.keras --data test.npz
  tfsnn diagnose snn.keras --ann cnn.keras --data test.npz --timesteps 8 \\
      --plot errors.svg
""",
)
@model_argument("snn_path", "SNN")
@ann_option()
@signature_option()
@data_option()
@timesteps_option("Time steps; those converted for if not given.")
@limit_option()
@raw_option()
@json_option()
@click.option(
    "--plot", type=FIGURE, help="Write the errors as bars, as .svg, .png or .pdf."
)
@click.option("--overwrite", is_flag=True, help="Replace the plot if it exists.")
def command(
    snn_path: Path,
    ann_path: Path,
    signature: str | None,
    spec: str,
    timesteps: int | None,
    limit: int | None,
    raw: bool,
    as_json: bool,
    plot: Path | None,
    overwrite: bool,
) -> None:
    """Find out where the error of a spiking network comes from.

    SNN is what tfsnn convert made of MODEL. The first 100 samples of DATA are used, or
    fewer. Per spiking layer, the error of the activations that the spikes stand for is
    split into parts that add up to it:

    \b
    clipping      the model's activation is larger than spikes can code
    quantisation  spikes are whole: a current that arrives evenly is rounded
    unevenness    spikes arrive unevenly, or too late
    inherited     what the layers before brought in

    And which channels never spike, or in every step, and how fast a layer can be
    (omega). Then the one change that would help most.
    """
    import tfsnn
    from tfsnn.analysis.plot import errors
    from tfsnn.files import check_output

    if plot:
        check_output(plot, overwrite)
    snn, model = load_snn(snn_path), load_ann(ann_path, signature)
    data = open_test_data(spec, snn, raw, limit)
    found = tfsnn.diagnose(model, snn, data, timesteps=timesteps)
    if plot:
        title = f"{snn.name}: where the error comes from"
        write_figure(plot, errors(found, title), overwrite=overwrite)
    show(found, as_json)
