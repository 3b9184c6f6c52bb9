"""A network that predicts: a spiking one, or the model it was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tfsnn.errors import ModelError, OptionError
from tfsnn.network.digest import model_digest
from tfsnn.simulation.model import SpikingModel
from tfsnn.sources.keras_model.forward import all_outputs
from tfsnn.sources.keras_model.walk import input_names
from tfsnn_numpy.samples import Inputs, Raw


@dataclass(frozen=True)
class Network:
    """What :func:`tfsnn.predict_files` needs of a model.

    Attributes:
        inputs: shapes of one sample, by name.
        whole_inputs: those that take integers.
        digest: of what counts for its outputs.
        timesteps: T; None of a model that is not spiking.
        run: a batch to the outputs, ``(B, ...)``, by column, and the steps of each
            sample ``(B,)`` or None.
    """

    inputs: Inputs
    whole_inputs: Raw
    digest: str
    timesteps: int | None
    run: Callable[[Any], tuple[dict[str, np.ndarray], np.ndarray | None]]


def network(model: keras.Model, timesteps: int | None) -> Network:
    """A model, spiking or not, made ready.

    Raises OptionError for time steps of a model that has none, ModelError for a model
    whose inputs have no fixed shape.
    """
    if isinstance(model, SpikingModel):
        return _spiking(model, timesteps or model.timesteps)
    if timesteps is not None:
        raise OptionError(
            f"timesteps={timesteps}: {model.name} is not a spiking network; leave them "
            "out, or convert it first."
        )
    return _analog(model)


def _spiking(snn: SpikingModel, timesteps: int) -> Network:
    config = {
        key: value
        for key, value in snn.get_config().items()
        if key not in ("name", "graph", "report", "timesteps")
    }
    keys = snn.output_keys

    def run(x: Any) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        result = snn.run(x, timesteps, early_exit=snn.early_exit)
        outputs = [values.numpy() for values in result.outputs]
        return _columns(keys, outputs), result.steps.numpy()

    return Network(
        snn.inputs_by_name,
        snn.whole_inputs,
        _digest(model_digest(snn.graph), config, []),
        timesteps,
        run,
    )


def _analog(model: keras.Model) -> Network:
    if not getattr(model, "inputs", None):
        raise ModelError(
            f"{model.name} does not say what inputs it takes; give a Functional or "
            "Sequential model that is built."
        )
    several = len(model.inputs) > 1
    names = input_names(model) if several else ["x"]
    inputs = {
        name: tuple(tensor.shape[1:])
        for name, tensor in zip(names, model.inputs, strict=True)
    }
    if any(n is None for shape in inputs.values() for n in shape):
        raise ModelError(
            f"{model.name} takes inputs of shape {inputs}, which are not fixed; "
            "rebuild it with an Input of fixed shape."
        )
    whole = frozenset(
        name
        for name, tensor in zip(names, model.inputs, strict=True)
        if "int" in tensor.dtype
    )
    single = isinstance(model, keras.Sequential)
    structure = None if single else model.output
    keys: Any = False
    if isinstance(structure, dict):
        keys = list(structure)
    elif isinstance(structure, list | tuple):
        keys = True

    forward = all_outputs(model)

    def run(x: Any) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        return _columns(keys, [values.numpy() for values in forward(x)]), None

    digest = _digest("", model.get_config(), [np.asarray(w) for w in model.weights])
    return Network(inputs, whole, digest, None, run)


def _columns(keys: Any, outputs: list[np.ndarray]) -> dict[str, np.ndarray]:
    """``outputs``, or ``outputs_NAME`` where there are several, by name or number."""
    if keys is False:
        return {"outputs": outputs[0]}
    names: Iterable[Any] = range(len(outputs)) if keys is True else keys
    return {
        f"outputs_{str(name).replace('/', '.')}": values
        for name, values in zip(names, outputs, strict=True)
    }


def _digest(start: str, config: Any, arrays: Iterable[np.ndarray]) -> str:
    digest = hashlib.sha256(start.encode())
    digest.update(json.dumps(config, sort_keys=True, default=str).encode())
    for values in arrays:
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
