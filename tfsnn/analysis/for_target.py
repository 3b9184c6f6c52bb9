"""Convert for a chip, and tell what each step towards it costs in accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras

from tfsnn.analysis.evaluate import evaluate
from tfsnn.conversion.calibration import calibrated
from tfsnn.conversion.convert import convert
from tfsnn.conversion.for_target import method_for, refuse_converted, settings_for
from tfsnn.conversion.settings import split
from tfsnn.data import Progress
from tfsnn.errors import ModelError
from tfsnn.hardware.placement import Fit, fit
from tfsnn.hardware.targets import Target
from tfsnn.hardware.targets import target as looked_up
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.results import percent, table

FLOAT, INTEGERS, INPUT, OUTPUT = (
    "float weights",
    "integer weights",
    "spiking input",
    "spiking output",
)


@dataclass(frozen=True)
class StepToChip:
    """A network on the way to a chip, judged on samples.

    Attributes:
        name: what was done last.
        outputs: each output, judged at T.
    """

    name: str
    outputs: tuple[Judged, ...]


@dataclass(frozen=True)
class TargetConversion:
    """The result of :func:`convert_for`.

    Attributes:
        snn: the network, in the chip's arithmetic.
        fit: how it lies on the chip.
        samples: number of samples that the steps are judged by; 0 for none.
        steps: what each step towards the chip leaves of the accuracy.
    """

    snn: SpikingModel
    fit: Fit
    samples: int
    steps: tuple[StepToChip, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dict."""
        return {
            "fit": self.fit.to_dict(),
            "report": self.snn.report.to_dict(),
            "samples": self.samples,
            "steps": [asdict(step) for step in self.steps],
        }

    def __str__(self) -> str:
        lines = [str(self.fit), ""]
        if not self.steps:
            return "\n".join([*lines, "No samples were given to judge the steps by."])
        lines.append(f"What each step costs, on {self.samples} samples:")
        rows = []
        for step in self.steps:
            for judged in step.outputs:
                figures = judged.figures[-1]
                score, agreement = figures.score, figures.agreement
                rows.append(
                    [
                        step.name,
                        judged.output,
                        "-" if score is None else judged.kind.text(score),
                        "-" if agreement is None else percent(agreement),
                        percent(figures.output_error or 0.0),
                    ]
                )
        header = ["step", "output", "score", "agreement", "output error"]
        return "\n".join([*lines, *table(header, rows)])


def convert_for(
    model: keras.Model,
    calibration: Any,
    target: str | Target,
    method: str | None = None,
    *,
    data: Any = None,
    progress: Progress | None = None,
    **options: Any,
) -> TargetConversion:
    """Convert a model for a chip: in its integers, with spikes at the ends it needs.

    Args:
        model: the trained model.
        calibration: as for :func:`tfsnn.convert`.
        target: a name of ``tfsnn targets``, or a target of your own.
        method: one that the chip can run; "paced" without look-ahead if None.
        data: samples, with labels or without, on which each step is judged; None for
            no such table.
        progress: wraps the batches, for a progress bar.
        options: as for :func:`tfsnn.convert`; `precision` for integers of fewer bits
            than the chip has; `task`, what the outputs answer, as for
            :func:`tfsnn.evaluate`.

    Raises:
        ModelError: for a model that does not fit the chip, with every reason, and for
            a network that was converted already.
        OptionError: for an unknown target, or a method that it cannot run.
    """
    chip = looked_up(target)
    refuse_converted(model, chip.name)
    of_calibration, own = split(options)
    settings = settings_for(chip, own.pop("precision", None))
    judging = {"task": own.pop("task", None), "progress": progress}
    name, own = method_for(chip, method, own)
    known = calibrated(model, calibration, of_calibration)
    found = fit(known.graph, chip, model.name)
    if not found.fits:
        raise ModelError(f"this network does not fit {chip.name}\n{found}")
    towards = list(_steps(settings))
    steps, samples = [], 0
    for step, chosen in towards if data is not None else towards[-1:]:
        snn = convert(model, known, name, progress=progress, **chosen, **own)
        if data is not None:
            judged = evaluate(
                snn, data, ann=model, timesteps=[snn.timesteps], **judging
            )
            samples = judged.samples
            steps.append(StepToChip(step, judged.outputs))
    snn.report = replace(snn.report, target=chip.name)
    return TargetConversion(snn, found, samples, tuple(steps))


def _steps(settings: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is done step by step, and the settings so far; the last are all."""
    ends = ("spiking_input", "spiking_output")
    integers = {key: value for key, value in settings.items() if key not in ends}
    yield FLOAT, {}
    # With analog inputs potentials may be wider than the chip's.
    analog = settings["spiking_input"]
    wide = {k: v for k, v in integers.items() if k != "potential_bits" or not analog}
    yield INTEGERS, wide
    if settings["spiking_input"]:
        yield INPUT, {**integers, "spiking_input": True}
    if settings["spiking_output"]:
        yield OUTPUT, dict(settings)
