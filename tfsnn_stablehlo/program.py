"""An exported program, loaded and compiled for a device that JAX sees."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfsnn_numpy.errors import DataError, OptionError
from tfsnn_numpy.files import read_regular
from tfsnn_numpy.private_apis import COMPILE_OPTIONS, DEVICE_ASSIGNMENT, DEVICE_LIST
from tfsnn_numpy.tasks import Output
from tfsnn_stablehlo.manifest import EVALUATE, PREDICT, ProgramError, read_manifest

OVER_TIME, COUNTS = "outputs over time", "counts"  # roles of results
MOST_BYTES = 2**33  # of a file of an exported folder, which is read whole
CALL = b"custom_call"  # of code that is not in the program; no exported one has it


class Observed(NamedTuple):
    """What a run of "evaluate" observed.

    Attributes:
        over_time: each output after each step, ``(T, B, ...)``.
        counts: counts by node, ``(S, B, 4)``.
    """

    over_time: list[np.ndarray]
    counts: dict[str, np.ndarray]


class Program:
    """The exported programs of a folder, each compiled on first use.

    Attributes:
        path: path of the folder.
        manifest: the folder's manifest, as it was read.
        device: the device of JAX that computes.
    """

    def __init__(
        self,
        path: Path,
        manifest: dict[str, Any],
        device: Any,
        weights: Mapping[str, Any] | None = None,
    ) -> None:
        """Hold a folder that :func:`load` has read.

        `weights` by name, on the device, stand in for those of the folder.
        """
        self.path, self.manifest, self.device = path, manifest, device
        self._weights: dict[str, Any] = dict(weights or {})
        self._compiled: dict[str, Any] = {}

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """The inputs, in order: name and shape for one sample."""
        return {x["name"]: tuple(x["shape"]) for x in self.manifest["inputs"]}

    @property
    def whole_inputs(self) -> frozenset[str]:
        """The names of the inputs that take integers."""
        return frozenset(x["name"] for x in self.manifest["inputs"] if x["whole"])

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs that are evaluated, as far as judging them needs to know."""
        known = self.manifest.get("outputs") or [
            {"name": y["name"], "shape": y["shape"][2:]}  # of an older program
            for y in self.manifest["programs"][EVALUATE]["results"]
            if y["role"] == OVER_TIME
        ]
        return tuple(
            Output(
                output["name"],
                tuple(output["shape"]),
                output.get("head", "linear"),
                output.get("like_input", False),
            )
            for output in known
        )

    @property
    def hints(self) -> dict[str, tuple[str]]:
        """What the outputs probably answer, by output."""
        known = self.manifest.get("outputs", ())
        return {y["name"]: (y["task"],) for y in known if y.get("task")}

    def observed(self, results: Sequence[np.ndarray]) -> Observed:
        """Sort the results of a run of "evaluate" by what they are."""
        roles = [y["role"] for y in self.manifest["programs"][EVALUATE]["results"]]
        named = list(zip(roles, results, strict=True))
        nodes = [node["node"] for node in self.manifest["evaluation"]["counted"]]
        counts = [values for role, values in named if role == COUNTS]
        return Observed(
            [values for role, values in named if role == OVER_TIME],
            dict(zip(nodes, counts[0], strict=True)) if counts else {},
        )

    @property
    def timesteps(self) -> int:
        """The number of time steps T of every run."""
        return self.manifest["timesteps"]

    @property
    def batch_size(self) -> int:
        """The number of samples of one run; fewer are filled up with zeros."""
        return self.manifest["batch_size"]

    def predict(self, x: Any) -> list[np.ndarray]:
        """Return the outputs ``(N, ...)`` of any number of samples ``(N, *input)``.

        Several inputs are a dict by name, or a list in order.
        """
        feed = self._feed(x)
        count = len(next(iter(feed.values())))
        parts = [
            self.run(PREDICT, {k: v[i : i + self.batch_size] for k, v in feed.items()})
            for i in range(0, count, self.batch_size)
        ]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    def run(self, name: str, x: Any) -> list[np.ndarray]:
        """Return the results of one run, for up to :attr:`batch_size` samples.

        Args:
            name: "predict" or "evaluate".
            x: samples ``(N, *input)``; zeros that fill up the batch give no results.
        """
        feed = self._feed(x)
        count = len(next(iter(feed.values())))
        if count > self.batch_size:
            raise DataError(
                f"{count} samples given, the program takes {self.batch_size}: give "
                "fewer at a time, or export it with a larger --batch-size"
            )
        axes = (
            {"output": 0, "outputs over time": 1, "counts": 2}[result["role"]]
            for result in self.manifest["programs"][name]["results"]
        )
        try:
            started = self.start(name, {k: self._filled(v) for k, v in feed.items()})
            results = [np.asarray(y) for y in started]
        except RuntimeError as error:  # XLA's, for lack of memory or a lost device
            reason = str(error).strip().splitlines()[0]
            raise ProgramError(
                f"{self.path} stopped on {self.device} ({reason}); where memory does "
                "not suffice, export it with a smaller --batch-size"
            ) from error
        return [
            y[(slice(None),) * axis + (slice(count),)]
            for y, axis in zip(results, axes, strict=True)
        ]

    def start(self, name: str, feed: Mapping[str, Any]) -> list[Any]:
        """Start one run of whole batches by name; its JAX arrays may not be done."""
        import jax

        arguments = self.manifest["programs"][name]["arguments"]
        if name not in self._compiled:
            self._compiled[name] = self._compile(name)
        weights = self._on_device(a["name"] for a in arguments if a["role"] == "weight")
        inputs = [
            jax.device_put(feed[a["name"]], self.device)
            for a in arguments
            if a["role"] == "input"
        ]
        run = self._compiled[name].execute_sharded([*weights, *inputs])
        return [shards[0] for shards in run.disassemble_into_single_device_arrays()]

    def _compile(self, name: str) -> Any:
        file = self.path / self.manifest["programs"][name]["file"]
        code = _contents(file)
        if CALL in code:
            raise ProgramError(
                f"{file} calls code that is not in it, as no program of tfsnn export "
                "stablehlo does: export the network again"
            )
        options = COMPILE_OPTIONS.get()()
        where = np.array([[self.device.id]])
        options.device_assignment = DEVICE_ASSIGNMENT.get().create(where)
        client = self.device.client
        try:
            if hasattr(client, "compile_and_load"):  # JAX 0.6 and later
                devices = DEVICE_LIST.get()((self.device,))
                return client.compile_and_load(code, devices, options)
            return client.compile(code, options)
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ProgramError(
                f"{self.path / name} cannot be compiled for {self.device} ({reason}); "
                "try a newer JAX, or another --device"
            ) from error

    def _on_device(self, names: Any) -> list[Any]:
        """Return the weights on the device, which both programs share."""
        import jax

        wanted = list(names)
        missing = [name for name in wanted if name not in self._weights]
        if missing:
            content = _contents(self.path / self.manifest["weights"])
            with np.load(io.BytesIO(content)) as stored:
                for name in missing:
                    self._weights[name] = jax.device_put(stored[name], self.device)
        return [self._weights[name] for name in wanted]

    def _feed(self, x: Any) -> dict[str, np.ndarray]:
        inputs = self.inputs
        if isinstance(x, Mapping):
            given = dict(x)
        else:
            values = list(x) if isinstance(x, list | tuple) else [x]
            given = dict(zip(inputs, values, strict=False))
        if given.keys() != inputs.keys():
            raise DataError(
                f"the program takes {', '.join(inputs)}: give a list in that order, or "
                "a dict by name"
            )
        feed = {name: np.asarray(given[name], np.float32) for name in inputs}
        for name, array in feed.items():
            if array.ndim == 0 or array.shape[1:] != inputs[name]:
                raise DataError(
                    f"the input {name} has shape {array.shape}; expected (N, "
                    f"{', '.join(map(str, inputs[name]))})"
                )
        if len({len(array) for array in feed.values()}) > 1:
            raise DataError(
                "the inputs differ in their number of samples: give each sample a row "
                "in every input"
            )
        return feed

    def _filled(self, values: np.ndarray) -> np.ndarray:
        lacking = self.batch_size - len(values)
        if not lacking:
            return values
        return np.pad(values, [(0, lacking)] + [(0, 0)] * (values.ndim - 1))


