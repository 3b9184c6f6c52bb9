"""``tfsnn export openvino``: write a whole simulation for OpenVINO."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..groups import load_snn
from ..library import LibraryCommand
from ..options import json_option, snn_argument
from ..talk import show
from .options import new_folder_option, program_batch_option


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn export openvino snn.keras --output digits
  tfsnn export openvino snn.keras --batch-size 32 --output digits
""",
)
@snn_argument()
@new_folder_option()
@program_batch_option()
@json_option()
def command(snn: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Write all steps of a network as a model of OpenVINO, run without TensorFlow.

    SNN is a file that tfsnn convert wrote. The folder has the model (1/model.xml), a
    manifest, and a README with the lines that run it; OpenVINO's Model Server takes it
    as it is. It needs OpenVINO: pip install 'tfsnn[openvino]'.
    """
    from tfsnn.export import export_openvino

    show(export_openvino(load_snn(snn), output, **options), as_json)
