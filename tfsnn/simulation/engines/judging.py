"""The tasks of a network's outputs on data, found through its engine."""

from __future__ import annotations

from tfsnn.data import Data
from tfsnn.simulation.engines.base import Engine
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.tasks import Wanted


def judging(engine: Engine, data: Data, wanted: Wanted = None) -> Judging:
    """Find the tasks of the outputs on data.

    Args:
        engine: the engine of the network.
        data: the data, opened for it.
        wanted: the tasks that were asked for, by output, or that of all outputs.

    Raises:
        OptionError: for a task or an output that does not exist.
        DataError: for labels that fit no task, or no output.
    """
    outputs = engine.outputs
    if not outputs:
        sample, _ = next(iter(data.part(0, 1).batches(1)))
        outputs = engine.described(sample)
    return Judging.of(outputs, data, wanted, engine.hints)
