"""From a trained network to a spiking one: statistics, methods, corrections."""
