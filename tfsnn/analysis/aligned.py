"""A spiking network and the ANN that it was made from, side by side on samples."""

from __future__ import annotations

from typing import Any

import keras

from tfsnn.conversion import methods
from tfsnn.data import open_data
from tfsnn.errors import ModelError
from tfsnn.network.graph import Graph
from tfsnn.network.passes import simplify
from tfsnn.simulation.model import SpikingModel
from tfsnn.sources import import_model
from tfsnn_numpy.samples import Data

SAMPLES = 100  # compared at most


def matched(model: keras.Model, snn: SpikingModel) -> Graph:
    """The graph of the ANN, whose nodes have the names of the spiking graph's.

    Raises:
        ModelError: if the SNN was not converted from this model.
    """
    chosen = methods.make(snn.report.method, snn.report.options)
    simple = simplify(import_model(model), strict=snn.report.strict)
    ann = chosen.prepare(simple)
    nodes = {node.name: node.shape for node in ann}
    # What is beside these, normalisation and corrections have put in.
    shared = {node.name: node.shape for node in snn.graph if node.name in nodes}
    if list(nodes.items()) != list(shared.items()):
        raise ModelError(
            f"{snn.name} was not converted from {model.name}; give the model that was"
        )
    return ann


def first_samples(ann: Graph, x: Any) -> Data:
    """The first :data:`SAMPLES` of anything that :func:`tfsnn.open_data` takes.

    Raises:
        DataError: if `x` does not fit.
    """
    kept = ann.whole_inputs
    return open_data(x, ann.inputs, default_split="test", raw=kept, limit=SAMPLES)
