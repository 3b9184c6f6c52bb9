"""Packages brought by ``pip download`` and ``npm pack``, and unpacked, not installed.

A source package of PyPI runs its ``setup.py`` when pip downloads it; nothing else of a
package is run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PIP = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
NPM = ["npm", "pack", "--silent"]


def unpacked(package: str, folder: Path) -> Path:
    """Return the folder of an unpacked package; it is brought if it is not there.

    Args:
        package: ``NAME==VERSION`` of PyPI or ``NAME@VERSION`` of npm.
        folder: where packages are kept.

    Raises:
        subprocess.CalledProcessError: if the package cannot be had.
    """
    target = folder / re.sub(r"[^\w.=-]+", "-", package).strip("-")
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        archive = _brought(package, Path(place))
        inside = Path(place) / "unpacked"
        kind = "zip" if archive.suffix == ".whl" else None
        if kind is None:
            shutil.unpack_archive(archive, inside, filter="data")
        else:
            shutil.unpack_archive(archive, inside, kind)
        inside.rename(target)
    return target


def _brought(package: str, place: Path) -> Path:
    """Download a package into an empty folder; return its archive."""
    command = [*PIP, "--dest", ".", package] if "==" in package else [*NPM, package]
    subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)
    (archive,) = [path for path in place.iterdir() if path.is_file()]
    return archive


def located(root: Path, pattern: str) -> Path:
    """Return the only path below `root` that matches a glob pattern.

    Raises:
        FileNotFoundError: if none or several do.
    """
    found = sorted(root.glob(pattern))
    if len(found) != 1:
        raise FileNotFoundError(
            f"{root.name}: {len(found)} paths match {pattern}, expected one"
        )
    return found[0]
