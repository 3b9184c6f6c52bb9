"""Run programs of ``tfsnn export stablehlo`` with JAX, without TensorFlow.

::

    program = tfsnn_stablehlo.load("DIR")
    outputs = program.predict(x)              # a list, of each output (N, ...)
    print(tfsnn_stablehlo.evaluate(program, "test.npz"))

It needs NumPy and JAX, and Pillow for folders of images. It is a package of its own
because `tfsnn` imports TensorFlow.
"""

from tfsnn_numpy.errors import DataError, OptionError, TfsnnError
from tfsnn_numpy.opening import open_data
from tfsnn_numpy.results import Row
from tfsnn_numpy.samples import Data
from tfsnn_stablehlo.evaluation import Evaluation, evaluate
from tfsnn_stablehlo.manifest import ProgramError
from tfsnn_stablehlo.program import Program, load

__all__ = [
    "Data",
    "DataError",
    "Evaluation",
    "OptionError",
    "Program",
    "ProgramError",
    "Row",
    "TfsnnError",
    "evaluate",
    "load",
    "open_data",
]
