"""Benchmarks of networks that are trained with spikes."""
