"""``tfsnn evaluate``: measure score, spikes and energy against time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfsnn_numpy.defaults import STRATEGIES

from .groups import Original, Output, Plot, group, load_snn
from .library import LibraryCommand
from .options import (
    STEPS,
    OutputFile,
    ann_option,
    data_option,
    json_option,
    limit_option,
    overwrite_option,
    plot_option,
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
    ENGINE_OF,
    RAW_OF,
    READOUT_OF,
    SIGNATURE_OF,
    STEPS_PER_FRAME_OF,
    THREADS_OF,
    RareSetting,
    rare_options,
)
from .talk import progress, show, to_json

if TYPE_CHECKING:
    from tfsnn import SpikingModel
    from tfsnn.analysis.evaluate import Evaluation
    from tfsnn.data import Data


@dataclass(frozen=True)
class Files(Plot):
    """The optional files of a figure and of NeuroBench's measures."""

    neurobench: Path | None = None

    def __post_init__(self) -> None:
        """Refuse files that cannot be written, before any work."""
        super().__post_init__()
        if self.neurobench:
            Output(self.neurobench, self.overwrite)

    def write_measures(self, snn: SpikingModel, data: Data, found: Evaluation) -> None:
        """Write the measures of NeuroBench, if they are asked for, and say so."""
        import tfsnn

        if self.neurobench is None:
            return
        measured = tfsnn.neurobench(snn, data, evaluation=found, progress=progress)
        with Output(self.neurobench, self.overwrite).writing() as part:
            part.write_text(to_json(measured.to_dict()) + "\n")


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn evaluate snn.keras --data test.npz --ann cnn.keras --timesteps 1,2,4,8
  tfsnn evaluate snn.keras --data tfds:mnist:test --limit 500 --plot accuracy.svg
  tfsnn evaluate snn.keras --data test.npz --task regression -o strategy mirrored
  tfsnn evaluate snn.keras --data video.npz --over-time -o readout last
  tfsnn evaluate snn.keras --data events.npz --over-time --step-ms 5
  tfsnn evaluate snn.keras --data test.npz --neurobench measures.json
  tfsnn evaluate snn.keras --data test.npz -o engine openvino
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
    over_time_options(),
)
@click.option(
    "--timesteps",
    type=STEPS,
    help="Steps to evaluate after; by default 1,2,4,... up to those converted for.",
)
@task_option()
@json_option()
@group(
    "files",
    Files,
    plot_option("score and agreement against time steps"),
    click.option(
        "--neurobench",
        type=OutputFile(".json"),
        help="Write NeuroBench's measures, by its names and definitions, as .json.",
    ),
    overwrite_option("Replace files that exist."),
)
@rare_options(
    RAW_OF,
    RareSetting(
        "strategy",
        click.Choice(STRATEGIES),
        STRATEGIES[0],
        "Share the work: mirrored, all GPUs of this machine; multi_worker, all "
        "machines of the environment variable TF_CONFIG; tpu. The result is the same.",
    ),
    SIGNATURE_OF,
    BATCH_SIZE_OF,
    ENERGY_OF,
    ENGINE_OF,
    THREADS_OF,
    STEPS_PER_FRAME_OF,
    READOUT_OF,
    *OVER_TIME_OF,
)
def command(
    snn: Path,
    original: Original,
    samples: SequenceData,
    files: Files,
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
    32-bit floating point, 45 nm (Horowitz, ISSCC 2014), unless -o energy names another
    model. An ANN costs MACs only. In the spiking network, weights on the analog
    input (the first layer) cost MACs, once for all time steps, and weights right behind
    weights (a separable convolution) in each step; every other connection costs ACs for
    each spike through it. The energy ratio, SNN over ANN, is given for both readings of
    a spike with a coefficient: |c| ACs ("energy_ratio", from "synops"), or one AC
    ("energy_ratio_events", from "synops_events").

    That is arithmetic alone. Below the table are the ratios by all models, those with
    memory among them, and by which the spiking network takes more than the ANN:
    lemaire (addressing, memories of each layer), bit-matched (weights fetched, against
    an ANN of as many bits; -8bit with weights of 8 bits on both sides), loihi (events).

    With -o strategy multi_worker the same command is started on every machine of
    TF_CONFIG; each reads its part of the data, and the first prints the result. If a
    machine is lost, the others end with an error.
    """
    import tfsnn
    from tfsnn.analysis.plot import evaluation
    from tfsnn.simulation.devices.strategy import opened_strategy, workers_of

    with opened_strategy(strategy) as devices:
        network = load_snn(snn, settings.pop("engine"))
        ann = original.load(network)
        data = samples.open(network, labels=files.plot is not None and ann is None)
        steps = settings["timesteps"]
        if files.neurobench and steps and max(steps) != network.timesteps:
            raise click.UsageError(
                f"--neurobench is for all {network.timesteps} steps: name them among "
                "--timesteps, as the last"
            )
        if files.neurobench and data.over_time:
            raise click.UsageError(
                "--neurobench measures still samples: leave out --over-time"
            )
        if files.neurobench and devices is not None:
            raise click.UsageError(
                "--neurobench measures on one device: leave out -o strategy"
            )
        settings["over_time"] = data.over_time
        found = tfsnn.evaluate(
            network, data, ann=ann, strategy=devices, progress=progress, **settings
        )
    if not workers_of(devices).is_chief:
        return
    if files.plot:
        files.write(evaluation(found, f"{network.name}, {network.report.method}"))
    files.write_measures(network, data, found)
    show(found, as_json)
