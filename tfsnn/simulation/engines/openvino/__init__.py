"""The engine ``openvino``: a simulation as one program that OpenVINO compiles.

The simulation is traced as TensorFlow runs it, its loop written out, and lowered node
by node (:mod:`tfsnn.simulation.engines.openvino.kinds`); OpenVINO fuses what TensorFlow
passes over memory for. What it cannot run, TensorFlow does.
"""

from __future__ import annotations

from tfsnn.simulation.compiled import COMPILERS
from tfsnn.simulation.engines.openvino.kinds import lowers
from tfsnn.simulation.engines.openvino.simulation import simulation_in_openvino

__all__ = ["lowers"]

COMPILERS["openvino"] = simulation_in_openvino
