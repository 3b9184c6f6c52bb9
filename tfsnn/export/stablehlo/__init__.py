"""StableHLO programs, which run without TensorFlow on what XLA compiles for."""

from tfsnn.export.stablehlo.writing import ExportedProgram, export_stablehlo

__all__ = ["ExportedProgram", "export_stablehlo"]
