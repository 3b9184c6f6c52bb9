"""Reading a signature of a SavedModel as data: its operations and its variables."""

from __future__ import annotations

import functools
from pathlib import Path

from tfsnn.sources.parts import WHOLE, Part
from tfsnn.sources.saved_model.ends import ends_of
from tfsnn.sources.saved_model.file import read_meta_graph
from tfsnn.sources.saved_model.frozen import Frozen
from tfsnn.sources.saved_model.loops import frozen_with_loops, without_loops
from tfsnn.sources.saved_model.refusals import Operations
from tfsnn.sources.saved_model.signature import choose_signature
from tfsnn.sources.saved_model.variables import Variables


def read_frozen(path: Path, part: Part = WHOLE) -> Frozen:
    """Read what a signature computes; nothing of the SavedModel is loaded or run.

    Args:
        path: the folder that holds ``saved_model.pb``.
        part: the signature, the part of it that is the network, and input shapes.

    Raises:
        ModelError: if the folder is damaged or has no such signature.
        UnsupportedError: if the signature reaches operations that are not known to
            compute and do no more; it names them all.
    """
    meta_graph = read_meta_graph(path)
    chosen = choose_signature(meta_graph, part.signature)
    graph_def = meta_graph.graph_def
    variables = functools.cache(lambda: Variables(path, meta_graph))
    found = without_loops(
        graph_def, lambda program: ends_of(program, chosen, part), variables
    )
    Operations(found.program, found.trace).check()
    return frozen_with_loops(found, variables(), graph_def.versions)
