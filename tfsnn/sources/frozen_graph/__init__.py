"""Frozen graphs of TensorFlow 1 as Keras models: a ``GraphDef`` that holds its weights.

A graph is prepared (half precision becomes float32, switches that are set fall away),
its ends are found, and from there on it is what a signature of a SavedModel is.
"""

from __future__ import annotations

from tfsnn.sources.frozen_graph.file import load_frozen_graph
from tfsnn.sources.frozen_graph.reading import frozen_of

__all__ = ["frozen_of", "load_frozen_graph"]
