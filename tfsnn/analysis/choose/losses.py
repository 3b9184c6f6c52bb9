"""What a setting loses of an output, and how much it may.

An output that decides loses points of its score against the ANN's, or without labels
decisions that are not the ANN's: a drop. An output of numbers has an error, against
the standard deviation of the ANN's outputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tfsnn.errors import OptionError
from tfsnn_numpy.defaults import MAX_DROP, MAX_ERROR
from tfsnn_numpy.judging import Judged

DROP, ERROR = "drop", "error"
EQUAL = 1e-9  # points; rounding must not decide whether a loss is within a bound
SHARES = ("accuracy", "neighbour_accuracy")  # scores that are means over samples


@dataclass(frozen=True)
class Limits:
    """The limits of losses; None where each output's task decides.

    Attributes:
        max_drop: points of the score, or without labels of disagreement, that may be
            lost; 0.5 for a task with decisions if None, and any for one of numbers.
        max_error: error of an output that is allowed, per cent of its standard
            deviation; 5 for a task of numbers if None, and any for one with decisions.
    """

    max_drop: float | None = None
    max_error: float | None = None


@dataclass(frozen=True)
class Loss:
    """A loss of one output.

    Attributes:
        output: name of the output.
        kind: "drop" or "error".
        metric: name of the score that drops; "agreement" without labels.
        value: points, or per cent of the standard deviation.
        limit: the most that is allowed.
        standard_error: standard error of the value; None where it is not known.
        unit: unit of the drop: "points", or "dB".
    """

    output: str
    kind: str
    metric: str
    value: float
    limit: float
    standard_error: float | None
    unit: str = "points"

    @property
    def excess(self) -> float:
        """The value above its limit; negative within it."""
        return self.value - self.limit

    @property
    def fits(self) -> bool:
        """Whether the loss is within its limit."""
        return self.excess <= EQUAL

    @property
    def limit_text(self) -> str:
        """The limit in words."""
        if self.kind == ERROR:
            return f"an error of {self.limit:g} % of the standard deviation"
        return f"{self.limit:g} {self.unit}"

    @property
    def column(self) -> str:
        """The heading of the loss in a table."""
        return self.kind if self.kind == DROP else "error %"

    def cells(self) -> tuple[str, str]:
        """Return the value and its standard error as texts."""
        sure = "-" if self.standard_error is None else f"{self.standard_error:.2f}"
        return f"{self.value:.2f}", sure

    def sentences(self, samples: int, ann: str | None) -> list[str]:
        """Say what the loss is, and how well it is known.

        Args:
            samples: number of samples that it was measured on.
            ann: the original network's score, as text; None without labels.
        """
        if self.kind == ERROR:
            what = (
                f"root mean square difference of {self.output} from the ANN's, per "
                "cent of its standard deviation"
            )
        elif ann is None or self.metric == "agreement":
            what = (
                "the share of decisions in which it disagrees with the ANN, for want "
                "of labels"
            )
        else:
            name = self.metric.replace("_", " ")
            what = f"{self.unit} below the ANN's {name} of {ann}"
        one = f", of which one is {100 / samples:.2g} points"
        known = self.standard_error is not None
        sure = f" ± {self.standard_error:.2f} (standard error)" if known else ""
        lines = [
            f"{self.kind.capitalize()}: {what},",
            f"on {samples} samples held out{one if self.kind == DROP else ''}. That of "
            f"this setting is {self.value:.2f}{sure}, and likely a",
            "little more on others, for it was chosen by these.",
        ]
        if self.standard_error is not None and self.limit < 2 * self.standard_error:
            lines.append(
                f"So few samples cannot tell a loss of {self.limit:g} from none: give "
                "more calibration samples to be sure."
            )
        return lines


def losses(outputs: Sequence[Judged], samples: int, limits: Limits) -> list[Loss]:
    """Return what each output loses, by the limits that its task has.

    Raises:
        OptionError: for a limit that no output can be held to, and an output that
            nothing can be said of.
    """
    found = []
    for judged in outputs:
        of_output = [*_drop(judged, samples, limits), *_error(judged, limits)]
        if not of_output:
            raise OptionError(
                f"nothing tells what a conversion loses of the output {judged.output}, "
                f"judged as {judged.task}: the ANN's outputs do not vary on the "
                "samples held out; give other samples, or labels"
            )
        found += of_output
    kinds = {loss.kind for loss in found}
    for name, kind in (("max_drop", DROP), ("max_error", ERROR)):
        if getattr(limits, name) is not None and kind not in kinds:
            raise OptionError(
                f"{name}={getattr(limits, name):g}: no output has a {kind} to hold to "
                f"that ({', '.join(f'{j.output}: {j.task}' for j in outputs)}); give "
                f"{'labels, or max_error' if kind == DROP else 'max_drop'}"
            )
    return found


def _drop(judged: Judged, samples: int, limits: Limits) -> list[Loss]:
    (figures,), task = judged.figures, judged.kind
    limit = limits.max_drop
    if limit is None:
        if not task.decides:
            return []
        limit = MAX_DROP
    agreement, metric, unit = figures.agreement, judged.metric, "points"
    if judged.ann_score is not None and figures.score is not None:
        value = task.points(judged.ann_score - figures.score)
        unit = "dB" if task.unit == "dB" else unit
    elif agreement is not None:
        value, metric = 100 * (1 - agreement), "agreement"
    else:
        return []
    sure = None
    if agreement is not None and metric in (*SHARES, "agreement"):
        sure = standard_error(value, agreement, samples)
    return [Loss(judged.output, DROP, metric, value, limit, sure, unit)]


def _error(judged: Judged, limits: Limits) -> list[Loss]:
    (figures,), limit = judged.figures, limits.max_error
    if limit is None:
        if judged.kind.decides:
            return []
        limit = MAX_ERROR
    if figures.output_error is None:
        return []
    deviation = figures.error_deviation
    sure = None if deviation is None else 100 * deviation
    value = 100 * figures.output_error
    return [Loss(judged.output, ERROR, "output_error", value, limit, sure)]


def standard_error(drop: float, agreement: float, samples: int) -> float:
    """Estimate from above the standard error of a drop, in points.

    On each sample the ANN and the SNN have a share of decisions right, and their
    difference is not 0 only where they disagree. So its variance is at most the share p
    of disagreement less the squared mean. As p is an estimate too, a disagreement in
    one of two more samples is added: none seen does not mean that there is none.
    """
    disagreed = 1 - agreement
    share = max((disagreed * samples + 1) / (samples + 2), disagreed)
    return 100 * math.sqrt(max(share - (drop / 100) ** 2, 0.0) / samples)
