"""Reading a signature of a SavedModel as data: its operations and its variables."""

from __future__ import annotations

from pathlib import Path

from tfsnn.sources.saved_model.file import read_meta_graph
from tfsnn.sources.saved_model.freeze import freeze
from tfsnn.sources.saved_model.frozen import Frozen
from tfsnn.sources.saved_model.program import Program
from tfsnn.sources.saved_model.refusals import Operations
from tfsnn.sources.saved_model.signature import choose_signature
from tfsnn.sources.saved_model.trace import trace
from tfsnn.sources.saved_model.variables import Variables


def read_frozen(path: Path, signature: str | None = None) -> Frozen:
    """Read what a signature computes; nothing of the SavedModel is loaded or run.

    Args:
        path: the folder that holds ``saved_model.pb``.
        signature: name of the signature; ``serving_default``, or the only one, if not
            given.

    Raises:
        ModelError: if the folder is damaged or has no such signature.
        UnsupportedError: if the signature reaches operations that are not known to
            compute and do no more; it names them all.
    """
    meta_graph = read_meta_graph(path)
    chosen = choose_signature(meta_graph, signature)
    program = Program(meta_graph.graph_def)
    found = trace(program, chosen)
    Operations(program, found).check()
    variables = Variables(path, meta_graph)
    return freeze(chosen, found, variables, meta_graph.graph_def.versions)
