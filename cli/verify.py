"""``tfsnn verify``: compare an SNN with its ANN layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .groups import EvaluationData, Original, group, load_snn
from .library import LibraryCommand
from .options import (
    data_option,
    json_option,
    model_argument,
    raw_option,
    signature_option,
    snn_argument,
    task_option,
    timesteps_option,
)
from .talk import say, show


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn verify cnn.keras snn.keras --data test.npz --timesteps 8
""",
)
@group("original", Original, model_argument(), signature_option())
@snn_argument()
@group("samples", EvaluationData, data_option(), raw_option())
@task_option()
@timesteps_option("Time steps to simulate; by default those converted for.")
@json_option()
def command(
    original: Original,
    snn: Path,
    samples: EvaluationData,
    timesteps: int | None,
    task: Any,
    as_json: bool,
) -> None:
    """Compare a spiking network with its model, layer by layer.

    SNN is what tfsnn convert made of MODEL. The first 100 samples of DATA are used.
    Each layer shows how far the activations that its spikes code are from those of the
    model, and which share of them is larger than spikes can code.
    """
    import tfsnn

    network = load_snn(snn)
    model = original.load(network)
    if network.report.tuned is not None:
        say(f"{network.report.tuned}; so its layers may differ from the model's")
    data = samples.open(network)
    show(tfsnn.verify(model, network, data, timesteps=timesteps, task=task), as_json)
