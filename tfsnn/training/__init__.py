"""Training: spiking networks that learn.

A converted network is made trainable with :func:`tunable`; then Keras' own ``compile``,
``fit``, callbacks and ``save`` do what they do for any model.
"""

from tfsnn.training.budget import OperationBudget, SpikeBudget
from tfsnn.training.distillation import Distillation
from tfsnn.training.tunable import TunableModel, tunable
from tfsnn.training.tune import tune
from tfsnn.training.tuning import Tuning, TuningSettings

__all__ = [
    "Distillation",
    "OperationBudget",
    "SpikeBudget",
    "TunableModel",
    "Tuning",
    "TuningSettings",
    "tunable",
    "tune",
]
