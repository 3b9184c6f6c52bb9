"""Writing and reading NIR, the graph format of neuromorphic tools."""

from tfsnn.export.nir.reading import import_nir
from tfsnn.export.nir.writing import NirExport, export_nir

__all__ = ["NirExport", "export_nir", "import_nir"]
