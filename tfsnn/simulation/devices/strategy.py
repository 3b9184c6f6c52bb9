"""Evaluation on several devices and several machines, by ``tf.distribute``.

Data is shared out in whole batches, the same batches that one process would read: each
worker takes consecutive ones, and its devices take turns. So every batch is computed
as it would be alone, none is read twice or left out, and the sums of whole numbers are
equal whoever made them. Devices work on a batch each at the same time
(``strategy.run``); workers do not wait for one another before the end
(:mod:`tfsnn.simulation.devices.workers`).

``tpu`` has not been run, for want of a TPU: it is written by the documentation of
``TPUStrategy``. There every batch has the full size, as XLA wants to know it: the last
one is filled up, and what was put in is not counted.
"""

from __future__ import annotations

import faulthandler
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from tfsnn.data import Batch, Data, Progress
from tfsnn.errors import OptionError
from tfsnn.simulation.devices.workers import Workers, meet
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.defaults import STRATEGIES
from tfsnn_numpy.digest import Digest

JOINING_SECONDS = 60

Strategy: TypeAlias = "tf.distribute.Strategy"


@contextmanager
def opened_strategy(name: str) -> Iterator[Strategy | None]:
    """Open a strategy by its name, and its scope, in which models are to be loaded.

    It has to be opened before TensorFlow computes anything.

    Args:
        name: one of :data:`STRATEGIES`: "none" gives None, "mirrored" all local GPUs;
            "multi_worker" is all workers of the environment variable ``TF_CONFIG``;
            "tpu" is the TPU of this machine, or that of ``TPU_NAME``.

    Raises:
        OptionError: for another name, or without (or with a wrong) ``TF_CONFIG``.
        WorkerError: if a worker does not come, or is lost.
    """
    if name not in STRATEGIES:
        raise OptionError(f"strategy={name!r} is none of {', '.join(STRATEGIES)}")
    if name == "none":
        yield None
        return
    makers = (tf.distribute.MirroredStrategy, _multi_worker, _tpu)
    strategy = dict(zip(STRATEGIES[1:], makers, strict=True))[name]()
    with workers_of(strategy).losing(), strategy.scope():
        yield strategy


def _multi_worker() -> Strategy:
    if not os.environ.get("TF_CONFIG"):
        raise OptionError(
            "several machines need the environment variable TF_CONFIG on each: "
            '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, '
            '"task": {"type": "worker", "index": 0}}, with the index of each'
        )
    try:
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        workers = Workers.of_cluster(resolver)
    except OptionError:  # a ValueError as well, with a better message
        raise
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise OptionError(f"TF_CONFIG cannot be read ({error}); write JSON") from error
    if len(workers) > 1:
        meet(workers)
    # A worker that ends between the meeting and here would be waited for in C++,
    # where Python runs neither threads nor signals; this timer runs beside it.
    if sys.__stderr__:
        faulthandler.dump_traceback_later(
            JOINING_SECONDS, exit=True, file=sys.__stderr__
        )
    try:
        with workers.losing():
            return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _tpu() -> Strategy:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise OptionError(
            f"no TPU can be used ({reason}); run on a machine that has one, or set "
            "TPU_NAME to it"
        ) from error
    return tf.distribute.TPUStrategy(resolver)


def workers_of(strategy: Strategy | None) -> Workers:
    """Return the workers of a strategy; one, if it is not for several.

    Raises:
        OptionError: for a strategy of another kind.
    """
    kinds = (
        tf.distribute.MirroredStrategy,
        tf.distribute.MultiWorkerMirroredStrategy,
        tf.distribute.OneDeviceStrategy,
        tf.distribute.TPUStrategy,
    )
    if strategy is not None and not isinstance(strategy, kinds):
        raise OptionError(
            f"strategy is a {type(strategy).__name__}; give one of "
            f"{', '.join(kind.__name__ for kind in kinds)}"
        )
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return Workers.of_cluster(strategy.cluster_resolver)
    return Workers()


