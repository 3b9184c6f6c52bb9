"""Training: spiking networks that learn."""

from tfsnn.training.strsbp.losses import FanInPenalty, SpikeCounts, boosted
from tfsnn.training.strsbp.model import SpikeTrainModel

__all__ = ["FanInPenalty", "SpikeCounts", "SpikeTrainModel", "boosted"]
