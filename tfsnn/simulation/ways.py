"""The ways to run a network on this machine, and which of them takes the least time.

What is fastest depends on the processor, its cores and the network, so it is measured:
a few ways, one after the other, on the first samples that come. What was found is kept
for the next time, in a file of :func:`tfsnn.files.cache_folder`.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from tfsnn.errors import OutputError
from tfsnn.files import cache_folder, replacing
from tfsnn.hardware.processor import instructions, processor_name
from tfsnn.simulation.threads import threads
from tfsnn_numpy.defaults import SIMULATORS
from tfsnn_numpy.digest import Digest

LOG = logging.getLogger(__name__)
MOST_SECONDS = 10.0  # after which no other way is tried
RUNS, LONG = 3, 1.0  # runs of which the fastest counts; one, where it takes LONG (s)
WORTH = 0.97  # what a way must come below, of the time of the best before it
HALVINGS = 3  # of a batch that is simulated in parts
KEPT, MOST_BYTES = 1000, 2**20  # ways in the file, and its size
PACKAGES = ("tfsnn", "tensorflow", "openvino")


class Way(NamedTuple):
    """How a batch is simulated.

    Attributes:
        engine: what simulates.
        samples: samples simulated at a time, at most.
        chunk: K, the steps that a layer takes at a time; None as the engine has it.
    """

    engine: str
    samples: int
    chunk: int | None

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.engine} ({self.at_a_time})"

    @property
    def at_a_time(self) -> str:
        """Say how many samples, and steps if that was chosen, are taken at a time."""
        steps = "" if self.chunk is None else f", {self.chunk} steps"
        return f"{self.samples} samples{steps} at a time"


class Ways:
    """The fastest ways of one network, by what is asked of it.

    A batch with fewer samples than one that was measured before follows that: the last
    batch of many has fewer.

    Attributes:
        chosen: the way of the last run; None if that was not measured.
    """

    chosen: Way | None = None

    def __init__(self, digest: Callable[[], str]) -> None:
        """Start without a way.

        Args:
            digest: returns the digest of the network, but for its weights.
        """
        self._digest = digest
        self._known: dict[str, tuple[int, Way]] = {}

    def fastest(
        self,
        asked: Sequence[Any],
        rows: int,
        search: Callable[[], Way],
    ) -> Way:
        """Return the way that takes the least time here; search it where none is known.

        Args:
            asked: what is asked of the network: T and what is observed.
            rows: the samples of the batch.
            search: measures some ways (:func:`fastest_of`).
        """
        about = json.dumps(asked)
        most, way = self._known.get(about, (0, None))
        if way is None or rows > most:
            key = Digest(self._digest(), _machine(), about, str(rows)).hex()
            way = recalled(key)
            if way is None:
                way = search()
                keep(key, way)
            self._known[about] = rows, way
        self.chosen = way
        return way


def fastest_of(
    first: Way,
    run: Callable[[Way], Any],
    engines: Iterable[str] = (),
    chunks: Iterable[int] = (),
) -> Way:
    """Measure some ways, and return that of the least time.

    First the engines; then, in the best of them, the batch in parts, each half as large
    as before, until that gains nothing; then the steps at a time.

    Args:
        first: the way to begin with, with all samples at a time.
        run: runs a batch in a way.
        engines: the other engines.
        chunks: other steps at a time.
    """
    began = time.perf_counter()
    best, least = first, _seconds(run, first)
    ways = [
        (first._replace(engine=engine) for engine in engines),
        (
            best._replace(samples=-(-first.samples // 2**n))
            for n in range(1, HALVINGS + 1)
            if first.samples >> n
        ),
        (best._replace(chunk=chunk) for chunk in chunks),
    ]
    for way in ways:
        for each in way:
            if time.perf_counter() - began > MOST_SECONDS:
                break
            seconds = _seconds(run, each)
            if seconds > WORTH * least:
                break
            best, least = each, seconds
    spent = time.perf_counter() - began
    LOG.info(f"measured for {spent:.1f} s: {best} is the fastest")
    return best


def _seconds(run: Callable[[Way], Any], way: Way) -> float:
    """Return the seconds of a run, after one that compiles."""
    run(way)
    taken: list[float] = []
    while not taken or (len(taken) < RUNS and taken[-1] < LONG):
        began = time.perf_counter()
        run(way)
        taken.append(time.perf_counter() - began)
    return min(taken)


def recalled(key: str) -> Way | None:
    """Return the way that was kept; None if there is none, or none that can be read."""
    found = _kept().get(key)
    if not isinstance(found, list) or len(found) != len(Way._fields):
        return None
    engine, samples, chunk = found
    whole = [n for n in (samples, chunk) if n is not None]
    right = all(isinstance(n, int) and n > 0 for n in whole) and samples is not None
    return Way(engine, samples, chunk) if right and engine in SIMULATORS else None


def keep(key: str, way: Way) -> None:
    """Keep a way for other processes, if that is wanted and can be."""
    path = _file()
    if path is None:
        return
    kept = {**_kept(), key: list(way)}
    last = dict(list(kept.items())[-KEPT:])
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(path, overwrite=True) as part:
            part.write_text(json.dumps(last), encoding="utf-8")
    except (OSError, OutputError) as error:
        LOG.info(f"what was measured is not kept: {error}")


def _kept() -> dict[str, Any]:
    """Return what the file has; nothing where it is not what was written."""
    path = _file()
    try:
        if path is None or path.stat().st_size > MOST_BYTES:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _file() -> Path | None:
    folder = cache_folder()
    return None if folder is None else folder / "ways.json"


def _machine() -> str:
    """Return what the times depend on beside the network."""
    return json.dumps(
        [
            processor_name(),
            sorted(instructions()),
            os.cpu_count(),
            threads(),
            list(map(_version, PACKAGES)),
        ]
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
