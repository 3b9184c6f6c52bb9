"""The digest by which data is known again, wherever its file lies."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

from tfsnn_numpy.samples import Data

BATCH = 256


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
