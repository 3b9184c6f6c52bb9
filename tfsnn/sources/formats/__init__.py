"""The kinds of files and folders that hold a model, in the order of asking.

A kind is told by the first bytes or by what a folder holds, and by its suffix where
these are damaged. Each has a file here, with how it is recognised and loaded; those
that tfsnn does not read say what they are and how to go on.
"""

from __future__ import annotations

from tfsnn.sources.formats import frozen_graph, keras_file, saved_model, tfjs
from tfsnn.sources.formats.foreign import FOREIGN
from tfsnn.sources.formats.form import Format

READ: tuple[Format, ...] = (
    saved_model.FORMAT,
    keras_file.FORMAT,
    tfjs.FORMAT,
    frozen_graph.FORMAT,
)
# What is read ends with suffixes, which others may have; what is not, with first bytes.
FORMATS: tuple[Format, ...] = (*FOREIGN, *READ)
NAMES = ", ".join(format.name for format in READ[:-1]) + f", or {READ[-1].name}"

__all__ = ["FORMATS", "NAMES", "READ", "Format"]
