"""Training: spiking networks that learn."""

from tfsnn.training.balance import Balance, BalancedLayer, balance
from tfsnn.training.losses import EachStep, OfMean

__all__ = ["Balance", "BalancedLayer", "EachStep", "OfMean", "balance"]
