"""Training: spiking networks that learn.

A converted network is made trainable with :func:`tunable`; then Keras' own ``compile``,
``fit``, callbacks and ``save`` do what they do for any model. Networks of one's own are
made of :mod:`tfsnn.layers`.
"""

from tfsnn.training.balance import Balance, BalancedLayer, balance
from tfsnn.training.losses import EachStep, OfMean
from tfsnn.training.tunable import TunableModel, tunable

__all__ = [
    "Balance",
    "BalancedLayer",
    "EachStep",
    "OfMean",
    "TunableModel",
    "balance",
    "tunable",
]
