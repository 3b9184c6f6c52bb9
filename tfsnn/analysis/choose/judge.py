"""Judge what a setting loses and costs: convert with some samples, test on others."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from tfsnn.analysis.choose.choice import Tried
from tfsnn.analysis.choose.losses import Limits, losses
from tfsnn.analysis.comparison import ComparedOutput
from tfsnn.analysis.measured import Conditions, Setting, measured
from tfsnn.conversion.methods import make
from tfsnn.conversion.methods.alphabet import alphabet_of
from tfsnn.errors import OptionError

LOG = logging.getLogger(__name__)


class Judge:
    """A judge that measures settings on held-out samples, and keeps the results.

    Attributes:
        samples: number of held-out samples.
        outputs: the outputs, their tasks, and the original network's scores.
        tried: the settings measured, in order.
        left_out: a sentence for each setting that could not be measured.
    """

    def __init__(self, conditions: Conditions, precision: str, limits: Limits) -> None:
        """Take the conditions of measurement, the usual precision, and the limits."""
        self.conditions, self.precision, self.limits = conditions, precision, limits
        self.samples = conditions.data.size or 0
        self.outputs: tuple[ComparedOutput, ...] = ()
        self.tried: list[Tried] = []
        self.left_out: list[str] = []

    def __call__(
        self,
        method: str,
        options: Mapping[str, Any],
        steps: int,
        precision: str | None = None,
    ) -> Tried | None:
        """Measure what a setting loses and costs; None if it cannot be measured."""
        setting = Setting(method, options, steps, precision or self.precision)
        found = measured(setting, self.conditions)
        if isinstance(found, str):
            self._leave_out(method, steps, found)
            return None
        (row,) = found.evaluation.rows
        if row.spikes is None or row.synops is None:
            raise OptionError(
                "settings are compared by what their spikes cost, but the engine "
                f"{self.conditions.engine} does not count spikes: give another engine"
            )
        if not row.spikes:
            self._leave_out(method, steps, "nothing spikes, it is the ANN")
            return None
        work = found.evaluation.counts
        judged_outputs = found.evaluation.outputs
        self.outputs = tuple(map(ComparedOutput.of, judged_outputs))
        judged = Tried(
            method=method,
            options=options,
            alphabet=alphabet_of(make(method, {**options, "timesteps": steps})),
            timesteps=steps,
            latency=row.latency,
            score=row.score,
            agreement=row.agreement,
            output_error=row.output_error,
            losses=tuple(losses(judged_outputs, self.samples, self.limits)),
            spikes=row.spikes,
            synops=row.synops,
            energy_ratio=row.energy_ratio,
            precision=setting.precision,
            picojoules=self.conditions.energy.snn(work[-1]) if work else None,
        )
        self.tried.append(judged)
        lost = ", ".join(f"{each.column} {each.value:.2f}" for each in judged.losses)
        cost = judged.synops if row.energy_ratio is None else row.energy_ratio
        LOG.info(f"{judged.label} T={steps}: {lost}, energy {cost:.3g}")
        return judged

    def _leave_out(self, method: str, steps: int, reason: str) -> None:
        self.left_out.append(f"left out: {method} T={steps} ({reason})")
        LOG.info(self.left_out[-1])
