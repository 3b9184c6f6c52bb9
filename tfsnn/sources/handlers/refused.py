"""Layers that cannot be converted, each with the reason and the way out."""

from __future__ import annotations

from keras import layers

from tfsnn.sources.handlers.registry import refuse

refuse(
    "it is Python code: make it a layer class and register a handler with "
    "@tfsnn.handles, or use keras.ops in the Functional model",
    layers.Lambda,
)
refuse(
    "it reads text or looks values up: do so before the model, which takes numbers",
    layers.TextVectorization,
    layers.StringLookup,
    layers.IntegerLookup,
    layers.Hashing,
    layers.HashedCrossing,
    layers.CategoryEncoding,
    layers.Discretization,
)
refuse(
    "it runs a SavedModel as a black box: give tfsnn the SavedModel itself",
    layers.TFSMLayer,
)
