"""Keras models: reading files, translation to graphs, forward passes of the ANN."""
