"""``tfsnn verify``: ANN against SNN, layer by layer."""

from __future__ import annotations

from pathlib import Path

import click

from .console import (
    LibraryCommand,
    data_option,
    json_option,
    load_ann,
    load_snn,
    model_argument,
    open_test_data,
    raw_option,
    show,
    signature_option,
    timesteps_option,
)


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn verify cnn.keras snn.keras --data test.npz --timesteps 8
""",
)
@model_argument("model_path", "MODEL")
@model_argument("snn_path", "SNN")
@signature_option()
@data_option()
@timesteps_option("Time steps; those converted for if not given.")
@raw_option()
@json_option()
def command(
    model_path: Path,
    snn_path: Path,
    signature: str | None,
    spec: str,
    timesteps: int | None,
    raw: bool,
    as_json: bool,
) -> None:
    """Compare a spiking network with its model, layer by layer.

    SNN is what tfsnn convert made of MODEL. The first 100 samples of DATA are used.
    Per layer: how far the activations that the spikes stand for are from those of the
    model, and which share of them is larger than spikes can code.
    """
    import tfsnn

    model, snn = load_ann(model_path, signature), load_snn(snn_path)
    data = open_test_data(spec, snn, raw)
    show(tfsnn.verify(model, snn, data, timesteps=timesteps), as_json)
