"""The arrays of a shard, and what all shards say of the outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tfsnn.serve.bulk.batches import Batch
from tfsnn.serve.bulk.results import LABEL, Judge, Stored
from tfsnn.simulation.engines import Engine
from tfsnn.simulation.finite import FiniteOutputs
from tfsnn.sources.keras_model.structure import output_columns
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.tasks import Labels, Tally, Task


class Columns:
    """What makes the arrays of a shard, a batch at a time."""

    def __init__(self, net: Engine, tasks: Sequence[Task]) -> None:
        self.net, self.task = net, tasks[0]
        self.finite = FiniteOutputs(net.name, spiking=net.timesteps is not None)

    def __call__(self, batch: Batch) -> dict[str, np.ndarray]:
        results = self.net.run(batch.x)
        outputs = [np.asarray(values) for values in results.outputs]
        self.finite.check(outputs, batch.ids)
        found = output_columns(self.net.output_keys, outputs)
        if self.task.decides and not self.task.kept:
            found["top"] = self.task.decide(outputs[0]).astype(np.int32)
        found |= {"index": batch.index, "id": batch.ids}
        if len(results.steps):
            found["steps"] = np.asarray(results.steps)
        return {**found, **_label_columns(batch.y)}


def _label_columns(y: Labels | None) -> dict[str, np.ndarray]:
    if y is None:
        return {}
    if isinstance(y, Mapping):
        return {f"{LABEL}_{name}": values for name, values in y.items()}
    return {LABEL: y}


def scores(net: Engine, judging: Judging) -> Judge | None:
    """Return what judges the columns of all shards; None where there are no labels."""
    if not any(judging.labelled):
        return None
    names = output_columns(
        net.output_keys, [task.output.name for task in judging.tasks]
    )

    def judged(shards: Iterable[Stored]) -> dict[str, Any]:
        tallies = [
            Tally(task, labelled=labelled, compared=False)
            for task, labelled in zip(judging.tasks, judging.labelled, strict=True)
        ]
        for stored in shards:
            labels: dict[str | int, np.ndarray] = {
                key.removeprefix(f"{LABEL}_"): values
                for key, values in stored.items()
                if key.startswith(f"{LABEL}_")
            }
            read = judging.read(labels or stored.get(LABEL))
            for tally, column, y in zip(tallies, names, read, strict=True):
                tally.add(stored[column], y)
        outputs: list[dict[str, Any]] = [
            {
                "output": tally.task.output.name,
                "task": tally.task.name,
                "scores": tally.figures().scores,
            }
            for tally in tallies
            if tally.labelled
        ]
        if (first := outputs[0])["task"] == "classification":
            return {"accuracy": first["scores"]["accuracy"], "outputs": outputs}
        return {"outputs": outputs}

    return judged
