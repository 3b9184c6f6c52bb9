"""The families of operations that no layer is made of: why, and what to do instead.

Together with the translators this decides on each of TensorFlow's operations. A family
has the names of its members, or a pattern where TensorFlow itself names them alike.
"""

from __future__ import annotations

from tfsnn.sources.saved_model.families.around import AROUND, COMPILERS, LOOKUPS, TEXT
from tfsnn.sources.saved_model.families.computations import COMPUTATIONS
from tfsnn.sources.saved_model.families.family import Family

__all__ = ["FAMILIES", "LOOKUPS", "TEXT", "Family", "family_of"]

# The first family that has an operation decides.
FAMILIES = (*AROUND, *COMPUTATIONS, COMPILERS)


def family_of(kind: str) -> Family | None:
    """Return the family that a type of operations is refused with, if it has one."""
    return next((family for family in FAMILIES if kind in family), None)
