"""Where networks come from: files become Keras models, Keras models graphs."""

from tfsnn.sources.keras_model.part import part
from tfsnn.sources.keras_model.walk import import_model
from tfsnn.sources.opening import load_model

__all__ = ["import_model", "load_model", "part"]
