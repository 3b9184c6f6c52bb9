"""SavedModels for TF Serving, with signatures, input forms, warm-up and a guide."""

from tfsnn.export.saved_model.writing import ExportedModel, export_saved_model

__all__ = ["ExportedModel", "export_saved_model"]
