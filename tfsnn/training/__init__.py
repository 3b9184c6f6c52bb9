"""Training: spiking networks that learn.

A converted network is made trainable with :func:`tunable`; then Keras' own ``compile``,
``fit``, callbacks and ``save`` do what they do for any model. With rate norm layers
(:func:`rate_normed`, :func:`rate_inference`) a network is trained before conversion.
"""

from tfsnn.training.budget import OperationBudget, SpikeBudget
from tfsnn.training.distillation import Distillation
from tfsnn.training.rate_inference import rate_inference, rate_normed
from tfsnn.training.rate_tolerance import RateTolerance
from tfsnn.training.tunable import TunableModel, tunable
from tfsnn.training.tune import tune
from tfsnn.training.tuning import Tuning, TuningSettings

__all__ = [
    "Distillation",
    "OperationBudget",
    "RateTolerance",
    "SpikeBudget",
    "TunableModel",
    "Tuning",
    "TuningSettings",
    "rate_inference",
    "rate_normed",
    "tunable",
    "tune",
]
"""Training: spiking networks that learn."""

from tfsnn.training.strsbp.losses import FanInPenalty, SpikeCounts, boosted
from tfsnn.training.strsbp.model import SpikeTrainModel

__all__ = ["FanInPenalty", "SpikeCounts", "SpikeTrainModel", "boosted"]
