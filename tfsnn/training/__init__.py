"""Training: spiking networks that learn.

A converted network is made trainable with :func:`tunable`; then Keras' own ``compile``,
``fit``, callbacks and ``save`` do what they do for any model.
"""

from tfsnn.training.distillation import Distillation
from tfsnn.training.tunable import TunableModel, tunable

__all__ = ["Distillation", "TunableModel", "tunable"]
