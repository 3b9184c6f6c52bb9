"""``tfsnn evaluate``: accuracy, spikes and energy against time."""

from __future__ import annotations

from pathlib import Path

import click

from tfsnn_numpy.defaults import STRATEGIES

from .console import (
    FIGURE,
    STEPS,
    LibraryCommand,
    ann_option,
    batch_size_option,
    data_option,
    energy_option,
    json_option,
    limit_option,
    load_ann,
    load_snn,
    model_argument,
    open_test_data,
    progress,
    raw_option,
    show,
    signature_option,
    write_figure,
)


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn evaluate snn.keras --data test.npz --ann cnn.keras --timesteps 1,2,4,8
  tfsnn evaluate snn.keras --data tfds:mnist:test --limit 500 --plot accuracy.svg
  tfsnn evaluate snn.keras --data test.npz --strategy mirrored
""",
)
@model_argument("snn_path", "SNN")
@data_option()
@ann_option(
    "The model that was converted, for its accuracy and the agreement with it.",
    required=False,
)
@signature_option()
@click.option(
    "--timesteps",
    type=STEPS,
    help="The rows; 1,2,4,... up to those converted for if not given.",
)
@limit_option()
@batch_size_option(50)
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    default="none",
    show_default=True,
    help="Share the work: mirrored, all GPUs of this machine; multi_worker, all "
    "machines of the environment variable TF_CONFIG; tpu. The result is the same.",
)
@energy_option()
@raw_option()
@json_option()
@click.option(
    "--plot",
    type=FIGURE,
    help="Write accuracy against time steps as .svg, .png or .pdf; needs labels.",
)
@click.option("--overwrite", is_flag=True, help="Replace the plot if it exists.")
def command(
    snn_path: Path,
    spec: str,
    ann_path: Path | None,
    signature: str | None,
    timesteps: list[int] | None,
    limit: int | None,
    batch_size: int,
    strategy: str,
    energy: str,
    raw: bool,
    as_json: bool,
    plot: Path | None,
    overwrite: bool,
) -> None:
    """Measure accuracy, spikes and energy against time.

    SNN is a file that tfsnn convert wrote. Counts are per sample. A spike of
    coefficient c is one event in "spikes" and |c| in "coefficients".

    Energy: 4.6 pJ for each multiply-accumulate (MAC), 0.9 pJ for each accumulate (AC);
    32-bit floating point, 45 nm (Horowitz, ISSCC 2014), unless --energy names other
    hardware. An ANN costs MACs only. In the spiking network, weights on the analog
    input (the first layer) cost MACs, once for all time steps, and weights right behind
    weights (a separable convolution) in each step; every other connection costs ACs for
    each spike through it. The energy ratio, SNN over ANN, is given for both readings of
    a spike with a coefficient: |c| ACs ("energy_ratio", from "synops"), or one AC
    ("energy_ratio_events", from "synops_events").

    With --strategy multi_worker the same command is started on every machine of
    TF_CONFIG; each reads its part of the data, and the first prints the result. If a
    machine is lost, the others end with an error.
    """
    import tfsnn
    from tfsnn.analysis.plot import accuracy
    from tfsnn.files import check_output
    from tfsnn.hardware.energy import profile
    from tfsnn.simulation.devices.strategy import opened_strategy, workers_of

    costs = profile(energy)  # refuses an unknown one
    if plot:
        check_output(plot, overwrite)
    with opened_strategy(strategy) as devices:
        snn = load_snn(snn_path)
        ann = load_ann(ann_path, signature) if ann_path else None
        data = open_test_data(spec, snn, raw, limit, labels=plot is not None)
        found = tfsnn.evaluate(
            snn,
            data,
            ann=ann,
            timesteps=timesteps,
            batch_size=batch_size,
            strategy=devices,
            energy=costs,
            progress=progress,
        )
    if not workers_of(devices).is_chief:
        return
    if plot:
        title = f"{snn.name}, {snn.report.method}"
        write_figure(plot, accuracy(found, title), overwrite=overwrite)
    show(found, as_json)
