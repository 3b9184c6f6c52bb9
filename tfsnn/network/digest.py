"""Digests by which a model and its data are known again.

They are of what counts for the result: not of names, which Keras numbers anew in each
session, nor of the place of a file.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.data.samples import Data
from tfsnn.network.graph import Graph

NAMES = ("name", "inputs", "layer")  # of a node's fields; inputs are names too
BATCH = 256


def model_digest(graph: Graph) -> str:
    """Of the operations of a model, their connections and their weights."""
    digest = hashlib.sha256()
    places = {node.name: i for i, node in enumerate(graph)}
    for node in graph:
        fields = {k: v for k, v in node.to_config().items() if k not in NAMES}
        reads = [places[name] for name in node.inputs]
        structure = json.dumps([fields, reads], sort_keys=True, default=str)
        digest.update(structure.encode())
        for values in node.arrays().values():
            digest.update(np.ascontiguousarray(values).tobytes())
    digest.update(str([places[name] for name in graph.outputs]).encode())
    return digest.hexdigest()


def data_digest(spec: Any, data: Data) -> str:
    """Of the samples that `spec` names, opened as `data`.

    A file's is made of the checksums that it holds, a folder's of the names and sizes
    of its files, and that of a name in tensorflow-datasets is the opened name: none of
    them is read through. All else is.
    """
    digest = hashlib.sha256()
    path = Path(spec) if isinstance(spec, str | os.PathLike) else None
    if path is not None and path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file():
                entry = f"{file.relative_to(path)} {file.stat().st_size}\n"
                digest.update(entry.encode())
    elif path is not None and path.is_file():
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                entry = f"{member.filename} {member.CRC} {member.file_size}\n"
                digest.update(entry.encode())
    elif path is not None:
        digest.update(data.name.encode())
    else:
        for x, y in data.batches(BATCH):
            for values in (*(x.values() if isinstance(x, dict) else [x]), y):
                if values is not None:
                    digest.update(values.tobytes())
    return digest.hexdigest()
