"""The digest by which a model is known again.

It is of what counts for the result, not of names, which Keras numbers anew in each
session.
"""

from __future__ import annotations

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn_numpy.digest import Digest

NAMES = ("name", "inputs", "layer")  # of a node's fields; inputs are names too


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
    return digest.hex()
