"""Models of TensorFlow.js as Keras models: a ``model.json`` and shards of weights.

Layers models are a Keras config; graph models are a graph of TensorFlow as JSON. Both
list their weights, whose bytes are in files beside.
"""

from __future__ import annotations

from tfsnn.sources.tfjs.file import load_tfjs

__all__ = ["load_tfjs"]
