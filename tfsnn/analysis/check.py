"""A first look at a conversion: how near it came, its cost, and what would help."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras

from tfsnn.analysis.choose.losses import MAX_ERROR
from tfsnn.analysis.diagnose import diagnose
from tfsnn.analysis.evaluate import Evaluation, evaluate
from tfsnn.conversion.calibration import Calibration
from tfsnn.conversion.methods.few_spikes import FewSpikes
from tfsnn.data import Data, Progress
from tfsnn.data.holdout import hold_out
from tfsnn.hardware.energy import DEFAULT, EnergyModel
from tfsnn.network.nodes import Function
from tfsnn.network.passes.spike_everything import PARTS
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.defaults import HELD_BACK
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.results import Row, percent
from tfsnn_numpy.tasks import Wanted

FAR = 0.02  # share of decisions that differ, from which on advice is given
FEW = 100  # calibration samples
MATCHED = "bit-matched"  # the energy model that is stated beside that of arithmetic
SHARE, LEAST = 10, 10  # one of so many samples is held back; so many are needed


@dataclass(frozen=True)
class Check:
    """The result of :func:`check`.

    Attributes:
        samples: number of samples that the network was tried on.
        outputs: each output, judged after T steps.
        energy_ratio: energy of the SNN over that of the ANN; None for an ANN without a
            multiply-accumulate.
        energies: the same ratio by every energy model, by name.
        energy: the name of the energy model of the ratio.
        advice: the one change that would help; None where nothing is amiss.
    """

    samples: int
    outputs: tuple[Judged, ...]
    energy_ratio: float | None
    energies: dict[str, float | None]
    energy: str
    advice: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dict."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"On {self.samples} samples held back from calibration:"]
        lines += [f"  {_sentence(judged)}" for judged in self.outputs]
        if self.energy_ratio is not None:
            matched = self.energies.get(MATCHED)
            honest = f" by {self.energy}"
            if matched is not None and self.energy != MATCHED:
                honest += f", {matched:.2f} by {MATCHED}"
            lines.append(f"  energy {self.energy_ratio:.2f} times the model's{honest}")
        if self.advice is not None:
            lines.append(f"What would help most: {self.advice}.")
        return "\n".join(lines)


def check(
    model: keras.Model,
    snn: SpikingModel,
    data: Any,
    *,
    task: Wanted = None,
    energy: str | EnergyModel = DEFAULT,
) -> Check:
    """Try a conversion on a few samples, and say what would help if it came out badly.

    Args:
        model: the ANN.
        snn: the network converted from it.
        data: samples that the conversion has not seen; anything that
            :func:`tfsnn.open_data` takes, with labels or without. For a recurrent
            network over time, sequences.
        task, energy: as for :func:`tfsnn.evaluate`.

    Raises:
        OptionError: for an unknown task or energy model.
        DataError: for data that does not fit.
    """
    found = evaluate(
        snn,
        data,
        ann=model,
        task=task,
        energy=energy,
        over_time=bool(snn.graph.states),
    )
    advice = None
    if found.rows[-1].spikes == 0:
        advice = _spiking(snn)
    elif any(map(_far, found.outputs)):
        advice = _nearer(model, snn, data)
    elif (found.rows[-1].energy_ratio or 0) >= 1:
        advice = _cheaper(found)
    last = tuple(
        Judged(o.output, o.task, o.metric, o.ann, o.figures[-1:]) for o in found.outputs
    )
    energies = {each.name: each.ratio for each in found.energies}
    ratio = found.rows[-1].energy_ratio
    return Check(found.samples, last, ratio, energies, found.energy.name, advice)


def held_back(
    known: Calibration, most: int = HELD_BACK, progress: Progress | None = None
) -> tuple[Calibration, Data | None]:
    """Hold a tenth of the calibration samples back, if that is ten at least.

    Of a recurrent network over time these are whole sequences.

    Args:
        known: a calibration whose data was not read yet.
        most: the most samples to hold back.
        progress: wraps the batches that are read.

    Returns:
        The calibration without them, and those held back; the same one and None where
        there are too few, or their number is not known.
    """
    data = known.sequences or known.data
    count = min(most, (data.size or 0) // SHARE)
    if count < LEAST:
        return known, None
    rest, held = hold_out(
        data, count, least=2 * count, seed=known.seed, progress=progress
    )
    return known.with_data(rest), held


def _sentence(judged: Judged) -> str:
    """Say how near an output came, and its score."""
    figures, task = judged.figures[-1], judged.kind
    parts = []
    if figures.agreement is not None:
        parts.append(f"the model's decision in {percent(figures.agreement)}")
    if figures.output_error is not None:
        error = percent(figures.output_error)
        parts.append(f"outputs off by {error} of their standard deviation")
    if figures.score is not None:
        metric = judged.metric.replace("_", " ")
        ann = task.text(judged.ann_score)
        parts.append(f"{metric} {task.text(figures.score)} (the model {ann})")
    return f"{judged.output} ({judged.task}): {', '.join(parts) or 'nothing to judge'}"


def _far(judged: Judged) -> bool:
    """Return whether an output is too far from the model's to go without advice.

    With an error of 1 it would be as near if it always gave the mean.
    """
    figures = judged.figures[-1]
    most = 1.0 if judged.kind.decides else MAX_ERROR / 100
    agreed = figures.agreement is None or figures.agreement >= 1 - FAR
    return not agreed or (figures.output_error or 0) > most


def _spiking(snn: SpikingModel) -> str:
    """Advise what would let a network spike in which nothing does."""
    found = {
        node.op
        for node in snn.graph.of_kind(Function)
        if node.op in PARTS
        or (node.op in FewSpikes.spiking_functions and len(node.inputs) == 1)
    }
    if found:
        return (
            f"--method few_spikes, whose neurons compute {', '.join(sorted(found))} "
            "(nothing spikes now: these are running sums)"
        )
    return (
        "another method or more calibration samples (nothing spikes: what is left "
        "is constant, or the ANN with analog values)"
    )


def _nearer(model: keras.Model, snn: SpikingModel, data: Any) -> str:
    """Advise what would bring the network nearer to the model."""
    if snn.graph.states:
        return (
            "a method with finer spikes, or more time steps for each element (only "
            "the whole network is compared over time)"
        )
    if snn.report.populations and snn.report.samples < FEW:
        return (
            f"more calibration samples ({snn.report.samples} now, a few hundred are "
            "usual)"
        )
    return diagnose(model, snn, data).advice


def _cheaper(found: Evaluation) -> str:
    """Advise what would bring the energy below the model's."""
    cheap = [row for row in found.rows if (row.energy_ratio or 0) < 1]
    if cheap:
        row = cheap[-1]
        return (
            f"fewer steps: after {row.timesteps} the energy is {row.energy_ratio:.2f} "
            f"times the model's{_near(row)} (--timesteps {row.timesteps})"
        )
    return (
        "another method: even the first step costs more energy than the model (tfsnn "
        "choose looks for the cheapest, and -o energy 45nm-int8 prices other hardware)"
    )


def _near(row: Row) -> str:
    if row.agreement is not None:
        return f", with its decision in {percent(row.agreement)}"
    error = percent(row.output_error)
    return f", with outputs off by {error} of their standard deviation"
