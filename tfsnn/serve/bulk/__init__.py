"""Prediction of data larger than memory, in shards."""
