"""NIR, the graph format of neuromorphic tools: written, and read back."""

from tfsnn.export.nir.reading import import_nir
from tfsnn.export.nir.writing import NirExport, export_nir

__all__ = ["NirExport", "export_nir", "import_nir"]
