"""Training: spiking networks that learn."""

from tfsnn.training.rate_inference import rate_inference, rate_normed
from tfsnn.training.rate_tolerance import RateTolerance

__all__ = ["RateTolerance", "rate_inference", "rate_normed"]
