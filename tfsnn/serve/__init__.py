"""A development server for exported SavedModels, with the REST API of TF Serving."""

from tfsnn.serve.server import serve

__all__ = ["serve"]
