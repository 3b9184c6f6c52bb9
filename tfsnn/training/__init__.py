"""Training: spiking networks that learn.

A converted network is made trainable with :func:`tunable`; then Keras' own ``compile``,
``fit``, callbacks and ``save`` do what they do for any model. Before conversion a
network is trained as :func:`quantised` returns it.
"""

from tfsnn.training.budget import OperationBudget, SpikeBudget
from tfsnn.training.distillation import Distillation
from tfsnn.training.quantisation import Quantisation, quantisation
from tfsnn.training.quantised import quantised
from tfsnn.training.quantised_training import QuantisedSettings, QuantisedTraining
from tfsnn.training.train_quantised import train_quantised
from tfsnn.training.tunable import TunableModel, tunable
from tfsnn.training.tune import tune
from tfsnn.training.tuning import Tuning, TuningSettings

__all__ = [
    "Distillation",
    "OperationBudget",
    "Quantisation",
    "QuantisedSettings",
    "QuantisedTraining",
    "SpikeBudget",
    "TunableModel",
    "Tuning",
    "TuningSettings",
    "quantisation",
    "quantised",
    "train_quantised",
    "tunable",
    "tune",
]
