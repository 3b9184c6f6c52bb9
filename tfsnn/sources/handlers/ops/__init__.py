"""Handlers of ``keras.ops`` in Functional models, ``x + y`` included."""

from tfsnn.sources.handlers.ops import (
    algebra,
    arithmetic,
    elementwise,
    movement,
    reduce,
)

__all__ = ["algebra", "arithmetic", "elementwise", "movement", "reduce"]
