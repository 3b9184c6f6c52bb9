"""A spiking graph over time: its steps, the loop, early exit, and the Keras model."""
