"""Time to first spike: one spike for each neuron, whose time says what it carries.

A. Stanojevic, S. Wozniak, G. Bellec, G. Cherubini, A. Pantazi, W. Gerstner,
"High-performance deep spiking neural networks with 0.3 spikes per neuron", Nature
Communications 15, 2024, arXiv 2306.08744; the mapping is that of their "An exact
mapping from ReLU networks to spiking neural networks", Neural Networks 168, 2023, arXiv
2212.12522. The neuron is in :mod:`tfsnn.network.neurons.first_spike`.

    q = clip(round(a ticks / window), 0, ticks)     the spike comes q ticks before the
                                                    end of the window of its layer

A layer listens while the one before it fires, so the latency is `ticks` for each layer.
Max pooling is the earliest spike. A skip connection delivers its spikes in the window
of the layer that reads them: it has a delay.

Departs from the paper, which takes windows as long as the largest activation seen and
more, in choosing the window of each channel by least square error where there is a
clock, and in fitting weights and biases to the rounded times (`correct`). `time_bits`
and `-o scale max` are theirs. In continuous time (``ticks=None``) windows are longer by
`margin` than the largest activation seen, and the result is that of the ANN but for the
rounding of float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import CORRECTED, Corrected, Thresholds
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes
from tfsnn.conversion.methods.thresholds import plan_rates
from tfsnn.conversion.plan import Corrections, Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.clock import MOST_STEPS, Clock
from tfsnn.network.graph import Graph


@method("ttfs")
@dataclass(frozen=True)
class TimeToFirstSpike(Corrected, Thresholds):
    """At most one spike for each neuron; its time says what it carries."""

    alphabet = Spikes()
    windows: ClassVar[bool] = True

    timesteps: int = option(1, "windows, and so spikes, of each neuron", low=1)
    ticks: int | None = option(
        64, "of each window; none: continuous time", low=1, high=MOST_STEPS
    )
    time_bits: int | None = option(
        None, "b: 2^b - 1 ticks, in place of `ticks`", low=1, high=16
    )
    margin: float = option(
        0.5, "share by which windows without a clock are longer than needed", low=0
    )
    jitter: float = option(
        0.0, "standard deviation of the noise of spike times, in windows", low=0
    )
    jitter_seed: int = option(0, "the seed of that noise", low=0)
    correct: str = option(
        "weights+bias", "what is corrected, layer by layer", CORRECTED
    )

    @property
    def levels(self) -> int | None:
        """The ticks of a window; None in continuous time."""
        return self.ticks if self.time_bits is None else 2**self.time_bits - 1

    @property
    def resolution(self) -> int:
        """The ticks of all windows together; 1 for a window without a clock."""
        return (self.levels or 1) * self.timesteps

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan neurons that fire once in each window.

        Raises:
            OptionError: for a threshold of each neuron by a rule other than "max".
        """
        rule: Thresholds = self
        if self.levels is None:
            # The least square error of a window that rounds nothing.
            scale = "max" if self.scale in ("mse", "gaussian") else self.scale
            longer = self.threshold_scale * (1 + self.margin)
            rule = replace(self, scale=scale, threshold_scale=longer)
        return plan_rates(
            graph,
            statistics,
            rule,
            levels=self.levels or 1,
            resolution=self.resolution,
            clock=self.clock,
            **self.neurons,
        )

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan."""
        noise = {"jitter": self.jitter * (self.levels or 1), "seed": self.jitter_seed}
        settings = noise if self.jitter else {}
        if self.levels is None:
            return {"neuron": "first_spike_unclocked", "settings": settings}
        return {
            "neuron": "first_spike",
            "settings": settings,
            "initial_potential": 0.5,
        }

    @property
    def corrections(self) -> Corrections:
        """The corrections by simulation; none where there is nothing to correct."""
        return super().corrections if self.levels else Corrections()

    @property
    def clock(self) -> Clock:
        """The clock, on which each layer has windows of its own."""
        return Clock(layer_by_layer=True, by_time=True, ticks=self.levels or 1)
