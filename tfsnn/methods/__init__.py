"""Conversion methods: one file for each paper."""

from tfsnn.methods import augmapping, data_norm, termapping
from tfsnn.methods.contract import (
    Method,
    NeuronPlan,
    Plan,
    make,
    method,
    methods,
    option,
    options,
)

__all__ = [
    "Method",
    "NeuronPlan",
    "Plan",
    "augmapping",
    "data_norm",
    "make",
    "method",
    "methods",
    "option",
    "options",
    "termapping",
]
