"""Training: spiking networks that learn.

A converted network is made trainable with :func:`tunable`; then Keras' own ``compile``,
``fit``, callbacks and ``save`` do what they do for any model. :func:`tune` does all of
it. Before conversion a network is trained as :func:`quantised` returns it, which
:func:`train_quantised` does in whole, or with rate norm layers (:func:`rate_normed`,
:func:`rate_inference`). Networks of one's own, of the layers of
:mod:`tfsnn.layers`, learn with the losses here, and :class:`SpikeTrainModel` is one
that learns by ST-RSBP.
"""

from tfsnn.training.balance import Balance, BalancedLayer, balance
from tfsnn.training.budget import OperationBudget, SpikeBudget
from tfsnn.training.distillation import Distillation
from tfsnn.training.losses import EachStep, OfMean
from tfsnn.training.quantisation import Quantisation, quantisation
from tfsnn.training.quantised import quantised
from tfsnn.training.quantised_training import QuantisedSettings, QuantisedTraining
from tfsnn.training.rate_inference import rate_inference, rate_normed
from tfsnn.training.rate_tolerance import RateTolerance
from tfsnn.training.run import LearningSettings
from tfsnn.training.strsbp.losses import FanInPenalty, SpikeCounts, boosted
from tfsnn.training.strsbp.model import SpikeTrainModel
from tfsnn.training.train_quantised import train_quantised
from tfsnn.training.tunable import TunableModel, tunable
from tfsnn.training.tune import tune
from tfsnn.training.tuning import Tuning, TuningSettings

__all__ = [
    "Balance",
    "BalancedLayer",
    "Distillation",
    "EachStep",
    "FanInPenalty",
    "LearningSettings",
    "OfMean",
    "OperationBudget",
    "Quantisation",
    "QuantisedSettings",
    "QuantisedTraining",
    "RateTolerance",
    "SpikeBudget",
    "SpikeCounts",
    "SpikeTrainModel",
    "TunableModel",
    "Tuning",
    "TuningSettings",
    "balance",
    "boosted",
    "quantisation",
    "quantised",
    "rate_inference",
    "rate_normed",
    "train_quantised",
    "tunable",
    "tune",
]
