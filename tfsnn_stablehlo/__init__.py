"""Run what ``tfsnn export stablehlo`` wrote: with JAX, without TensorFlow.

::

    program = tfsnn_stablehlo.load("DIR")
    outputs = program.predict(x)              # a list, of each output (N, ...)
    print(tfsnn_stablehlo.evaluate(program, "test.npz"))

It needs NumPy and JAX, and Pillow for folders of images. It is a package of its own
because `tfsnn` imports TensorFlow.
"""

from tfsnn_stablehlo.data import Data, open_data
from tfsnn_stablehlo.errors import DataError, OptionError, ProgramError, RunError
from tfsnn_stablehlo.evaluation import Evaluation, Row, Totals, evaluate
from tfsnn_stablehlo.program import Program, load

__all__ = [
    "Data",
    "DataError",
    "Evaluation",
    "OptionError",
    "Program",
    "ProgramError",
    "Row",
    "RunError",
    "Totals",
    "evaluate",
    "load",
    "open_data",
]
