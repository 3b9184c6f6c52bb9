"""Export of a whole simulation as a model of OpenVINO."""

from __future__ import annotations

from tfsnn.export.openvino.writing import ExportedOpenVINO, export_openvino

__all__ = ["ExportedOpenVINO", "export_openvino"]
