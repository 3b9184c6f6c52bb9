"""The sweep over data: what one or several networks do with each batch.

Everything that measures a network goes through here; it only sums what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfsnn.data import Batch
from tfsnn.simulation.devices.strategy import Strategy, on_devices, rows
from tfsnn.simulation.finite import FiniteOutputs
from tfsnn.simulation.results import Results
from tfsnn_numpy.sums import BatchResult, Costs, batch_result
from tfsnn_numpy.tasks import Labels


class Swept(NamedTuple):
    """A batch, and what each network did with it.

    Attributes:
        x: the samples, ``(B, ...)``, or a dict of them by input.
        y: labels as they are stored, or None.
        seen: what was measured of each network, by its name.
        results: the results of each network; on a TPU with samples behind the B.
    """

    x: Any
    y: Labels | None
    seen: Mapping[str, BatchResult]
    results: Mapping[str, Results]


def sweep(
    networks: Mapping[str, Callable[[Any], Results]],
    batches: Iterable[Batch],
    *,
    steps: Sequence[int] = (),
    costs: Costs | None = None,
    strategy: Strategy | None = None,
    batch_size: int = 0,
) -> Iterator[Swept]:
    """Yield each batch with what the networks make of it.

    A network whose results have outputs over time is seen after each of the steps, if
    there are any; any other one at its end, as one row without counts.

    Args:
        networks: functions of samples ``(B, ...)``, by any name.
        batches: the samples and labels, a batch at a time.
        steps: the steps of the rows, in order; 1 is the first.
        costs: the costs of the network that is seen over time.
        strategy: whose devices compute a batch each; None for the default device.
        batch_size: the largest B, for a strategy.

    Raises:
        ModelError: if outputs of the first network are NaN or infinite; of the others
            the logger "tfsnn" gets a warning.
    """

    def compute(x: Any) -> dict[str, Results]:
        return {name: run(x) for name, run in networks.items()}

    finite = {
        name: FiniteOutputs(f"the {name}", spiking=not number)
        for number, name in enumerate(networks)
    }
    done = 0
    for (x, y), results in on_devices(strategy, compute, batches, batch_size):
        count = rows(x)
        places = [f"sample {done + i}, counted from 0" for i in range(count)]
        for name, found in results.items():
            finite[name].check(found.outputs, places)
        done += count
        seen = {
            name: _seen(found, count, steps, costs) for name, found in results.items()
        }
        yield Swept(x, y, seen, results)


def _seen(
    results: Results, count: int, steps: Sequence[int], costs: Costs | None
) -> BatchResult:
    if len(results.over_time) == 0 or not steps:
        outputs = [np.asarray(values)[None, :count] for values in results.outputs]
        return BatchResult(outputs, np.zeros((1, count, 4)), {})
    over_time = [np.asarray(values)[:, :count] for values in results.over_time]
    counts = {k: np.asarray(v)[:, :count] for k, v in results.counts.items()}
    return batch_result(steps, over_time, counts, costs)
