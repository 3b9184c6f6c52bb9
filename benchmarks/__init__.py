"""Benchmarks of tfsnn and of other packages."""