def load(path: str | os.PathLike[str], device: str | None = None) -> Program:
    """Open a folder that ``tfsnn export stablehlo`` wrote.

    Args:
        path: path of the folder, whose files are checked for damage.
        device: "cpu", "cuda" (or "gpu") or "tpu", or one of several as in "cuda:1";
            JAX's first choice if None.

    Raises:
        ProgramError: for a folder that cannot be read, and without JAX.
        OptionError: for a device that JAX does not see.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    for name, digest in manifest["sha256"].items():
        if hashlib.sha256(_contents(folder / name)).hexdigest() != digest:
            raise ProgramError(
                f"{folder / name} is not what was exported: it is damaged or was "
                "changed; export the network again"
            )
    return Program(folder, manifest, _device(device))


def _contents(path: Path) -> bytes:
    try:
        return read_regular(path, MOST_BYTES)
    except OSError as error:
        raise ProgramError(
            f"{path} cannot be read ({error.strerror or error}); export the network "
            "again"
        ) from error


def _device(wanted: str | None) -> Any:
    try:
        import jax
    except ImportError as error:
        raise ProgramError(
            "running StableHLO needs JAX, which is not installed: pip install jax (for "
            "GPU or TPU: pip install 'jax[cuda12]' or 'jax[tpu]')"
        ) from error
    try:
        if wanted is None:
            return jax.devices()[0]
        platform, _, number = wanted.partition(":")
        return jax.devices(platform)[int(number or 0)]
    except (RuntimeError, ValueError, IndexError) as error:
        seen = ", ".join(f"{d.platform}:{d.id}" for d in jax.devices())
        raise OptionError(f"device={wanted!r}: JAX sees {seen}; take one") from error
