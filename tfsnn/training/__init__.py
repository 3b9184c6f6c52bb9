"""Training: spiking networks that learn.

A converted network is made trainable with :func:`tunable`; then Keras' own ``compile``,
``fit``, callbacks and ``save`` do what they do for any model. Before conversion a
network is trained as :func:`quantised` returns it.
"""

from tfsnn.training.distillation import Distillation
from tfsnn.training.quantisation import Quantisation, quantisation
from tfsnn.training.quantised import quantised
from tfsnn.training.tunable import TunableModel, tunable

__all__ = [
    "Distillation",
    "Quantisation",
    "TunableModel",
    "quantisation",
    "quantised",
    "tunable",
]
