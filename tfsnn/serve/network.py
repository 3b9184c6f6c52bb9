"""A version that is the ``.keras`` file of a spiking network, run by an engine.

It has the signatures of an exported network
(:mod:`tfsnn.export.saved_model.signatures`) that need no more than the network:
``serving_default``, ``outputs_only`` and ``anytime``, of float32 numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.export.saved_model.input_forms import InputForm
from tfsnn.export.saved_model.signatures import (
    ANYTIME,
    DEFAULT,
    EVENTS,
    OUTPUTS_ONLY,
    input_names,
    output_names,
)
from tfsnn.serve.folders import networks, number_of
from tfsnn.serve.signature import PREDICT, Arrays, Signature
from tfsnn.serve.version import SavedModelVersion, Version
from tfsnn.simulation.compiled import TENSORFLOW
from tfsnn.simulation.frames import refuse_still
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn.sources import load_model

GROWTH = 4  # between the sizes of batches that an engine compiles


@dataclass(frozen=True)
class Loader:
    """Loads versions: SavedModels for TensorFlow, networks for an engine.

    Attributes:
        engine: what simulates networks, as :attr:`tfsnn.SpikingModel.engine`.
        max_batch_size: the most samples of a batch.
    """

    engine: str
    max_batch_size: int

    def __call__(self, folder: Path) -> Version:
        """Load a version from where it lies.

        Raises:
            ModelError: if it cannot be served.
        """
        found = networks(folder)
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise ModelError(
                f"{folder} holds the networks {names}: a version is one network; put "
                "the others into folders of their own"
            )
        if found:
            snn = _network(found[0])
            snn.engine = self.engine
            return NetworkVersion(number_of(folder), snn, self.max_batch_size)
        return SavedModelVersion(folder, self.engine)


class NetworkVersion(Version):
    """A version that is a spiking network, simulated by its engine.

    An engine other than TensorFlow compiles for each size of a batch, so that batches
    are filled up to one of few sizes, which the warm-up compiles.
    """

    def __init__(self, number: int, snn: SpikingModel, max_batch_size: int) -> None:
        """Take a network, and the most samples of a batch."""
        self.snn = snn
        self._sizes = [1]
        if snn.engine != TENSORFLOW:
            self._sizes = sizes_up_to(max_batch_size)
        self._outputs = output_names(snn)
        answers = (
            (DEFAULT, self._with_spikes, ("steps", "spikes")),
            (OUTPUTS_ONLY, self._without_spikes, ("steps",)),
            (ANYTIME, self._over_time, ()),
        )
        signatures = {
            name: NetworkSignature(name, self._definition(name, more), answer)
            for name, answer, more in answers
        }
        super().__init__(number, signatures)

    @property
    def ran_by(self) -> str:
        """What simulated last, and why not the engine that was asked for."""
        return self.snn.ran_by

    def own_requests(self) -> Iterator[tuple[Signature, Arrays]]:
        """Yield a request of each size; of one sample for ``anytime``."""
        for name in self.definitions:
            for size in self._sizes[:1] if name == ANYTIME else self._sizes:
                signature = self.signature(name)
                yield signature, self._filler(size)

    def _filler(self, size: int) -> Arrays:
        form, known = _form(self.snn), self.snn.inputs_by_name
        return {
            key: np.full((size, *shape), form.filler(name, shape), np.float32)
            for key, (name, shape) in zip(
                input_names(known), known.items(), strict=True
            )
        }

    def _definition(self, name: str, more: Collection[str]) -> Any:
        """Make the ``SignatureDef``, whose tensors are in no graph."""
        known, snn = self.snn.inputs_by_name, self.snn
        steps = (snn.timesteps,) if name == ANYTIME else ()
        shapes = [(*steps, *snn.graph[answer].shape) for answer in snn.graph.answers]
        made = tf.compat.v1.MetaGraphDef().signature_def[name]
        made.method_name = PREDICT
        for key, shape in zip(input_names(known), known.values(), strict=True):
            _describe(made.inputs[key], key, tf.float32, shape)
        for key, shape in zip(self._outputs, shapes, strict=True):
            _describe(made.outputs[key], key, tf.float32, shape)
        for key in more:
            dtype = tf.int32 if key == "steps" else tf.float32
            _describe(made.outputs[key], key, dtype, ())
        return made

    def _with_spikes(self, inputs: Arrays) -> Arrays:
        result = self._run(inputs, (COUNTS,))
        rows = _rows(inputs)
        spikes = np.zeros(rows, np.float32)
        for name in self.snn.populations:
            counts = result.observed.get(f"{COUNTS}/{name}")  # (S, B, columns)
            if counts is not None:
                spikes += counts.numpy()[:, :rows, EVENTS].sum(0)
        return {**self._by_name(result, rows), "spikes": spikes}

    def _without_spikes(self, inputs: Arrays) -> Arrays:
        return self._by_name(self._run(inputs, ()), _rows(inputs))

    def _over_time(self, inputs: Arrays) -> Arrays:
        """Compute the outputs after each step, ``(B, T, ...)``."""
        result, rows = self._run(inputs, (OUTPUTS,), exits=False), _rows(inputs)
        return {
            key: np.swapaxes(result.observed[f"{OUTPUTS}/{node}"].numpy(), 0, 1)[:rows]
            for key, node in zip(self._outputs, self.snn.graph_outputs, strict=True)
        }

    def _run(self, inputs: Arrays, observe: Collection[str], exits: bool = True) -> Any:
        """Simulate a batch, filled up to a size that is compiled."""
        rows = _rows(inputs)
        size = next((n for n in self._sizes if n >= rows), rows)
        feed = {
            name: np.concatenate([x, np.repeat(x[-1:], size - rows, 0)])
            for name, x in zip(self.snn.inputs_by_name, inputs.values(), strict=True)
        }
        rule = self.snn.early_exit if exits else None
        return self.snn.run(feed, observe=observe, early_exit=rule)

    def _by_name(self, result: Any, rows: int) -> Arrays:
        outputs = zip(self._outputs, result.outputs, strict=True)
        named = {**dict(outputs), "steps": result.steps}
        return {name: values.numpy()[:rows] for name, values in named.items()}


class NetworkSignature(Signature):
    """A signature that a function answers."""

    def __init__(
        self, name: str, definition: Any, answer: Callable[[Arrays], Arrays]
    ) -> None:
        """Take a ``SignatureDef``, and the function of inputs by name, in order."""
        super().__init__(name, definition, None)
        self._answer = answer

    def __call__(self, inputs: Arrays) -> Arrays:
        """Compute the outputs by name, for inputs that fit."""
        return self._answer({name: inputs[name] for name in self.inputs})


def sizes_up_to(most: int) -> list[int]:
    """Return the sizes of batches: 1, and each `GROWTH` times the one before."""
    sizes = [1]
    while sizes[-1] < most:
        sizes.append(min(GROWTH * sizes[-1], most))
    return sizes


def _network(path: Path) -> SpikingModel:
    """Load a network.

    Raises:
        ModelError: for another model, or one that takes frames alone.
    """
    model = load_model(path)
    if not isinstance(model, SpikingModel):
        raise ModelError(
            f"{path} is a {type(model).__name__}, not a spiking network: convert it "
            "first, with tfsnn convert"
        )
    refuse_still(model.graph, f"{path}: {model.name}")
    return model


def _form(snn: SpikingModel) -> InputForm:
    return InputForm(whole=snn.whole_inputs)


def _describe(info: Any, name: str, dtype: Any, shape: tuple[int, ...]) -> None:
    """Write the description of a tensor of a batch."""
    info.name, info.dtype = name, dtype.as_datatype_enum
    info.tensor_shape.CopyFrom(tf.TensorShape((None, *shape)).as_proto())


def _rows(inputs: Arrays) -> int:
    return len(next(iter(inputs.values())))
