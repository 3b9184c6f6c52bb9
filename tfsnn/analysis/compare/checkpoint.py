"""A file of a comparison's finished rows, from which a stopped comparison goes on.

One line of JSON for each row: ``{"settings": ..., "samples": ..., "outputs": ...,
"row": ...}``. Settings say what was compared on what; rows of other settings are never
mixed. A line that was cut off, by a kill or a full disk, is dropped on reading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, TypedDict

from tfsnn.analysis.comparison import ComparedOutput, ComparedRow
from tfsnn.errors import OutputError
from tfsnn.files import check_output, lock
from tfsnn_numpy.files import read_regular
from tfsnn_numpy.json_text import MOST_BYTES, check_form, parse_json

ROWS = "rows.jsonl"
RESULTS = ("compare.csv", "compare.json", "compare.svg")
SHOWN = 12  # characters of a digest in a message


@dataclass(frozen=True)
class FinishedRow:
    """A row, the samples that it was evaluated on, and the tasks of its outputs."""

    row: ComparedRow
    samples: int
    outputs: tuple[ComparedOutput, ...]


class Line(TypedDict):
    """The form of a line of the file."""

    settings: dict[str, Any]
    row: ComparedRow
    samples: int
    outputs: list[ComparedOutput]


class Rows:
    """The finished rows of one comparison, in a folder or in memory only."""

    def __init__(
        self,
        folder: Path | None,
        settings: Mapping[str, Any],
        *,
        overwrite: bool = False,
    ) -> None:
        """Open or make the folder, and read the finished rows in it.

        Raises:
            OutputError: if the folder cannot be made, another comparison is writing
                there, or it holds rows of other settings or results of something else
                and `overwrite` is not set.
        """
        self.settings = dict(settings)
        self._rows: dict[str, FinishedRow] = {}
        self._file: IO[str] | None = None
        if folder is None:
            return
        path = folder / ROWS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            started = path.exists() and not overwrite
            for name in RESULTS:
                check_output(folder / name, overwrite=started or overwrite)
            self._file = path.open("a", encoding="utf-8")
            lock(self._file, f"another comparison is writing to {folder}")
            self._file.truncate(self._read(path) if started else 0)
        except OutputError:
            self.close()
            raise
        except OSError as error:
            raise _unwritable(path, error) from error

    def _read(self, path: Path) -> int:
        """Read the rows in the file; return the number of bytes in whole lines."""
        content = read_regular(path, MOST_BYTES)
        whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[:whole].splitlines(), 1):
            try:
                entry = parse_json(line)
                check_form(entry, Line)
                settings = entry.pop("settings")
                outputs = tuple(ComparedOutput(**each) for each in entry["outputs"])
                row = ComparedRow(**entry["row"])
                finished = FinishedRow(row, entry["samples"], outputs)
            except ValueError as error:
                raise OutputError(
                    f"{path} is damaged: line {number} is not a row of a comparison; "
                    "give another folder, or use --overwrite (overwrite=True)"
                ) from error
            self._compare(path, settings)
            self._rows[_key(finished.row)] = finished
        return whole

    def _compare(self, path: Path, there: Mapping[str, Any]) -> None:
        names = [*self.settings, *(set(there) - set(self.settings))]
        differing = [
            f"{name} ({_shown(there.get(name))} there, "
            f"{_shown(self.settings.get(name))} now)"
            for name in names
            if there.get(name) != self.settings.get(name)
        ]
        if differing:
            raise OutputError(
                f"{path.parent} holds a comparison of something else, which differs in "
                f"{', '.join(differing)}; give another folder, or use --overwrite "
                "(overwrite=True) to replace it"
            )

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, row: ComparedRow) -> FinishedRow | None:
        """Return the finished row of the same method, options and T, or None."""
        return self._rows.get(_key(row))

    def add(self, finished: FinishedRow) -> None:
        """Keep a row, and write the whole of it to the file.

        Raises:
            OutputError: if it cannot be written.
        """
        self._rows[_key(finished.row)] = finished
        if self._file is None:
            return
        line = json.dumps({"settings": self.settings, **asdict(finished)})
        try:
            self._file.write(line + "\n")
            self._file.flush()
        except OSError as error:
            raise _unwritable(Path(self._file.name), error) from error

    def close(self) -> None:
        """Close the file; all rows are in it already."""
        if self._file is not None:
            with suppress(OSError):  # the error of a failed write, once more
                self._file.close()


def _key(row: ComparedRow) -> str:
    return json.dumps([row.method, row.options, row.timesteps], sort_keys=True)


def _shown(value: Any) -> str:
    return value[:SHOWN] if isinstance(value, str) else json.dumps(value)


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path} cannot be written ({error.strerror or error}); free some space, or "
        "give another folder"
    )
