"""The settings of a comparison: its methods, their options, T and samples."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfsnn.analysis.comparison import ComparedRow
from tfsnn.conversion.methods import make
from tfsnn.conversion.methods import methods as registered
from tfsnn.conversion.methods.alphabet import Alphabet, alphabet_of, options_for, parse
from tfsnn.errors import OptionError
from tfsnn.hardware.energy import EnergyModel, profile
from tfsnn.simulation.engines import check_engine
from tfsnn_numpy.checks import check_count, check_counts
from tfsnn_numpy.defaults import BATCH_SIZE, ENERGY_PROFILE, TIMESTEPS
from tfsnn_numpy.tasks import Wanted


@dataclass(frozen=True)
class Contest:
    """The settings of :func:`tfsnn.compare`: what is compared, and how.

    Attributes:
        methods: names, in a sequence or separated by commas; "all" for every method
            that can send the alphabet, at every T that it supports.
        timesteps: the values of T; each method is converted for each of them.
        alphabet: that of spikes (:func:`tfsnn.conversion.methods.alphabet.parse`); each
            method's own if None.
        options: the options of methods, by method. Of one that has several values, a
            sequence or a text with commas, each is compared, with each of the others.
        limit: the most samples to evaluate.
        batch_size: samples simulated at a time.
        energy: an energy model or its name (:mod:`tfsnn.hardware.energy`).
        engine: name of the engine that runs the networks
            (:mod:`tfsnn.simulation.engines`); their own if None.
        task: what the outputs answer (:mod:`tfsnn_numpy.tasks`), one for all or by
            output; found from heads, shapes and labels if None.
        output: folder of results. Each finished row is kept there at once, and not
            computed again in the same comparison; in the end it holds compare.csv,
            compare.json and compare.svg.
        overwrite: whether to start anew in a folder that holds another comparison.

    Raises:
        OptionError: for unknown methods, options, alphabets or energy models, and for
            what :func:`contestants` refuses.
    """

    methods: str | Sequence[str] = "all"
    timesteps: Sequence[int] = TIMESTEPS
    alphabet: str | None = None
    options: Mapping[str, Mapping[str, Any]] | None = None
    limit: int | None = None
    batch_size: int = BATCH_SIZE
    energy: str | EnergyModel = ENERGY_PROFILE
    engine: str | None = None
    task: Wanted = None
    output: str | os.PathLike[str] | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        check_count("batch_size", self.batch_size)
        check_engine(self.engine)
        object.__setattr__(self, "energy", profile(self.energy))
        self.contestants()

    def contestants(self) -> tuple[list[ComparedRow], tuple[str, ...]]:
        """List the rows to measure, and say in sentences what is left out."""
        return contestants(self.methods, self.timesteps, self.alphabet, self.options)


def contestants(
    methods: str | Sequence[str] = "all",
    timesteps: Sequence[int] = TIMESTEPS,
    alphabet: str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[list[ComparedRow], tuple[str, ...]]:
    """List the rows of a comparison to measure, and say what is left out.

    A method that cannot send the alphabet, or does not support a T, is left out with a
    sentence that says so if `methods` is "all"; a named one has a row with an error.

    Raises:
        OptionError: for unknown methods, options, or alphabets, impossible values, an
            option that contradicts the alphabet, and if nothing is left to compare.
    """
    steps = check_counts("timesteps", timesteps)
    named = methods != "all"
    listed = methods.split(",") if isinstance(methods, str) else methods
    names = list(dict.fromkeys(listed)) if named else list(registered())
    wanted = None if alphabet is None else parse(alphabet)
    given = dict(options or {})
    if unknown := [name for name in given if name not in names]:
        raise OptionError(
            f"options are given for {', '.join(unknown)}, which is not compared; "
            f"compared: {', '.join(names) or 'nothing'}"
        )
    rows: list[ComparedRow] = []
    left_out: list[str] = []
    for name in names:
        of_method = [
            row
            for options in each_of(given.get(name, {}))
            for row in _rows(name, options, wanted, steps)
        ]
        if named:
            rows += of_method
            continue
        rows += [row for row in of_method if row.error is None]
        if failing := [row for row in of_method if row.error is not None]:
            left_out.append(_sentence(failing))
    if not rows:
        raise OptionError(f"nothing is left to compare: {'; '.join(left_out)}")
    return rows, tuple(left_out)


def each_of(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Go through the options of a method with each of their values."""
    values = []
    for value in given.values():
        if isinstance(value, str):
            value = value.split(",")
        values.append(value if isinstance(value, list | tuple) else [value])
    for chosen in itertools.product(*values):
        yield dict(zip(given, chosen, strict=True))


def _rows(
    name: str, given: Mapping[str, Any], alphabet: Alphabet | None, steps: Sequence[int]
) -> list[ComparedRow]:
    if "timesteps" in given:
        raise OptionError(
            f"{name}: timesteps cannot be set by -o: give --timesteps (timesteps=...)"
        )
    made = make(name, given)
    chosen = {key: getattr(made, key) for key in given}
    if alphabet is not None:
        needed = options_for(type(made), alphabet)
        if needed is None:
            reason = f"it cannot send {alphabet.text} spikes"
            return [ComparedRow(name, chosen, None, None, error=reason)]
        for key, value in needed.items():
            if chosen.get(key, value) != value:
                raise OptionError(
                    f"{name}: {key}={chosen[key]} contradicts the alphabet "
                    f"{alphabet.text}, for which it is {value}: leave one of them out"
                )
        chosen = {**needed, **chosen}
        made = make(name, chosen)
    rows = []
    for t in steps:
        error: str | None = None
        try:
            make(name, {**chosen, "timesteps": t})
        except OptionError as impossible:
            error = str(impossible)
        rows.append(ComparedRow(name, chosen, alphabet_of(made), t, error=error))
    return rows


def _sentence(rows: list[ComparedRow]) -> str:
    """Say at which T one method is left out, and why."""
    steps = ", ".join(str(row.timesteps) for row in rows if row.timesteps is not None)
    return f"left out: {rows[0].method}{steps and f' at T={steps}'} ({rows[0].error})"
