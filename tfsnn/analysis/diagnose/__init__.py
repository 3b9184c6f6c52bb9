"""Diagnose the error of a spiking network by layer and by cause."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from tfsnn.analysis.aligned import SAMPLES, align, first_samples, matched
from tfsnn.analysis.diagnose.advice import advise
from tfsnn.analysis.diagnose.fit import Fit, FitSums, fit_table
from tfsnn.analysis.diagnose.measures import LayerDiagnosis, Measures, Part
from tfsnn.analysis.diagnose.parts import CAUSES, Code, mean_currents, split
from tfsnn.network.graph import Graph
from tfsnn.network.neurons.population import Population
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import SPIKES
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.nearness import Compared, Nearness, near_dict, near_text
from tfsnn_numpy.results import table
from tfsnn_numpy.tasks import Wanted

__all__ = ["Diagnosis", "Fit", "LayerDiagnosis", "Part", "diagnose"]

SLOW = 3  # layers named as those that need the most steps
RECORDED = 2**26  # values recorded at a time, of two kinds: half a gibibyte


@dataclass(frozen=True)
class Diagnosis(Compared):
    """The result of :func:`diagnose`.

    Attributes:
        timesteps: T.
        samples: number of samples.
        outputs: how near each output comes to the ANN's, judged by its task.
        layers: the populations, in order.
        corrected: what conversion corrected, "none" for nothing. Where weights or
            biases were, currents differ from the ANN's on purpose, to make good for
            other parts: this is in the inherited part, which is then not only error.
        advice: the one change that would help most.
    """

    timesteps: int
    samples: int
    outputs: tuple[Judged, ...]
    layers: tuple[LayerDiagnosis, ...]
    corrected: str
    advice: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dict.

        "agreement" is there only for a task with decisions, "outputs" only for several.
        """
        return {
            "timesteps": self.timesteps,
            "samples": self.samples,
            **near_dict(self.outputs),
            "layers": [asdict(layer) for layer in self.layers],
            "corrected": self.corrected,
            "advice": self.advice,
        }

    def errors(self) -> dict[str, dict[str, float]]:
        """Return root mean square errors over the activation's, by layer and cause."""
        return {
            layer.node: {
                cause: part.rms
                for cause, part in zip(CAUSES, layer.parts(), strict=True)
            }
            for layer in self.layers
        }

    def __str__(self) -> str:
        header = ["node", "error", *CAUSES, "bias"]
        header += ["omega", "dead", "silent", "saturated", "full", "firing"]
        lines = table(header, [_cells(layer) for layer in self.layers])
        lines += [
            "",
            "Root mean square errors over that of the activation, and in brackets the "
            "share of the mean",
            "square error: shares add up to 100 %, and one below 0 makes good for "
            "others.",
        ]
        if "weights" in self.corrected or "bias" in self.corrected:
            lines.append(
                f"Corrected by conversion: {self.corrected}. Currents then differ from "
                "the ANN's on purpose,\nwhich counts as inherited."
            )
        lines += self._fit_text()
        lines.append(near_text(self.outputs, self.timesteps, self.samples))
        return "\n".join([*lines, f"The change that would help most: {self.advice}."])

    def _fit_text(self) -> list[str]:
        fits = {layer.node: layer.fit for layer in self.layers if layer.fit}
        if not fits:
            return []
        lines = [
            "",
            *fit_table(fits),
            "",
            "K(t): the sum of square errors after t steps over that of the activations "
            "that can be coded;",
            "in brackets the most for a current that does not change.",
        ]
        if slow := slowest(self.layers):
            named = ", ".join(f"{layer.node} ({layer.omega:.1f})" for layer in slow)
            lines.append(f"The larger omega, the more steps a layer needs: {named}.")
        return lines


def slowest(layers: Sequence[LayerDiagnosis]) -> list[LayerDiagnosis]:
    """Return the layers of the largest omega, which need the most steps, in order."""
    known = [layer for layer in layers if layer.omega]
    return sorted(known, key=lambda layer: -(layer.omega or 0.0))[:SLOW]


