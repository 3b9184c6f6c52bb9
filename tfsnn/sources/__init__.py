"""Where networks come from: files to Keras models, Keras models to graphs."""

from tfsnn.sources.keras_model.walk import import_model
from tfsnn.sources.opening import load_model

__all__ = ["import_model", "load_model"]
