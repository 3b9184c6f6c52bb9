"""Where networks come from: files become Keras models, Keras models graphs."""

from tfsnn.sources.keras_model.elements import import_elements, is_recurrent
from tfsnn.sources.keras_model.part import part
from tfsnn.sources.keras_model.walk import import_model
from tfsnn.sources.opening import load_model

__all__ = ["import_elements", "import_model", "is_recurrent", "load_model", "part"]
