"""Keras layers for spiking networks of one's own.

All work on sequences ``(B, T, ...)``: batch first, then time, as Keras' recurrent
layers do.
"""

from tfsnn.layers.encode import BernoulliRate, ConstantCurrent, DeterministicRate
from tfsnn.layers.integrate_fire import IntegrateFire
from tfsnn.layers.max_pool import SpikingMaxPooling2D

__all__ = [
    "BernoulliRate",
    "ConstantCurrent",
    "DeterministicRate",
    "IntegrateFire",
    "SpikingMaxPooling2D",
]
