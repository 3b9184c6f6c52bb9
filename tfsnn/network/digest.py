"""The digest that identifies a model by what it computes.

Names are left out, for Keras numbers them anew in each session.
"""

from __future__ import annotations

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn_numpy.digest import Digest

NAMES = ("name", "inputs", "layer")  # fields left out; inputs are names too


def model_digest(graph: Graph) -> str:
    """Digest the operations of a model, their connections and their weights."""
    digest = Digest()
    places = {node.name: i for i, node in enumerate(graph)}
    for node in graph:
        fields = {k: v for k, v in node.to_config().items() if k not in NAMES}
        reads = [places[name] for name in node.inputs]
        digest.add([fields, reads])
        for values in node.arrays().values():
            digest.add(np.asarray(values))
    digest.add([places[name] for name in graph.outputs])
    if graph.states:
        digest.add([places[name] for name in graph.states])
    return digest.hex()
