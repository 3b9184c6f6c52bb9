"""Benchmarks of networks that learn to spike."""
