"""Training: spiking networks that learn.

A converted network is made trainable with :func:`tunable`; then Keras' own ``compile``,
``fit``, callbacks and ``save`` do what they do for any model. :func:`tune` does all of
it. With rate norm layers (:func:`rate_normed`, :func:`rate_inference`) a network is
trained before conversion. Networks of one's own, of the layers of
:mod:`tfsnn.layers`, learn with the losses here, and :class:`SpikeTrainModel` is one
that learns by ST-RSBP.
"""

from tfsnn.training.balance import Balance, BalancedLayer, balance
from tfsnn.training.budget import OperationBudget, SpikeBudget
from tfsnn.training.distillation import Distillation
from tfsnn.training.losses import EachStep, OfMean
from tfsnn.training.rate_inference import rate_inference, rate_normed
from tfsnn.training.rate_tolerance import RateTolerance
from tfsnn.training.strsbp.losses import FanInPenalty, SpikeCounts, boosted
from tfsnn.training.strsbp.model import SpikeTrainModel
from tfsnn.training.tunable import TunableModel, tunable
from tfsnn.training.tune import tune
from tfsnn.training.tuning import Tuning, TuningSettings

__all__ = [
    "Balance",
    "BalancedLayer",
    "Distillation",
    "EachStep",
    "FanInPenalty",
    "OfMean",
    "OperationBudget",
    "RateTolerance",
    "SpikeBudget",
    "SpikeCounts",
    "SpikeTrainModel",
    "TunableModel",
    "Tuning",
    "TuningSettings",
    "balance",
    "boosted",
    "rate_inference",
    "rate_normed",
    "tunable",
    "tune",
]
