"""Exports of spiking networks for other programs, one module for each format.

The packages of the extras `nir`, `onnx` and `openvino` are imported on use.
"""

from tfsnn.export.nir import NirExport, export_nir
from tfsnn.export.openvino import ExportedOpenVINO, export_openvino
from tfsnn.export.saved_model import ExportedModel, export_saved_model
from tfsnn.export.stablehlo import ExportedProgram, export_stablehlo
from tfsnn.export.step import ExportedStep, export_step

__all__ = [
    "ExportedModel",
    "ExportedOpenVINO",
    "ExportedProgram",
    "ExportedStep",
    "NirExport",
    "export_nir",
    "export_openvino",
    "export_saved_model",
    "export_stablehlo",
    "export_step",
]
