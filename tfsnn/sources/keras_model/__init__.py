"""Keras models: files to models, models to graphs, and one forward pass of the ANN."""
