"""Benchmarks: figures of tfsnn, of other packages, and how they were measured."""
