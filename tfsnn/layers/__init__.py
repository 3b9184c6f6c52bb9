"""Keras layers for handmade spiking networks, and for networks to convert.

Layers of spikes work on sequences ``(B, T, ...)``: batch first, then time, as Keras's
recurrent layers do; :class:`OverTime` makes one of any other layer. The normalisations,
QCFS, RateNorm and FakeQuant are for networks that are converted.
"""

from tfsnn.layers.connections import GridConnections, RandomConnections
from tfsnn.layers.encode import (
    BernoulliRate,
    ConstantCurrent,
    DeterministicRate,
    PoissonTrains,
)
from tfsnn.layers.fake_quant import FakeQuant
from tfsnn.layers.hard_sigmoid import keras2_hard_sigmoid
from tfsnn.layers.integrate_fire import IntegrateFire
from tfsnn.layers.leaky import leaky_neuron
from tfsnn.layers.leaky_integrate_fire import LeakyIntegrateFire
from tfsnn.layers.locally_connected import LocallyConnected1D, LocallyConnected2D
from tfsnn.layers.max_pool import SpikingMaxPooling2D
from tfsnn.layers.model_rnn import ModelRNN
from tfsnn.layers.normalization import (
    BoundedWeightNormalization,
    L1BatchNormalization,
    LInfBatchNormalization,
    TopKBatchNormalization,
)
from tfsnn.layers.over_time import MeanOverTime, OverTime, threshold_dependent
from tfsnn.layers.qcfs import QCFS
from tfsnn.layers.quantize_dequantize import QuantizeDequantize
from tfsnn.layers.rate_norm import RateNorm
from tfsnn.layers.spiking import SpikingCell, SpikingDense, SpikingRecurrent

__all__ = [
    "QCFS",
    "BernoulliRate",
    "BoundedWeightNormalization",
    "ConstantCurrent",
    "DeterministicRate",
    "FakeQuant",
    "GridConnections",
    "IntegrateFire",
    "L1BatchNormalization",
    "LInfBatchNormalization",
    "LeakyIntegrateFire",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "MeanOverTime",
    "ModelRNN",
    "OverTime",
    "PoissonTrains",
    "QuantizeDequantize",
    "RandomConnections",
    "RateNorm",
    "SpikingCell",
    "SpikingDense",
    "SpikingMaxPooling2D",
    "SpikingRecurrent",
    "TopKBatchNormalization",
    "keras2_hard_sigmoid",
    "leaky_neuron",
    "threshold_dependent",
]
