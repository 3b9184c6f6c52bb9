"""Measure servers with many callers, and prediction of many images."""
