"""The folder of results: a manifest, and shards that are whole or not there.

Shards are npz files: anybody reads them with NumPy alone, one column without the
others; the arrays have types and shapes; and the same arrays make the same bytes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import numpy as np

from tfsnn.errors import OutputError
from tfsnn.files import creating, replacing
from tfsnn.serve.bulk.batches import Samples
from tfsnn_numpy.json_text import check_form, read_json

Stored = dict[str, np.ndarray]  # the columns of a shard, by name
Judge = Callable[[Iterable[Stored]], dict[str, Any]]  # of all shards
MANIFEST, LABEL = "manifest.json", "label"
COMPARED = ("format", "model", "options", "samples", "data")
PART = re.compile(r"\.[0-9a-f]{8}\.part(\.npz|\.json)")  # left by a kill
SHOWN = 12  # characters of a digest in a message


class Entry(TypedDict):
    """What a manifest says of a source; the rest is compared, not used."""

    name: str
    bytes: NotRequired[Any]
    modified: NotRequired[Any]
    samples: int
    digest: str


class Manifest(TypedDict):
    """What a manifest has to hold to be one of predictions."""

    format: Any
    data: list[Entry]
    model: NotRequired[dict[str, Any]]
    options: NotRequired[dict[str, Any]]


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest in a folder, or None where there is none.

    Raises OutputError where it cannot be read, or is something else.
    """
    path = folder / MANIFEST
    try:
        found = read_json(path)
        check_form(found, Manifest)
        known = {entry["name"] for entry in found["data"]}
        if len(known) < len(found["data"]):
            raise ValueError("it names a file twice")
        return found
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise OutputError(f"{folder} is not a folder; give another path.") from error
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{path} cannot be read as the manifest of predictions ({error}); give "
            "another folder."
        ) from error


