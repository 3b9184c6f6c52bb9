"""Measure the training of spiking networks."""
