"""AdaFire: burst spikes whose largest size suits each layer's sensitivity.

Z. Wang, Y. Fang, J. Cao, H. Ren, R. Xu, "Adaptive Calibration: A Unified Conversion
Framework of Spiking Neural Networks", AAAI 2025, arXiv 2412.16219 (what is below was
read in the authors' code).

    V <- V + I(t) + theta / (2 T);  s(t) = clip(floor(V / theta), 0, phi)
    V <- V - theta * s(t)
    theta minimises the mean of (theta / T * clip(round(a T / theta), 0, phi T) - a)^2

phi, the cap, is one of several for each layer l (`lowest`, twice that, and so on up to
`levels`). Sensitivity is found by simulation on a batch of calibration samples: one
layer has the cap phi, all others the highest; D(l, phi) is the symmetric
Kullback-Leibler divergence of the outputs' softmax from the ANN's, and S(l, phi) the
spikes that the layer sends. Then, layer by layer, with assignments dropped that another
one beats in both sums ::

    minimise sum_l D(l, phi_l)    where    sum_l S(l, phi_l) <= budget * sum_l S(l, low)

So `budget` is the spikes, counted with their size, over those of all layers at the
lowest cap, as long as caps do not change what other layers send. At last biases are
corrected (:mod:`tfsnn.conversion.correct`).

Departs from the paper in the caps, which double, in rounding in the search for theta,
and in that a spike of size s counts s in the budget; its compression of spikes and its
early exits are not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tfsnn.conversion.methods.contract import PlanProbe
from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import CORRECTED, Corrected, Driven
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import LevelsOption, Spikes
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.errors import OptionError
from tfsnn.network.graph import Graph

MOST = 10_000  # assignments kept behind a layer; of more, the best at each cost
ROUNDING = 1 + 1e-9  # sums of the same numbers may differ by it


@method("adafire")
@dataclass(frozen=True)
class AdaFire(Driven, Corrected):
    """Unsigned integer spikes; how large they may be is found for each layer."""

    alphabet = Spikes(LevelsOption("levels"))

    timesteps: int = option(8, "time steps that all is chosen for", low=1)
    levels: int = option(4, "the highest cap phi, the largest spike", low=1)
    lowest: int = option(1, "the lowest cap phi", low=1)
    budget: float = option(
        1.5, "spikes over those of all layers at the lowest cap", low=1
    )
    probe_samples: int = option(32, "samples that caps are tried on", low=1)
    correct: str = option("bias", "what is corrected, layer by layer", CORRECTED)

    @property
    def caps(self) -> list[int]:
        """The caps that are tried, the lowest first."""
        if self.lowest > self.levels:
            raise OptionError(
                f"adafire: lowest={self.lowest} exceeds levels={self.levels}: the "
                "lowest cap must not be above the highest"
            )
        doubled = [self.lowest << i for i in range(self.levels.bit_length())]
        return [cap for cap in doubled if cap < self.levels] + [self.levels]

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan all layers at the highest cap.

        Raises:
            OptionError: if the lowest cap is above the highest.
        """
        return self._capped(graph, statistics, self.caps[-1])

    def refine(
        self,
        plan: Plan,
        graph: Graph,
        statistics: Mapping[str, Statistics],
        probe: PlanProbe,
    ) -> Plan:
        """Return the plan with the caps of least divergence within the budget."""
        *lower, _ = self.caps
        if not lower or not plan:
            return plan
        plans = [*(self._capped(graph, statistics, cap) for cap in lower), plan]
        names = list(plan)
        usual = probe(plan)
        divergence = np.full((len(names), len(plans)), usual.divergence)
        spikes = np.empty(divergence.shape)
        spikes[:, -1] = [usual.spikes[name] for name in names]
        pairs = [(i, k) for i in range(len(names)) for k in range(len(lower))]
        for i, k in probe.each(pairs, len(pairs), "trying caps"):
            changed = {**plan, names[i]: plans[k][names[i]]}
            found = probe(Plan(changed, plan.clock, plan.notes))
            divergence[i, k], spikes[i, k] = found.divergence, found.spikes[names[i]]
        best = cheapest(divergence, spikes, self.budget * spikes[:, 0].sum())
        chosen = {name: plans[k][name] for name, k in zip(names, best, strict=True)}
        return Plan(chosen, plan.clock, plan.notes)

    def _capped(
        self, graph: Graph, statistics: Mapping[str, Statistics], cap: int
    ) -> Plan:
        return Driven.plan(replace(self, levels=cap), graph, statistics)


def cheapest(divergence: np.ndarray, spikes: np.ndarray, budget: float) -> list[int]:
    """Choose for each layer, so that the sum of divergences is least within a budget.

    Layer by layer: of the assignments of the layers so far, those go on that none beats
    in both sums. Of equal divergence, the one with the fewest spikes.

    Args:
        divergence, spikes: ``(L, K)``, of each layer and choice.
        budget: the largest sum of spikes; the first choices of all layers are within.
    """
    after = np.append(np.cumsum(spikes.min(1)[::-1])[::-1][1:], 0.0)
    error, cost, picked = np.zeros(1), np.zeros(1), np.zeros((1, 0), int)
    for of_layer, its_spikes, least in zip(divergence, spikes, after, strict=True):
        choices = len(of_layer)
        error = (error[:, None] + of_layer).ravel()
        cost = (cost[:, None] + its_spikes).ravel()
        last = np.tile(np.arange(choices), len(picked))[:, None]
        picked = np.concatenate([np.repeat(picked, choices, 0), last], 1)
        order = np.lexsort((error, cost))
        order = order[cost[order] + least <= budget * ROUNDING]
        best_before = np.minimum.accumulate(np.append(np.inf, error[order][:-1]))
        order = order[error[order] < best_before]
        if len(order) > MOST:  # keep the last of each group of similar cost
            place = (cost[order] / budget * MOST).astype(int)
            order = order[np.append(np.diff(place) > 0, True)]
        error, cost, picked = error[order], cost[order], picked[order]
    return picked[-1].tolist()
