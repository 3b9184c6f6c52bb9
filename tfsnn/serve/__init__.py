"""A development server of spiking networks, with the REST API of TF Serving."""

from tfsnn.serve.server import serve

__all__ = ["serve"]
