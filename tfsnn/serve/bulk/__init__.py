"""Predict data larger than memory, in shards."""
