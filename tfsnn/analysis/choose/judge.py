"""Judge what a setting loses and costs: convert with some samples, test on others."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from tfsnn.analysis.choose.choice import Tried, standard_error
from tfsnn.analysis.measured import Conditions, Setting, measured
from tfsnn.conversion.methods import make
from tfsnn.conversion.methods.alphabet import alphabet_of
from tfsnn.errors import OptionError

LOG = logging.getLogger(__name__)


class Judge:
    """A judge that measures settings on held-out samples, and keeps the results.

    Attributes:
        samples: number of held-out samples.
        ann_accuracy: the original network's accuracy on them; None without labels.
        tried: the settings measured, in order.
        left_out: a sentence for each setting that could not be measured.
    """

    def __init__(self, conditions: Conditions, precision: str) -> None:
        """Take the conditions of measurement, and the usual precision of synapses."""
        self.conditions, self.precision = conditions, precision
        self.samples = conditions.data.size or 0
        self.ann_accuracy: float | None = None
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
            self.left_out.append(f"left out: {method} T={steps} ({found})")
            LOG.info(self.left_out[-1])
            return None
        (row,) = found.evaluation.rows
        if row.spikes is None or row.synops is None:
            raise OptionError(
                "settings are compared by what their spikes cost, but the engine "
                f"{self.conditions.engine} does not count spikes: give another engine"
            )
        self.ann_accuracy = found.evaluation.ann_accuracy
        agreement = 1.0 if row.agreement is None else row.agreement
        drop = 100 * (1 - agreement)
        if row.accuracy is not None and self.ann_accuracy is not None:
            drop = 100 * (self.ann_accuracy - row.accuracy)
        judged = Tried(
            method=method,
            options=options,
            alphabet=alphabet_of(make(method, {**options, "timesteps": steps})),
            timesteps=steps,
            latency=row.latency,
            accuracy=row.accuracy,
            agreement=agreement,
            drop=drop,
            standard_error=standard_error(drop, agreement, self.samples),
            spikes=row.spikes,
            synops=row.synops,
            energy_ratio=row.energy_ratio,
            precision=setting.precision,
        )
        self.tried.append(judged)
        LOG.info(
            f"{judged.label} T={steps}: drop {drop:.2f}, energy {judged.energy:.3g}"
        )
        return judged