def shared_out(
    data: Data, batch_size: int, workers: Workers, progress: Progress | None, label: str
) -> Iterable[Batch]:
    """Return this worker's batches; those of all workers together are all batches.

    Each takes consecutive ones, and reads only these. Where the number of samples is
    not known before reading, every worker reads all and takes its turns.
    """
    check_count("batch_size", batch_size)
    count, index = len(workers), workers.index
    if count == 1:
        return data.batches(batch_size, progress, label)
    if data.size is None:
        return itertools.islice(
            data.batches(batch_size, progress, label), index, None, count
        )
    batches = -(-data.size // batch_size)
    start, stop = (batches * i // count * batch_size for i in (index, index + 1))
    stop = min(stop, data.size)
    if start >= stop:  # more workers than batches
        return []
    return data.part(start, stop).batches(batch_size, progress, label)


def on_devices(
    strategy: Strategy | None,
    compute: Callable[[Any], Any],
    batches: Iterable[Batch],
    batch_size: int,
) -> Iterator[tuple[Batch, Any]]:
    """Yield each batch with what `compute` makes of its x, in order.

    Args:
        strategy: the strategy whose devices compute, a batch each; None for the default
            device.
        compute: makes a structure of tensors of x ``(B, ...)``, or of a dict of them.
            On a TPU B is always `batch_size`; rows behind those of x mean nothing.
        batches: the batches of this worker.
        batch_size: the largest B.
    """
    tpu = isinstance(strategy, tf.distribute.TPUStrategy)
    devices = 1 if strategy is None else len(strategy.extended.worker_devices)
    if strategy is None or (devices == 1 and not tpu):
        for batch in batches:
            yield batch, compute(batch[0])
        return

    @tf.function(autograph=False)
    def step(x: Any) -> Any:
        return strategy.run(compute, args=(x,))

    left = iter(batches)
    while group := list(itertools.islice(left, devices)):
        given = [_filled(x, batch_size) if tpu else x for x, _ in group]
        # A device without a batch repeats the last one; nobody looks at its results.
        given += given[-1:] * (devices - len(group))
        results = step(_per_device(strategy, given))
        local = [
            strategy.experimental_local_results(values)
            for values in tf.nest.flatten(results)
        ]
        for i, batch in enumerate(group):
            own = [values[i] for values in local]
            yield batch, tf.nest.pack_sequence_as(results, own)


def _per_device(strategy: Strategy, given: list[Any]) -> Any:
    def of_device(context: Any) -> Any:
        x = given[context.replica_id_in_sync_group % len(given)]
        return tf.nest.map_structure(tf.convert_to_tensor, x)

    return strategy.experimental_distribute_values_from_function(of_device)


def rows(x: Any) -> int:
    """Return the number of samples in a batch."""
    return len(tf.nest.flatten(x)[0])


def _filled(x: Any, size: int) -> Any:
    """Fill a batch up to this number of samples, with copies of the first one."""

    def longer(values: np.ndarray) -> np.ndarray:
        copies = np.repeat(values[:1], size - len(values), 0)
        return np.concatenate([values, copies])

    return tf.nest.map_structure(longer, x)


def summed(
    strategy: Strategy | None, workers: Workers, values: np.ndarray, task: int
) -> np.ndarray:
    """Return all workers' sum of float64 values ``(N,)``; exact for whole numbers.

    Raises:
        WorkerError: if a worker was lost or had another task.
    """
    if strategy is None or len(workers) == 1:
        return values
    return np.sum(workers.gather(strategy, values, task), 0)


def task_number(*parts: Any) -> int:
    """Return a number below 2 ** 53 that is equal for equal arrays and texts.

    By it workers see that they were given the same.
    """
    arrays = (part if isinstance(part, np.ndarray) else str(part) for part in parts)
    return Digest(*arrays).number()
