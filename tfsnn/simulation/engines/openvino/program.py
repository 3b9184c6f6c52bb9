"""Compiled programs: how they are compiled, kept on disk, and run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfsnn.files import cache_folder
from tfsnn.simulation.engines.openvino.lowering import (
    LoweredModel,
    guard_joins,
    lowered_model,
    openvino,
)
from tfsnn.simulation.threads import threads

# Programs on disk may take so many bytes; those that were not used for longest go.
CACHE_BYTES = 2**31
# Potentials have float32: a processor with bfloat16 would have OpenVINO round them.
SETTINGS: dict[str, Any] = {
    "INFERENCE_PRECISION_HINT": "f32",
    "PERFORMANCE_HINT": "LATENCY",
    "ENABLE_CPU_PINNING": False,
}
NOT_FUSED = {"SNIPPETS_MODE": "DISABLE"}
# Results, and what is joined and read elsewhere as well, are multiplied by this
# argument, which OpenVINO (2026.4) cannot leave out. Otherwise it lets such a tensor
# lie in the memory of what it is joined to, and reads it when that was given away.
ONE = np.ones((), np.float32)


@cache
def _core() -> Any:
    return openvino().Core()


class Lowered(NamedTuple):
    """A function of nests of tensors as a model, whose first argument is :data:`ONE`.

    Attributes:
        model: the model, and the places of arguments and results in it.
        form: a nest of the form of the function's result.
        sources: where each tensor of that comes from: the number of an argument, or,
            behind these, that of a result of the model.
    """

    model: LoweredModel
    form: Any
    sources: list[int]


def lowered_function(
    function: Callable[[Any], Any], given: Any, leaves: Sequence[np.ndarray]
) -> Lowered:
    """Trace a function and lower it.

    Args:
        function: takes and returns nests of tensors.
        given: a nest of the form of its argument.
        leaves: arrays of the shapes and types of the argument.

    Raises:
        NotLowered: if OpenVINO cannot run the function.
        MissingPackageError: if it is not installed.
    """
    form: list[Any] = []
    sources: list[int] = []

    def flat(one: Any, *tensors: Any) -> list[Any]:
        result = function(tf.nest.pack_sequence_as(given, tensors))
        form.append(tf.nest.map_structure(lambda _: 0, result))
        known = {id(tensor): number for number, tensor in enumerate(tensors)}
        computed = []
        for leaf in map(tf.convert_to_tensor, tf.nest.flatten(result)):
            if id(leaf) not in known:
                known[id(leaf)] = len(known)
                computed.append(leaf)
            sources.append(known[id(leaf)])
        return [leaf * tf.cast(one, leaf.dtype) for leaf in computed]

    specs = [
        tf.TensorSpec(leaf.shape, tf.as_dtype(leaf.dtype), f"input_{number}")
        for number, leaf in enumerate([ONE, *leaves])
    ]
    model = lowered_model(flat, specs)
    guard_joins(model)
    return Lowered(model, form[0], sources)


class Program:
    """A function of tensors, compiled by OpenVINO for one shape of its argument.

    Attributes:
        form: a nest of the form of the function's result.
    """

    def __init__(self, lowered: Lowered) -> None:
        """Compile a lowered function."""
        self.form, self._sources = lowered.form, lowered.sources
        self._inputs, self._outputs = lowered.model.inputs, lowered.model.outputs
        compiled = compiled_model(lowered.model.model)
        self._request = compiled.create_infer_request()
        self._lock = threading.Lock()  # a request has one set of tensors

    def __call__(self, leaves: Sequence[np.ndarray]) -> list[tf.Tensor]:
        """Run the program, and return new tensors."""
        feed = {
            place: leaf
            for place, leaf in zip(self._inputs, [ONE, *leaves], strict=True)
            if place is not None
        }
        with self._lock:
            # Views of memory that the next run writes to: copied once, to tensors.
            found = self._request.infer(feed, share_inputs=True, share_outputs=True)
            known = [*leaves, *(found[output] for output in self._outputs)]
            return [tf.constant(known[source]) for source in self._sources]


def compiled_model(model: Any) -> Any:
    """Compile a model for the CPU, and keep the result on disk."""
    kept, settings = cache_folder(), dict(SETTINGS)
    if told := threads():
        settings["INFERENCE_NUM_THREADS"] = told
    if kept is None:
        return _compiled(model, settings)
    folder = kept / "openvino"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = _compiled(model, {**settings, "CACHE_DIR": str(folder)})
    trim(folder)
    return made


def _compiled(model: Any, settings: dict[str, Any]) -> Any:
    """Compile a model, without fusing where fused operations need many registers."""
    try:
        return _core().compile_model(model, "CPU", settings)
    except RuntimeError as error:  # OpenVINO has no other
        if "not enough registers" not in str(error):
            raise
    return _core().compile_model(model, "CPU", {**settings, **NOT_FUSED})


def trim(folder: Path, most: int = CACHE_BYTES) -> None:
    """Delete the files of a folder that were not used for longest, down to a size."""
    files = [(path.stat(), path) for path in folder.glob("*.blob")]
    files.sort(key=lambda each: max(each[0].st_atime, each[0].st_mtime))
    total = sum(stat.st_size for stat, _ in files)
    for stat, path in files:
        if total <= most:
            return
        path.unlink(missing_ok=True)
        total -= stat.st_size
