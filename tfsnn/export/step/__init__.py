"""One time step of a network as a program, for runtimes that have no loops."""

from tfsnn.export.step.writing import ExportedStep, export_step

__all__ = ["ExportedStep", "export_step"]
