"""Prediction of data larger than memory, in shards
(:mod:`tfsnn.serve.bulk.predict`)."""
