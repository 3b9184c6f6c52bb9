"""The digest of data, which stays the same when its file is moved."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

from tfsnn_numpy.digest import Digest
from tfsnn_numpy.files import open_regular
from tfsnn_numpy.samples import Data

BATCH = 256


def data_digest(spec: Any, data: Data) -> str:
    """Return the digest of the samples that `spec` names, opened as `data`.

    The digest is made of the checksums in an npz file, the names and sizes of the files
    in a folder, or the name in tensorflow-datasets, without reading the samples. All
    other data is read.
    """
    digest = Digest()
    path = Path(spec) if isinstance(spec, str | os.PathLike) else None
    if path is not None and path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file():
                entry = f"{file.relative_to(path)} {file.stat().st_size}\n"
                digest.add(os.fsencode(entry))
    elif path is not None and path.is_file():
        with open_regular(path) as opened, zipfile.ZipFile(opened) as archive:
            for member in archive.infolist():
                entry = f"{member.filename} {member.CRC} {member.file_size}\n"
                digest.add(entry)
    elif path is not None:
        digest.add(data.name)
    else:
        for x, y in data.batches(BATCH):
            for values in (*(x.values() if isinstance(x, dict) else [x]), y):
                if values is not None:
                    digest.add(values.tobytes())
    return digest.hex()
