"""Training: spiking networks that learn."""