def _cells(layer: LayerDiagnosis) -> list[str]:
    parts = [f"{p.rms:.4f} ({round(100 * p.share)} %)" for p in layer.parts()]
    shares = (layer.dead, layer.silent, layer.saturated, layer.full)
    return [
        layer.node,
        f"{layer.error:.4f}",
        *parts,
        f"{round(100 * layer.bias)} %",
        "-" if layer.omega is None else f"{layer.omega:.2f}",
        *(f"{100 * share:.1f} %" for share in shares),
        f"{layer.firing:.4f}",
    ]


def diagnose(
    model: keras.Model,
    snn: SpikingModel,
    x: Any,
    timesteps: int | None = None,
    *,
    task: Wanted = None,
) -> Diagnosis:
    """Find out where the error of a spiking network comes from.

    The error of each population's decoded activations, against those of the ANN, is the
    sum of what clipping, quantisation and uneven spikes make of it, and of what it
    inherits (:mod:`tfsnn.analysis.diagnose.parts` has the equations). Where conversion
    corrected weights or biases, the currents of the two networks differ on purpose.

    Args:
        model: the ANN.
        snn: the network converted from it.
        x: anything that :func:`tfsnn.open_data` takes, of which the first 100 samples
            are used.
        timesteps: T; ``snn.timesteps`` if None.
        task: what the outputs answer (:mod:`tfsnn_numpy.tasks`), one for all or by
            output; found from heads, shapes and the conversion where it is not given.

    Raises:
        ModelError: if the SNN was not converted from this model.
        DataError: if `x` does not fit.
        OptionError: for a task or an output that does not exist.
    """
    ann, spiking = matched(model, snn), snn.graph
    steps = snn.timesteps if timesteps is None else timesteps
    neurons = sum(math.prod(shape) for shape in snn.populations.values())
    recorded = max(neurons * (spiking.clock.pre_steps + max(steps, 1)), 1)
    batch_size = min(max(RECORDED // recorded, 1), SAMPLES)
    near = Nearness(snn.outputs_known, task, snn.report.hints)
    walk = _LayerSums(ann, spiking, snn, steps)
    for batch, _ in first_samples(snn, x).batches(batch_size):
        near.add_outputs(*walk.add(batch))
    layers = tuple(measures.diagnosis() for measures in walk.measures.values())
    return Diagnosis(
        timesteps=steps,
        samples=near.samples,
        outputs=near.judged(),
        layers=layers,
        corrected=str(snn.report.options.get("correct", "none")),
        advice=advise(layers, snn.report, steps),
    )


class _LayerSums:
    """Runs both networks on batches, and adds to the sums of each population."""

    def __init__(
        self, ann: Graph, spiking: Graph, snn: SpikingModel, steps: int
    ) -> None:
        self.ann, self.spiking, self.snn, self.steps = ann, spiking, snn, steps
        self.measures: dict[str, Measures] = {}
        for name, shape in snn.populations.items():
            node: Any = spiking[name]
            original: Any = ann[name]
            code = Code.of(node, original, spiking.clock, steps)
            fit = FitSums(spiking.clock, code.scale, _start(node.population), steps)
            self.measures[name] = Measures(name, code, shape[-1], fit)

    def add(self, batch: Any) -> tuple[list[Any], list[Any]]:
        """Add the samples of a batch; return the outputs of the SNN and the ANN."""
        trace, expected, populations = align(
            self.ann, self.snn, batch, self.steps, (SPIKES,)
        )
        means = {name: found.mean for name, found in populations.items()}
        currents = mean_currents(self.spiking, batch, means)
        for name, measures in self.measures.items():
            activation = populations[name].activation
            current = currents[name] / measures.code.threshold
            parts = split(measures.code, means[name], current, activation)
            sent, spikes = (
                recorded[name][self.spiking.clock.pre_steps :]
                for recorded in (trace.values, trace.spikes)
            )
            measures.add(parts, means[name], activation, sent, spikes)
            codable = np.minimum(activation.astype(np.float64), measures.code.largest)
            measures.fit.add(trace.values[name], codable)
        theirs = [expected[name] for name in self.ann.outputs]
        return [outputs[-1] for outputs in trace.outputs], theirs


def _start(neurons: Population) -> Any:
    """Return V(0) in thresholds, of neurons that send floor(t a + V(0)) in t steps.

    None of others.
    """
    if neurons.whole or not neurons.closed_form or neurons.drive:
        return None
    start = np.asarray(neurons.initial_potential, np.float64)
    return start / np.asarray(neurons.threshold, np.float64)