class Folder:
    """A folder of predicted shards, some of which may be there already."""

    def __init__(
        self, path: Path, samples: Samples, manifest: Mapping[str, Any]
    ) -> None:
        """Open the folder, or make it.

        Raises OutputError if it cannot be written, or holds predictions by another
        model, of other data, or with other options.
        """
        self.path, self.samples = path, samples
        self.manifest = {**manifest, "totals": None}
        try:
            path.mkdir(parents=True, exist_ok=True)
            there = read_manifest(path)
            if there is None:
                self._refuse_strangers()
                there = self._create()
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written ({error.strerror or error}); give another "
                "folder, or change its permissions."
            ) from error
        self._compare(there)
        self.manifest = there

    def _refuse_strangers(self) -> None:
        for name in sorted(os.listdir(self.path)):
            if name.startswith("shard-"):
                raise OutputError(
                    f"{self.path} holds {name} but no {MANIFEST}, so it is not known "
                    "what it is of; give another folder."
                )

    def _create(self) -> dict[str, Any]:
        """Write the manifest, unless another worker does at the same time."""
        with creating(self.path / MANIFEST) as part:
            _write_json(part, self.manifest)
        return read_manifest(self.path) or self.manifest

    def _compare(self, there: Mapping[str, Any]) -> None:
        here: Mapping[str, Any] = json.loads(json.dumps(self.manifest))
        found = [
            difference
            for key in COMPARED
            for difference in _differences(key, there.get(key), here[key])
        ]
        if found:
            more = f", and {len(found) - 3} more" if len(found) > 3 else ""
            raise OutputError(
                f"{self.path} holds predictions of something else, which differ in "
                f"{', '.join(found[:3])}{more}; give another folder, or the same "
                "arguments as before."
            )

    def name(self, shard: int) -> str:
        """Return the file name of a shard."""
        return f"shard-{shard:05d}-of-{self.samples.shards:05d}.npz"

    def missing(self) -> list[int]:
        """List the shards that are not there, in order."""
        there = set(os.listdir(self.path))
        return [k for k in range(self.samples.shards) if self.name(k) not in there]

    def write(self, shard: int, columns: Mapping[str, np.ndarray]) -> None:
        """Write a shard to the disk, whole or not at all.

        Raises OutputError if it cannot be written.
        """
        with (
            replacing(self.path / self.name(shard), overwrite=True) as part,
            part.open("wb") as file,
        ):
            np.savez(file, **columns)  # type: ignore[arg-type]  # of a stub
            file.flush()
            os.fsync(file.fileno())  # a name must not outlive its bytes

    def remove_parts(self, *suffixes: str) -> None:
        """Remove the files that killed processes left; nobody may be writing any."""
        for name in os.listdir(self.path):
            if PART.fullmatch(name) and name.endswith(suffixes):
                with suppress(FileNotFoundError):
                    (self.path / name).unlink()

    def finish(self, judge: Judge | None = None) -> dict[str, Any]:
        """Write the totals into the manifest, once all shards are there.

        Every sample is found in its shard, once. Raises OutputError where it is not.

        Args:
            judge: returns what the columns of all shards say of the outputs; None where
                there are no labels.
        """
        self.remove_parts(".npz")
        totals = self._totals()
        if judge is not None:
            totals |= judge(map(self._whole, range(self.samples.shards)))
        if self.manifest.get("totals") != totals:
            self.manifest = {**self.manifest, "totals": totals}
            with replacing(self.path / MANIFEST, overwrite=True) as part:
                _write_json(part, self.manifest)
        return totals

    def _totals(self) -> dict[str, Any]:
        samples = steps = 0
        counted = True
        for shard in range(self.samples.shards):
            found = self._columns(shard)
            samples += len(found["index"])
            counted = counted and "steps" in found
            steps += int(found["steps"].sum()) if counted else 0
        totals: dict[str, Any] = {"samples": samples, "shards": self.samples.shards}
        if counted:
            totals["mean_steps"] = steps / samples
        return totals

    def _whole(self, shard: int) -> Stored:
        """Read the outputs and labels of a shard."""
        return self._columns(shard, lambda key: key.startswith(("outputs", LABEL)))

    def _columns(
        self, shard: int, wanted: Callable[[str], bool] = ("steps").__eq__
    ) -> Stored:
        """Read some columns of a shard, small ones by default, and check them."""
        path = self.path / self.name(shard)
        try:
            with np.load(path) as stored:
                keys = [key for key in stored if key == "index" or wanted(key)]
                found = {key: stored[key] for key in keys}
            right = np.array_equal(
                found["index"], np.arange(*self.samples.bounds(shard))
            )
        # The readers of zip and npy raise any of these on damage.
        except Exception as error:
            raise _damaged(path, f"{type(error).__name__}: {error}") from error
        if not right:
            raise _damaged(path, "it holds other samples")
        return found


def _damaged(path: Path, reason: str) -> OutputError:
    return OutputError(
        f"{path} is damaged ({reason}); remove it and run again, which makes it anew."
    )


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def _differences(key: str, there: Any, here: Any) -> list[str]:
    if key == "data":
        return _data_differences(there, here)
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        names = [name for name in here if there.get(name) != here[name]]
        return [
            f"{key} {name} ({_shown(there.get(name))} there, {_shown(here[name])} now)"
            for name in names
        ]
    return [f"{key} ({there} there, {here} now)"] if there != here else []


def _data_differences(there: list[Any], here: list[Any]) -> list[str]:
    known = {entry.get("name"): entry for entry in there}
    current = {entry["name"]: entry for entry in here}
    found = [f"the file {name} (not there any more)" for name in known.keys() - current]
    found += [f"the file {name} (new)" for name in current.keys() - known]
    for name in known.keys() & current.keys():
        one, other = ({**e, "modified": None} for e in (known[name], current[name]))
        if one != other:
            found.append(f"the file {name} (changed)")
    if not found and list(known) != list(current):
        found.append("the order of the files")
    return sorted(found)


def _shown(value: Any) -> str:
    return value[:SHOWN] if isinstance(value, str) else json.dumps(value)
