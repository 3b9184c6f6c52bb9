"""Handlers of layers of spiking neurons: a population each, in normal form.

A layer sends coefficients, integers, whatever its threshold. In the graph thresholds
are 1: the currents are divided by the threshold, and so are the potentials. A surrogate
is left out: it is a matter of training.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tfsnn.network.neurons import Population
from tfsnn.network.neurons.population import STATED
from tfsnn.network.nodes import Linear, Spiking
from tfsnn.sources.handlers.builder import Builder, Unsupported

RECURRENT = (
    "its spikes come back to its neurons one step later, and a SpikingModel has no "
    "such connections: use the Keras model itself"
)


def population(of_layer: Population, x: str, builder: Builder) -> str:
    """Add the population of a layer's neurons, which read the node `x`.

    Raises:
        Unsupported: for a parameter that is not finite, and a threshold not above 0.
    """
    shape = builder.shape(x)
    stated = {name: _number(getattr(of_layer, name), name) for name in STATED}
    threshold = stated["threshold"]
    if np.any(np.asarray(threshold) <= 0):
        raise Unsupported(
            f"its threshold is {np.min(threshold):g} after training; it must be "
            "positive: train with a smaller learning rate, or a larger threshold"
        )
    if np.any(np.asarray(threshold) != 1):
        x = builder.affine(x, 1 / np.asarray(threshold), suffix="_threshold")
        for name in ("initial_potential", "negative_threshold"):
            if stated[name] is not None:
                stated[name] = stated[name] / threshold
    return builder.add(
        Spiking,
        (x,),
        shape,
        scale=np.ones(shape[-1:], np.float32),
        initial_potential=_stored(stated["initial_potential"]),
        negative_threshold=_stored(stated["negative_threshold"]),
        max_coefficient=_stored(stated["max_coefficient"]),
        neuron=type(of_layer).kind,
        settings=_settings(of_layer),
    )


def neurons(layer: Any, x: str, builder: Builder) -> str:
    """Translate a layer of neurons: a population with the parameters it has now."""
    return population(layer.neuron, x, builder)


def spiking_dense(layer: Any, x: str, builder: Builder) -> str:
    """Translate SpikingDense: a synapse, and the population behind it.

    Raises:
        Unsupported: for lateral inhibition.
    """
    if layer.lateral:
        raise Unsupported(f"lateral={layer.lateral}: {RECURRENT}")
    shape = (*builder.shape(x)[:-1], layer.units)
    weights = {"kernel": np.asarray(layer.kernel)}
    if layer.bias is not None:
        weights["bias"] = np.asarray(layer.bias)
    y = builder.add(Linear, (x,), shape, "dense", suffix="_currents", **weights)
    return population(layer.neuron, y, builder)


def rate_coder(layer: Any, x: str, builder: Builder) -> str:
    """Translate DeterministicRate: coders that have sent round(t * x) by step t."""
    shape = builder.shape(x)
    return builder.add(
        Spiking,
        (x,),
        shape,
        scale=np.ones(shape[-1:], np.float32),
        initial_potential=0.5,
        max_coefficient=1.0,
        neuron="rate_coder",
    )


def _settings(of_layer: Population) -> dict[str, Any]:
    """Return the parameters of a kind alone, ready for JSON, without its defaults."""
    found = {}
    for spec in dataclasses.fields(of_layer):  # type: ignore[arg-type]
        value = getattr(of_layer, spec.name)
        if spec.name in (*STATED, "straight_through", "surrogate"):
            continue
        if value is None or isinstance(value, str | int):
            stored: Any = value
        else:
            stored = np.asarray(_number(value, spec.name)).tolist()
        if stored != spec.default:
            found[spec.name] = stored
    return found


def _number(value: Any, name: str) -> Any:
    """Return a parameter as a number or an array, of float64."""
    if value is None:
        return None
    values = np.asarray(value, np.float64)
    if not np.isfinite(values).all():
        raise Unsupported(
            f"its {name} is not finite after training: train with a smaller learning "
            "rate"
        )
    return values if values.ndim else float(values)


def _stored(value: Any) -> Any:
    return np.asarray(value, np.float32) if np.ndim(value) else value
