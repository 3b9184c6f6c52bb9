"""Exports of spiking networks for other programs, one module for each format.

The package of the extra `nir` is imported on use.
"""

from tfsnn.export.nir import NirExport, export_nir
from tfsnn.export.saved_model import ExportedModel, export_saved_model
from tfsnn.export.stablehlo import ExportedProgram, export_stablehlo

__all__ = [
    "ExportedModel",
    "ExportedProgram",
    "NirExport",
    "export_nir",
    "export_saved_model",
    "export_stablehlo",
]
