"""Time and memory of a simulation."""
