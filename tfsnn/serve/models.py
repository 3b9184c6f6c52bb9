"""The models of a folder: their newest versions, loaded as they appear.

As in TF Serving by default, a new version is loaded and warmed up while the older one
answers; then requests go to the new version, and the older is unloaded once it has
answered those that it had. A new version that is broken changes nothing; it is tried
again once its files have changed, for they may have been copied here piece by piece.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tfsnn.errors import ModelError, TfsnnError
from tfsnn.serve.errors import NoModelError
from tfsnn.serve.folders import contents, find_models, number_of
from tfsnn.serve.servable import Servable, State
from tfsnn.serve.version import SavedModelVersion, Version
from tfsnn.serve.warmup import warm_up
from tfsnn_numpy.defaults import NUM_VERSIONS

log = logging.getLogger(__name__)


class Models:
    """The models that a server answers for, by name and version.

    Any thread may read; only one at a time may :meth:`refresh`.
    """

    def __init__(
        self,
        folder: Path,
        num_versions: int = NUM_VERSIONS,
        load: Callable[[Path], Version] = SavedModelVersion,
    ) -> None:
        """Load the newest versions of every model.

        Args:
            folder: what :func:`tfsnn.serve.folders.find_models` looks into.
            num_versions: versions of each model that are served, the newest ones.
            load: function that loads a version from where it lies.

        Raises:
            ModelError: if the folder has no model, or a version cannot be loaded.
        """
        self._folder, self._num_versions, self._loaded = folder, num_versions, load
        self._servables: dict[str, dict[int, Servable]] = {}
        self._lock = threading.Lock()  # guards states, uses, and the dicts
        self._closed = threading.Event()
        self._logged: dict[str, str] = {}
        for name, folders in find_models(folder).items():
            for servable in self._aspired(name, folders):
                self._load(servable)

    @property
    def names(self) -> dict[str, list[int]]:
        """The numbers of the versions that answer, by model name, rising."""
        with self._lock:
            return {name: sorted(self._available(name)) for name in self._servables}

    def version(self, name: str, number: int | None) -> Version:
        """Return the version of this number, or the latest.

        Raises:
            NoModelError: if it is not served.
        """
        with self._lock:
            return self._chosen(name, number).version

    @contextmanager
    def using(self, name: str, number: int | None) -> Iterator[Version]:
        """Yield the version of this number, or the latest, and keep it loaded.

        Raises:
            NoModelError: if it is not served.
        """
        with self._lock:
            servable = self._chosen(name, number)
            servable.uses += 1
        try:
            yield servable.version
        finally:
            with self._lock:
                servable.uses -= 1

    def states(self, name: str, number: int | None) -> list[Servable]:
        """Return copies of one version's record, or of all, the latest first.

        Raises:
            NoModelError: if there is no such version, or no version at all.
        """
        with self._lock:
            known = self._servables.get(name, {})
            if number is None and not known:
                raise NoModelError(f"Could not find any versions of model {name}")
            if number is not None and number not in known:
                raise NoModelError(f"Could not find version {number} of model {name}")
            chosen = sorted(known, reverse=True) if number is None else [number]
            return [dataclasses.replace(known[n]) for n in chosen]

    def watch(self, seconds: float) -> None:
        """Refresh every `seconds` seconds, until :meth:`close`."""
        while not self._closed.wait(min(seconds, threading.TIMEOUT_MAX)):
            try:
                self.refresh()
            except Exception as error:  # a bug here must not stop what is loaded
                self._log_once("watch", f"{type(error).__name__}: {error}", error)

    def close(self) -> None:
        """End a watch; a warm-up request that runs is finished first."""
        self._closed.set()

    def refresh(self) -> None:
        """Load new versions, let them answer, and unload older ones.

        An error is logged once, and versions that are loaded go on answering.
        """
        try:
            found = find_models(self._folder)
        except (ModelError, OSError) as error:
            self._log_once("", f"{error}. What is loaded goes on answering.")
            return
        self._logged.pop("", None)
        aspired = {name: self._aspired(name, paths) for name, paths in found.items()}
        for name, servables in aspired.items():
            for servable in servables:
                if servable.state is State.START and not self._closed.is_set():
                    self._try(servable)
            self._retire(name, servables)
        self._unload()

    def _available(self, name: str) -> dict[int, Servable]:
        known = self._servables.get(name, {})
        return {n: s for n, s in known.items() if s.state is State.AVAILABLE}

    def _chosen(self, name: str, number: int | None) -> Servable:
        available = self._available(name)
        if not available or number not in (None, *available):
            asked = f"Latest({name})" if number is None else f"({name}, {number})"
            kind = "" if number is None else "Specific"
            raise NoModelError(f"Servable not found for request: {kind}{asked}")
        return available[max(available) if number is None else number]

    def _aspired(self, name: str, folders: list[Path]) -> list[Servable]:
        """Return the versions that should answer, latest first; START means new."""
        aspired = []
        for folder in reversed(folders[-self._num_versions :]):
            number = number_of(folder)
            servable = self._servables.get(name, {}).get(number)
            if servable is None or servable.renewable:
                servable = Servable(name, folder)
                with self._lock:
                    self._servables.setdefault(name, {})[number] = servable
            aspired.append(servable)
        return aspired

    def _try(self, servable: Servable) -> None:
        model, number = servable.model, servable.number
        servable.tried = contents(servable.folder)
        try:
            self._load(servable)
        except Exception as error:  # no file may end the older version's answers
            with self._lock:
                servable.record_failure(error)
                others = sorted(self._available(model))
            goes_on = f"version {others[-1]} goes on" if others else "no version does"
            self._log_once(
                f"{model} {number}",
                f"{model}: version {number} does not answer, {goes_on}: "
                f"{servable.error_message}",
                None if isinstance(error, TfsnnError) else error,
            )
        else:
            self._logged.pop(f"{model} {number}", None)
            log.info("%s: version %d answers", model, number)

    def _load(self, servable: Servable) -> None:
        """Load a version and warm it up.

        Raises:
            ModelError: if the version cannot be loaded or warmed up.
        """
        servable.state = State.LOADING
        version = self._loaded(servable.folder)
        try:
            warm_up(version, servable.folder, self._closed.is_set)
        except BaseException:
            version.close()
            raise
        with self._lock:
            servable.version, servable.state = version, State.AVAILABLE

    def _retire(self, name: str, aspired: list[Servable]) -> None:
        """Give other versions no more requests, once one of the aspired answers."""
        with self._lock:
            if any(servable.state is State.AVAILABLE for servable in aspired):
                for servable in self._available(name).values():
                    if servable not in aspired:
                        servable.state = State.UNLOADING

    def _unload(self) -> None:
        """Unload the retired versions that have answered all their requests."""
        with self._lock:
            idle = [
                servable
                for versions in self._servables.values()
                for servable in versions.values()
                if servable.state is State.UNLOADING and not servable.uses
            ]
        for servable in idle:
            servable.version.close()
            with self._lock:
                servable.version, servable.state = None, State.END
            log.info("%s: version %d is unloaded", servable.model, servable.number)

    def _log_once(
        self, subject: str, message: str, trace: Exception | None = None
    ) -> None:
        """Log a message, unless it was the last one logged for the subject."""
        if self._logged.get(subject) != message:
            self._logged[subject] = message
            log.warning("%s", message, exc_info=trace)
