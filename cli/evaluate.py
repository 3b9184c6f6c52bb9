"""``tfsnn evaluate``: measure score, spikes and energy against time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import STRATEGIES

from .groups import Original, Plot, group, load_snn
from .library import LibraryCommand
from .options import (
    STEPS,
    ann_option,
    data_option,
    json_option,
    limit_option,
    overwrite_option,
    plot_option,
    raw_option,
    snn_argument,
    task_option,
)
from .over_time import (
    OVER_TIME_OF,
    SEQUENCES,
    SequenceData,
    over_time_options,
)
from .rare import (
    BATCH_SIZE_OF,
    ENERGY_OF,
    READOUT_OF,
    SIGNATURE_OF,
    STEPS_PER_FRAME_OF,
    rare_options,
)
from .talk import progress, show


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn evaluate snn.keras --data test.npz --ann cnn.keras --timesteps 1,2,4,8
  tfsnn evaluate snn.keras --data tfds:mnist:test --limit 500 --plot accuracy.svg
  tfsnn evaluate snn.keras --data test.npz --task regression --strategy mirrored
  tfsnn evaluate snn.keras --data video.npz --over-time -o readout last
  tfsnn evaluate snn.keras --data events.npz --over-time --step-ms 5
""",
)
@snn_argument()
@group(
    "original",
    Original,
    ann_option(
        "The model that was converted, for its score and how near the two are.",
        required=False,
    ),
)
@group(
    "samples",
    SequenceData,
    data_option(SEQUENCES),
    limit_option(),
    raw_option(),
    over_time_options(),
)
@click.option(
    "--timesteps",
    type=STEPS,
    help="Steps to evaluate after; by default 1,2,4,... up to those converted for.",
)
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    default=STRATEGIES[0],
    show_default=True,
    help="Share the work: mirrored, all GPUs of this machine; multi_worker, all "
    "machines of the environment variable TF_CONFIG; tpu. The result is the same.",
)
@task_option()
@json_option()
@group(
    "figure",
    Plot,
    plot_option("score and agreement against time steps"),
    overwrite_option("Replace the plot if it exists."),
)
@rare_options(
    SIGNATURE_OF,
    BATCH_SIZE_OF,
    ENERGY_OF,
    STEPS_PER_FRAME_OF,
    READOUT_OF,
    *OVER_TIME_OF,
)
def command(
    snn: Path,
    original: Original,
    samples: SequenceData,
    figure: Plot,
    strategy: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Measure score, spikes and energy against time.

    SNN is a file that tfsnn convert wrote. Each output is judged by its task: accuracy
    of classes, R2 of numbers, and so on, and by how near it is to the model: the share
    of equal decisions, and the error of outputs over their standard deviation. Counts
    are per sample. A spike of coefficient c is one event in "spikes" and |c| in
    "coefficients".

    With --over-time the network takes one frame after the other, and its neurons keep
    what they hold. A row is what it says after so many frames (-o readout: mean of all
    so far, last, or the mean of the last N), and what these have cost; the ANN computes
    anew for each.

    Energy: 4.6 pJ for each multiply-accumulate (MAC), 0.9 pJ for each accumulate (AC);
    32-bit floating point, 45 nm (Horowitz, ISSCC 2014), unless -o energy names other
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
    from tfsnn.analysis.plot import evaluation
    from tfsnn.simulation.devices.strategy import opened_strategy, workers_of

    with opened_strategy(strategy) as devices:
        network = load_snn(snn)
        ann = original.load(network)
        data = samples.open(network, labels=figure.plot is not None and ann is None)
        settings["over_time"] = data.over_time
        found = tfsnn.evaluate(
            network, data, ann=ann, strategy=devices, progress=progress, **settings
        )
    if not workers_of(devices).is_chief:
        return
    if figure.plot:
        figure.write(evaluation(found, f"{network.name}, {network.report.method}"))
    show(found, as_json)
