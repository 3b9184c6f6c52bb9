"""The commands of ``tfsnn export``: each module has the `command` of its name."""

from __future__ import annotations

FORMATS: tuple[str, ...] = (
    "saved_model",
    "stablehlo",
    "nir",
    "step",
    "openvino",
)
