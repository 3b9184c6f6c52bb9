"""Compare an SNN with its ANN layer by layer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.analysis.aligned import SAMPLES, align, first_samples, matched
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.nearness import Compared, Nearness, near_dict, near_text
from tfsnn_numpy.results import table
from tfsnn_numpy.tasks import Wanted


@dataclass(frozen=True)
class LayerCheck:
    """The errors of a population or an output, over all samples and units.

    Attributes:
        node: name of the population or output.
        error: mean absolute difference of the decoded activation (mean spikes times
            scale) from the ANN's, activation units.
        relative_error: root mean square difference over root mean square activation.
        correlation: Pearson's; NaN where a side is constant.
        clipped: share of the ANN's activations above what the spikes can code.
    """

    node: str
    error: float
    relative_error: float
    correlation: float
    clipped: float


@dataclass(frozen=True)
class Verification(Compared):
    """The result of :func:`verify`.

    Attributes:
        timesteps: T.
        samples: number of samples.
        outputs: how near each output comes to the ANN's, judged by its task.
        layers: the errors of populations and outputs, in order.
    """

    timesteps: int
    samples: int
    outputs: tuple[Judged, ...]
    layers: tuple[LayerCheck, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dict.

        "agreement" is there only for a task with decisions, "outputs" only for several.
        """
        return {
            "timesteps": self.timesteps,
            "samples": self.samples,
            **near_dict(self.outputs),
            "layers": [asdict(check) for check in self.layers],
        }

    def __str__(self) -> str:
        header = [spec.name.replace("_", " ") for spec in fields(LayerCheck)]
        rows = [
            [c.node, *(f"{v:.4f}" for v in list(asdict(c).values())[1:])]
            for c in self.layers
        ]
        near = near_text(self.outputs, self.timesteps, self.samples)
        return "\n".join([*table(header, rows), near])


def verify(
    model: keras.Model,
    snn: SpikingModel,
    x: Any,
    *,
    timesteps: int | None = None,
    task: Wanted = None,
) -> Verification:
    """Compare a network with the spiking network that it was converted to.

    Args:
        model: the ANN.
        snn: the network converted from it.
        x: a batch that fits into memory with T recordings of all spikes; anything that
            :func:`tfsnn.open_data` takes, of which the first 100 samples are used.
        timesteps: T; ``snn.timesteps`` if None.
        task: what the outputs answer (:mod:`tfsnn_numpy.tasks`), one for all or by
            output; found from heads, shapes and the conversion where it is not given.

    Raises:
        ModelError: if the SNN was not converted from this model.
        DataError: if `x` does not fit.
        OptionError: for a task or an output that does not exist.
    """
    ann = matched(model, snn)
    near = Nearness(snn.outputs_known, task, snn.report.hints)
    batches = [batch for batch, _ in first_samples(snn, x).batches(SAMPLES)]
    samples = tf.nest.map_structure(lambda *parts: np.concatenate(parts), *batches)
    trace, values, populations = align(ann, snn, samples, timesteps)
    checks = [
        _check(name, found.decoded, found.activation, found.largest)
        for name, found in populations.items()
    ]
    reached = [outputs[-1] for outputs in trace.outputs]
    expected = [values[name] for name in ann.outputs]
    for name, ours, theirs in zip(ann.outputs, reached, expected, strict=True):
        checks.append(_check(name, ours, theirs, np.inf))
    near.add_outputs(reached, expected)
    steps = timesteps or snn.timesteps
    return Verification(steps, near.samples, near.judged(), tuple(checks))


def _check(name: str, decoded: Any, expected: Any, largest: Any) -> LayerCheck:
    difference = decoded - expected
    size = float(np.sqrt(np.mean(expected**2)))
    varies = np.std(decoded) > 0 and np.std(expected) > 0
    return LayerCheck(
        node=name,
        error=float(np.abs(difference).mean()),
        relative_error=float(np.sqrt(np.mean(difference**2))) / max(size, 1e-30),
        correlation=float(np.corrcoef(decoded.ravel(), expected.ravel())[0, 1])
        if varies
        else float("nan"),
        clipped=float(np.mean(expected > largest)),
    )
