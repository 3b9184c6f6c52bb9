"""Checkpoints of a training run: one file, written whole or not at all."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.errors import ModelError, OptionError
from tfsnn.files import replacing

WEIGHTS, OPTIMISER, BEST = "weights", "optimiser", "best"


@dataclass
class Checkpoint:
    """The state of a training run between two steps.

    Attributes:
        run: what the run was started with, JSON; another run is not continued.
        weights: the variables of the model: weights, and states of random generators.
        optimiser: those of the optimiser, its number of steps among them.
        best: the weights with the best score so far.
        facts: all else, JSON.
    """

    run: Mapping[str, Any]
    weights: Sequence[np.ndarray]
    optimiser: Sequence[np.ndarray]
    best: Sequence[np.ndarray]
    facts: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the file in the place of an earlier one, in one step.

        Raises:
            OutputError: if that fails, as on a full disk; the earlier one is there
                still.
        """
        parts = {WEIGHTS: self.weights, OPTIMISER: self.optimiser, BEST: self.best}
        arrays = {
            f"{part}/{number}": values
            for part, held in parts.items()
            for number, values in enumerate(held)
        }
        text = json.dumps({"run": self.run, "facts": self.facts})
        with replacing(path, overwrite=True) as file:
            arrays["state"] = np.array(text)
            np.savez(file, **arrays)  # type: ignore[arg-type]

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read a file.

        Raises:
            ModelError: for a file that is no checkpoint.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                state = json.loads(str(file["state"]))
                parts = {
                    part: _numbered(file, part) for part in (WEIGHTS, OPTIMISER, BEST)
                }
                return cls(
                    state["run"],
                    parts[WEIGHTS],
                    parts[OPTIMISER],
                    parts[BEST],
                    state["facts"],
                )
        except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise ModelError(
                f"{path} is no checkpoint of a training run, or damaged: remove it to "
                "start anew"
            ) from error

    def refuse_another(self, run: Mapping[str, Any], path: Path) -> None:
        """Refuse to continue with other settings than the run was started with.

        Raises:
            OptionError: that says what differs.
        """
        wanted = json.loads(json.dumps(dict(run)))
        keys = {*wanted, *self.run}
        differ = sorted(k for k in keys if wanted.get(k) != self.run.get(k))
        if differ:
            raise OptionError(
                f"{path} is the checkpoint of another run: it differs in "
                f"{', '.join(differ)} ({self.run.get(differ[0])!r} there, "
                f"{wanted.get(differ[0])!r} now). Give the same arguments to continue "
                "it, or remove the file to start anew"
            )


def _numbered(file: Any, part: str) -> list[np.ndarray]:
    count = sum(name.startswith(f"{part}/") for name in file.files)
    return [file[f"{part}/{number}"] for number in range(count)]
