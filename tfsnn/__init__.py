"""Convert trained Keras networks into spiking neural networks.

::

    .keras / .h5 / SavedModel / keras.Model
       | sources        any of them -> keras.Model -> Graph, layer by layer
       | network        Graph of nodes and neurons; passes simplify it, outputs stay
       | conversion
       |   calibrate    one streaming sweep of the ANN over data -> Statistics
       |   method.plan  Statistics -> Plan: threshold, potential, coefficient per node
       |   normalize    Plan written into the weights: thresholds become 1
    SpikingModel (a keras.Model)
       |   <- training  fit as any Keras model: by mean rates, or through time
       | simulation     the one tf.while_loop over time, run by one of the engines
       |- analysis      accuracy, spikes and operations; compare, choose, diagnose
       |- hardware      the energy that the operations cost on a device
       |- export        SavedModel, StableHLO and NIR, for servers, XLA and other tools
       `- serve         a server for exported models, and prediction in bulk

Packages of an extra are imported when they are used (:mod:`tfsnn.extras`).
"""

from importlib.metadata import version

from tfsnn import callbacks, export, layers, surrogates, training
from tfsnn.analysis import plot
from tfsnn.analysis.choose.choice import Choice
from tfsnn.analysis.choose.choose import choose
from tfsnn.analysis.choose.settings import Search
from tfsnn.analysis.compare.compare import compare
from tfsnn.analysis.compare.settings import Contest
from tfsnn.analysis.diagnose import diagnose
from tfsnn.analysis.early_exit import ExitCalibration, calibrate_exit
from tfsnn.analysis.evaluate import evaluate
from tfsnn.analysis.for_target import convert_for
from tfsnn.analysis.neurobench import neurobench
from tfsnn.analysis.page import report_page
from tfsnn.analysis.verify import verify
from tfsnn.conversion import methods
from tfsnn.conversion.calibration import Calibration, calibration
from tfsnn.conversion.convert import convert
from tfsnn.conversion.from_layers import from_layers
from tfsnn.conversion.settings import CalibrationSettings
from tfsnn.data import OverTime, open_data
from tfsnn.errors import (
    CalibrationError,
    DataError,
    ModelError,
    OptionError,
    OutputError,
    TfsnnError,
    UnsupportedError,
    WorkerError,
)
from tfsnn.export.nir import import_nir
from tfsnn.hardware import energy, targets
from tfsnn.serve.bulk.predict import BulkPrediction, predict_files
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.trace import Trace
from tfsnn.sources import load_model, part
from tfsnn.sources.fit_target import fit_target
from tfsnn.sources.handlers import handles
from tfsnn.sources.inspect import inspect_model

__version__ = version("tfsnn")

__all__ = [
    "BulkPrediction",
    "Calibration",
    "CalibrationError",
    "CalibrationSettings",
    "Choice",
    "Contest",
    "DataError",
    "ExitCalibration",
    "ExitRule",
    "ModelError",
    "OptionError",
    "OutputError",
    "OverTime",
    "Search",
    "SpikingModel",
    "TfsnnError",
    "Trace",
    "UnsupportedError",
    "WorkerError",
    "calibrate_exit",
    "calibration",
    "callbacks",
    "choose",
    "compare",
    "convert",
    "convert_for",
    "diagnose",
    "energy",
    "evaluate",
    "export",
    "fit_target",
    "from_layers",
    "handles",
    "import_nir",
    "inspect_model",
    "layers",
    "load_model",
    "methods",
    "neurobench",
    "open_data",
    "part",
    "plot",
    "predict_files",
    "report_page",
    "surrogates",
    "targets",
    "training",
    "verify",
]
