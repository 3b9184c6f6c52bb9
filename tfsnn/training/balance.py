"""Automatic tuning of surrogates: gradients that neither grow nor fade over layers.

J. Ledinauskas, J. Ruseckas, A. Jursenas, G. Burachas, "Training deep spiking neural
networks", arXiv 2006.04436: backpropagation through many layers of spikes explodes or
vanishes, and the width of the surrogate decides which. With g(l) the norm of the
gradient with respect to the currents of the l-th of L spiking layers, on one batch::

    growth = (g(1) / g(L)) ^ (1 / (L - 1))          per layer, going back

One factor widens all surrogates (:meth:`tfsnn.surrogates.Surrogate.widened`), and is
found by bisection so that the growth is 1. Wider surrogates of a fixed area lower it,
those of a fixed height raise it: so the search goes outwards from 1 both ways until the
growth crosses 1. Departs from the paper, which tunes by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError, OptionError
from tfsnn.layers.neurons import Neurons
from tfsnn.surrogates import Surrogate, as_surrogate

WIDEST = 6  # factors from 2^-6 to 2^6 are tried
TOLERANCE = 0.005  # of the growth
HALVINGS = 12
HEADER = (("norm", 9), ("growth", 6), ("after", 9), ("growth", 6))


@dataclass(frozen=True)
class BalancedLayer:
    """A spiking layer, its gradient norm, and its surrogate, before and after."""

    name: str
    before: float
    after: float
    surrogate_before: Mapping[str, Any]
    surrogate_after: Mapping[str, Any]


@dataclass(frozen=True)
class Balance:
    """What :func:`balance` found; it prints as a table.

    Attributes:
        layers: the spiking layers, in the order in which they ran.
        factor: by how much the surrogates were widened.
        growth_before, growth_after: growth of the gradient's norm per layer, going
            back; 1 is balanced.
    """

    layers: tuple[BalancedLayer, ...]
    factor: float
    growth_before: float
    growth_after: float

    @property
    def balanced(self) -> bool:
        """Whether the growth came within 5 % of 1."""
        return abs(self.growth_after - 1) <= 0.05

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as a JSON-ready dict."""
        return {**asdict(self), "balanced": self.balanced}

    def __str__(self) -> str:
        """Write a table: the norm at each layer, and the growth back to it."""
        width = max(5, *(len(layer.name) for layer in self.layers))
        cells = ["layer".ljust(width)]
        cells += [name.rjust(size) for name, size in HEADER]
        lines = ["  ".join(cells)]
        behind = (*self.layers[1:], None)
        for layer, following in zip(self.layers, behind, strict=True):
            cells = [f"{layer.name:{width}}"]
            for key in ("before", "after"):
                norm = getattr(layer, key)
                cells.append(f"{norm:9.2e}")
                next_norm = getattr(following, key) if following else 0.0
                cells.append(f"{norm / next_norm:6.2f}" if next_norm else f"{'-':>6}")
            lines.append("  ".join(cells))
        lines.append(
            f"growth per layer: {self.growth_before:.3f} before, "
            f"{self.growth_after:.3f} with surrogates widened by {self.factor:.3g}"
        )
        if not self.balanced:
            lines.append(
                "no width balances this network: its growth comes from elsewhere "
                "(weights, missing batch norm, reset)"
            )
        return "\n".join(lines)


def balance(
    model: keras.Model, batch: Any, labels: Any = None, loss: Any = None
) -> Balance:
    """Widen the surrogates of a model until gradients neither grow nor fade.

    The surrogates of its layers of neurons are set in place; weights and statistics
    stay as they are. Call it before training, on a network as it is initialised.

    Args:
        model: a model with two or more layers of :mod:`tfsnn.layers` that have a
            surrogate.
        batch: inputs of the model, ``(B, ...)``.
        labels: their labels, for the gradient of a loss; if None, that of a fixed
            random combination of the outputs.
        loss: the loss, as for ``compile``; if None, that of the compiled model.

    Returns:
        A report, which prints a table.

    Raises:
        ModelError: if the model has fewer than two such layers, or no gradient reaches
            one of them.
        OptionError: for labels without a loss, or a loss without labels.
    """
    if labels is None and loss is not None:
        raise OptionError("balance: a loss needs labels: give labels=, or no loss")
    if labels is not None and loss is None and not model.compiled:
        raise OptionError("balance: labels need a loss: give loss=, or compile first")
    layers = _neurons(model)
    if len(layers) < 2:
        raise ModelError(
            f"balance: the model {model.name!r} has {len(layers)} layers of neurons "
            "with a surrogate, and growth takes two: give them surrogate='triangle', "
            "say"
        )
    first = {layer: as_surrogate(layer.neuron.surrogate) for layer in layers}
    norms: dict[float, dict[Neurons, float]] = {}

    def growth(exponent: float) -> float:
        """Return the logarithm of the growth with surrogates widened by 2^exponent."""
        for layer, surrogate in first.items():
            layer.surrogate = _widened(surrogate, exponent)
        norms[exponent] = _norms(model, layers, batch, labels, loss)
        return _growth(list(norms[exponent].values()))

    taken = (0.0, 0.0)
    try:
        before = growth(0.0)
        taken = min(_search(growth, before), key=lambda pair: abs(pair[1]))
    finally:
        for layer, surrogate in first.items():
            layer.surrogate = _widened(surrogate, taken[0])
    if math.isinf(taken[1]):
        silent = next(layer.name for layer, norm in norms[0.0].items() if not norm > 0)
        raise ModelError(
            f"balance: no gradient reaches {silent}, however wide the surrogates: see "
            "that neurons come near their thresholds, by batch norm on their currents"
        )
    model.train_function = None  # one that is traced has the surrogates of before
    rows = tuple(
        BalancedLayer(
            layer.name,
            norms[0.0][layer],
            norms[taken[0]][layer],
            first[layer].get_config(),
            _widened(first[layer], taken[0]).get_config(),
        )
        for layer in norms[0.0]
    )
    return Balance(rows, 2.0 ** taken[0], math.exp(before), math.exp(taken[1]))


