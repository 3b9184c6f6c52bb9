"""Measure the time and memory of simulations."""
