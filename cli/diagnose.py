"""``tfsnn diagnose``: find out where the error comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .groups import EvaluationData, Original, Plot, group, load_snn
from .library import LibraryCommand
from .options import (
    ann_option,
    data_option,
    json_option,
    limit_option,
    overwrite_option,
    plot_option,
    raw_option,
    signature_option,
    snn_argument,
    task_option,
    timesteps_option,
)
from .talk import show


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn diagnose snn.keras --ann cnn.keras --data test.npz
  tfsnn diagnose snn.keras --ann cnn.keras --data test.npz --timesteps 8 \\
      --plot errors.svg
""",
)
@snn_argument()
@group("original", Original, ann_option(), signature_option())
@group("samples", EvaluationData, data_option(), limit_option(), raw_option())
@task_option()
@timesteps_option("Time steps to simulate; by default those converted for.")
@json_option()
@group(
    "figure",
    Plot,
    plot_option("the errors as bars,"),
    overwrite_option("Replace the plot if it exists."),
)
def command(
    snn: Path,
    original: Original,
    samples: EvaluationData,
    figure: Plot,
    as_json: bool,
    **settings: Any,
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

    It shows which channels never spike, or in every step, how fast a layer can be
    (omega), how near it comes after t steps (K), and the one change that would help
    most.
    """
    import tfsnn
    from tfsnn.analysis.plot import errors

    network = load_snn(snn)
    model = original.load(network)
    data = samples.open(network)
    found = tfsnn.diagnose(model, network, data, **settings)
    if figure.plot:
        figure.write(errors(found, f"{network.name}: where the error comes from"))
    show(found, as_json)
