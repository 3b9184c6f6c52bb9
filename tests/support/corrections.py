"""A graph and its spiking one, to be corrected by simulation."""

import numpy as np

from tfsnn.conversion import methods
from tfsnn.conversion.normalize import normalize_with_units
from tfsnn.conversion.plan import Corrections
from tfsnn.conversion.statistics import calibrate
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model

EVERYTHING = Corrections(weights=True, bias=True, potential=True)


def pair(model, x, name="opi", **options):
    """The ANN's graph, and the spiking one with its units; the steps."""
    ann = simplify(import_model(model))
    made = methods.make(name, {"timesteps": 4, **options})
    plan = made.plan(ann, calibrate(ann, [x]))
    return ann, normalize_with_units(ann, plan)


def copies(graph):
    return [{k: np.array(v) for k, v in node.arrays().items()} for node in graph]