def _search(
    growth: Callable[[float], float], before: float
) -> list[tuple[float, float]]:
    """Return exponents that were tried, with their logarithms of the growth."""
    tried = [(0.0, before)]
    if abs(before) <= TOLERANCE:
        return tried
    ends = {1: (0.0, before), -1: (0.0, before)}
    for distance in range(1, WIDEST + 1):
        for side in ends:
            inner = ends[side]
            outer = ends[side] = (float(side * distance), growth(side * distance))
            tried.append(outer)
            if (outer[1] > 0) != (inner[1] > 0):
                return tried + _bisect(growth, inner, outer)
    return tried


def _bisect(
    growth: Callable[[float], float], one: tuple[float, float], other: Any
) -> list[tuple[float, float]]:
    """Return what halving between two exponents tries, until the growth is 1."""
    tried = []
    for _ in range(HALVINGS):
        middle = (one[0] + other[0]) / 2
        found = (middle, growth(middle))
        tried.append(found)
        if abs(found[1]) <= TOLERANCE:
            break
        one, other = (found, other) if (found[1] > 0) == (one[1] > 0) else (one, found)
    return tried


def _widened(surrogate: Surrogate, exponent: float) -> Surrogate:
    return surrogate if exponent == 0 else surrogate.widened(2.0**exponent)


def _growth(norms: list[float]) -> float:
    """Return the logarithm of the growth per layer, going back from the last."""
    first, last = norms[0], norms[-1]
    if not last > 0 or not math.isfinite(first):
        return math.inf
    return math.log(first / last) / (len(norms) - 1) if first > 0 else -math.inf


def _norms(
    model: Any, layers: list[Neurons], batch: Any, labels: Any, loss: Any
) -> dict[Neurons, float]:
    """Return the gradient's norm at the currents of each layer, in running order.

    Statistics and states of the model are as they were afterwards.
    """
    kept = [(v, tf.identity(v)) for v in model.non_trainable_variables]
    seen: list[tuple[Neurons, Any]] = []
    try:
        with tf.GradientTape() as tape:
            for layer in layers:
                layer.observer = _observer(layer, seen, tape)
            outputs = model(batch, training=True)
            scalar = _scalar(model, outputs, batch, labels, loss)
        gradients = tape.gradient(scalar, [currents for _, currents in seen])
    finally:
        for layer in layers:
            layer.observer = None
        for variable, value in kept:
            variable.assign(value)
    squares = dict.fromkeys((layer for layer, _ in seen), 0.0)
    for (layer, _), gradient in zip(seen, gradients, strict=True):
        if gradient is not None:
            squares[layer] += float(tf.reduce_sum(tf.square(gradient)))
    return {layer: math.sqrt(square) for layer, square in squares.items()}


def _observer(
    layer: Neurons, seen: list[tuple[Neurons, Any]], tape: tf.GradientTape
) -> Callable[[Any], None]:
    def observe(currents: Any) -> None:
        tape.watch(currents)
        seen.append((layer, currents))

    return observe


def _scalar(model: Any, outputs: Any, batch: Any, labels: Any, loss: Any) -> Any:
    """Return what is differentiated: a loss, or a fixed combination of outputs."""
    if labels is None:
        rng, flat = np.random.default_rng(0), tf.nest.flatten(outputs)
        return tf.add_n(
            [
                tf.reduce_sum(y * tf.cast(rng.normal(size=y.shape), y.dtype))
                for y in flat
            ]
        )
    if loss is None:
        return model.compute_loss(x=batch, y=labels, y_pred=outputs)
    return tf.reduce_mean(keras.losses.get(loss)(labels, outputs))


def _neurons(layer: Any) -> list[Neurons]:
    """Return the layers of neurons with a surrogate, however deep in others."""
    if isinstance(layer, Neurons):
        return [layer] if layer.surrogate is not None else []
    inner = [*getattr(layer, "layers", ()), getattr(layer, "layer", None)]
    found = [each for one in inner if one is not None for each in _neurons(one)]
    return list(dict.fromkeys(found))
