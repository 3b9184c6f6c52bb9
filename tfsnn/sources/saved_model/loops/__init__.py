"""Loops of a graph that go through the places of sequences, as recurrent layers do.

TensorFlow keeps such a layer as a ``While`` of two functions, its condition and its
step. A loop whose steps can be counted beforehand, and which reads and writes the
places of sequences in order, is written out, step by step, as plain operations. What
the graph's own loop computes is so known without running it. The step alone is kept
beside that: rebuilt, it is the step of one layer for the whole loop.
"""

from tfsnn.sources.saved_model.loops.record import frozen_with_loops
from tfsnn.sources.saved_model.loops.search import Found, without_loops

__all__ = ["Found", "frozen_with_loops", "without_loops"]
