"""A network out of a public package: where it is, and what it is measured on."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("networks.toml")


@dataclass(frozen=True)
class Network:
    """A row of ``networks.toml``.

    Attributes:
        name: the key of the row.
        about: what the network tells, and of what; in a few words.
        package: the package that holds it, and its version: ``NAME==VERSION`` of PyPI,
            ``NAME@VERSION`` of npm.
        licence: the licence of the package.
        file: the model file or folder in the unpacked package.
        samples: the recipe of the samples (:data:`benchmarks.real.samples.RECIPES`);
            None where none is known.
        options: the arguments of the recipe.
        needs: packages that hold what the samples are made of.
        unpack: what makes a model file of `file`
            (:data:`benchmarks.real.unpacking.UNPACK`); None if it is one.
        load: arguments of :func:`tfsnn.load_model`.
        task: the task that the outputs are judged by, one for all or by output; found
            from the network where it is not given.
        settings: conversions beside the one with the defaults: arguments of
            :func:`tfsnn.convert`; `samples`, arguments of the recipe.
        given: whether this is one of the networks that were chosen before any was
            tried; the others were found later.
        note: what a reader has to know, such as why it is refused for good.
    """

    name: str
    about: str
    package: str
    licence: str
    file: str
    samples: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    needs: Sequence[str] = ()
    unpack: str | None = None
    load: Mapping[str, Any] = field(default_factory=dict)
    task: Any = None
    settings: Sequence[Mapping[str, Any]] = ()
    given: bool = False
    note: str = ""

    @property
    def title(self) -> str:
        """The package without its version."""
        return title(self.package)


def title(package: str) -> str:
    """Return the name of a package without its version."""
    return package.split("==")[0] if "==" in package else package.rpartition("@")[0]


def networks() -> dict[str, Network]:
    """Read the table: networks by name, in its order."""
    rows = tomllib.loads(TABLE.read_text())
    return {name: Network(name, **row) for name, row in rows.items()}
