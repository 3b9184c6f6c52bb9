"""Sums over samples, from which the diagnosis of a layer follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfsnn.analysis.diagnose.fit import Fit, FitSums
from tfsnn.analysis.diagnose.parts import CAUSES, Code, Parts

NEARLY_FULL = 0.99  # of the range, on average
ROUNDING = 1e-6  # of the largest coefficient


@dataclass(frozen=True)
class Part:
    """A part of the error of a layer.

    Attributes:
        rms: root mean square of the part over that of the activation.
        share: of the layer's mean square error: the mean of its product with the whole
            error, over the mean square of that. The shares of the four parts add up to
            1; one below 0 makes good for others. 0 where there is no error.
        mean: its bias, over the root mean square of the activation.
    """

    rms: float
    share: float
    mean: float


@dataclass(frozen=True)
class LayerDiagnosis:
    """The errors of one population, over all samples and units.

    Figures "over that of the activation" are in units of activation where the ANN's
    activations are all 0.

    Attributes:
        node: name of the population.
        error: root mean square of the whole error over that of the activation.
        added: the same of what the layer adds itself, all but the inherited part.
        clipping, quantisation, unevenness, inherited: the parts, which add up
            (:mod:`tfsnn.analysis.diagnose.parts`).
        bias: share of the mean square error that the mean errors of channels explain.
        omega: the rate-inference measure of J. Ding et al. (IJCAI 2021): the sum of the
            activations over the sum of their squares plus 1e-5, of each sample, in
            units of the largest that can be coded; their mean. The larger, the more
            steps are needed. None where coefficients have no bound.
        dead: share of channels that never spike, though the ANN is active there.
        dead_error: root mean square of what the layer adds in these, as `added`.
        silent: share of channels without a spike or an activation.
        saturated: share of channels where a neuron, on some sample, sends the most that
            it can in every step.
        full: share of channels that send over 99 % of the most they can, on average.
        firing: spikes per neuron and step, whatever their coefficient.
        fit: the error against time steps (:mod:`tfsnn.analysis.diagnose.fit`); None
            where the ANN is not active.
    """

    node: str
    error: float
    added: float
    clipping: Part
    quantisation: Part
    unevenness: Part
    inherited: Part
    bias: float
    omega: float | None
    dead: float
    dead_error: float
    silent: float
    saturated: float
    full: float
    firing: float
    fit: Fit | None = None

    def parts(self) -> list[Part]:
        """Return the four parts in the order of ``CAUSES``."""
        return [getattr(self, cause) for cause in CAUSES]


class Measures:
    """The sums of one population; a channel is a place on the last axis."""

    def __init__(self, node: str, code: Code, channels: int, fit: FitSums) -> None:
        """Start with no samples."""
        self.node, self.code, self.channels, self.fit = node, code, channels, fit
        self.samples = self.values = self.steps = 0
        self.events = self.omegas = self.activation_squares = 0.0
        self.sums, self.squares, self.products = np.zeros((3, len(CAUSES)))
        self.total_squares = 0.0
        self.total, self.added_squares, self.used = np.zeros((3, channels))
        self.active, self.spiking, self.saturated = np.zeros((3, channels), bool)

    def add(
        self, parts: Parts, decoded: Any, activation: Any, values: Any, spikes: Any
    ) -> None:
        """Add a batch of samples.

        Args:
            parts: parts of the error, ``(N, *units)``.
            decoded: the mean of what was sent, in thresholds, ``(N, *units)``.
            activation: the ANN's, ``(N, *units)``.
            values: what counted steps sent, in thresholds, ``(T, N, *units)``.
            spikes: the coefficients in these steps, of that shape.
        """
        activation = np.asarray(activation, np.float64)
        error = np.sum(parts, 0)
        self.samples += len(activation)
        self.values += activation.size
        self.activation_squares += float(np.sum(activation**2))
        self.total_squares += float(np.sum(error**2))
        for i, part in enumerate(parts):
            self.sums[i] += np.sum(part)
            self.squares[i] += np.sum(part**2)
            self.products[i] += np.sum(part * error)
        self.total += self._by_channel(error).sum(0)
        self.added_squares += self._by_channel((error - parts.inherited) ** 2).sum(0)
        self.used += self._by_channel(decoded / self.code.most).sum(0)
        self._add_use(activation, values, spikes)

    def _add_use(self, activation: np.ndarray, values: Any, spikes: Any) -> None:
        saturated = np.min(values, 0) >= self.code.most * (1 - ROUNDING)
        self.saturated |= self._by_channel(saturated).any(0)
        self.active |= self._by_channel(activation > 0).any(0)
        self.spiking |= self._by_channel((spikes != 0).any(0)).any(0)
        self.steps = len(spikes)
        self.events += np.count_nonzero(spikes)
        if np.isfinite(self.code.most).all():
            share = np.clip(activation / self.code.largest, 0, 1)
            share = share.reshape(len(share), -1)
            self.omegas += float(np.sum(share.sum(1) / ((share**2).sum(1) + 1e-5)))

    def _by_channel(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, self.channels)

    def diagnosis(self) -> LayerDiagnosis:
        """Return the diagnosis of the layer from its sums."""
        size = np.sqrt(self.activation_squares / self.values)
        size = size if size > 0 else 1.0
        squares = max(self.total_squares, 1e-300)
        parts = [
            Part(
                rms=float(np.sqrt(self.squares[i] / self.values) / size),
                share=float(self.products[i] / squares),
                mean=float(self.sums[i] / self.values / size),
            )
            for i in range(len(CAUSES))
        ]
        clipping, quantisation, unevenness, inherited = parts
        dead = self.active & ~self.spiking
        rows = self.values / self.channels

        def relative(total: Any) -> float:
            return float(np.sqrt(total / self.values) / size)

        bounded = np.isfinite(self.code.most).all()
        return LayerDiagnosis(
            node=self.node,
            error=relative(self.total_squares),
            added=relative(self.added_squares.sum()),
            clipping=clipping,
            quantisation=quantisation,
            unevenness=unevenness,
            inherited=inherited,
            bias=float(np.sum(self.total**2) / rows / squares),
            omega=self.omegas / self.samples if bounded else None,
            dead=float(dead.mean()),
            dead_error=relative(self.added_squares[dead].sum()),
            silent=float((~self.active & ~self.spiking).mean()),
            saturated=float(self.saturated.mean()),
            full=float((self.used / rows > NEARLY_FULL).mean()),
            firing=float(self.events / self.values / max(self.steps, 1)),
            fit=self.fit.fit(),
        )
