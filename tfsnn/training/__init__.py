"""Training: spiking networks that learn."""

from tfsnn.training.balance import Balance, BalancedLayer, balance
from tfsnn.training.losses import EachStep, OfMean
from tfsnn.training.strsbp.losses import FanInPenalty, SpikeCounts, boosted
from tfsnn.training.strsbp.model import SpikeTrainModel

__all__ = [
    "Balance",
    "BalancedLayer",
    "EachStep",
    "FanInPenalty",
    "OfMean",
    "SpikeCounts",
    "SpikeTrainModel",
    "balance",
    "boosted",
]
