"""The processes that share one evaluation: who they are, and that none was lost.

Each process works on its own part of the data. Nothing passes between them before the
end, when each gives its totals once (:meth:`Workers.gather`). A worker that is lost
is an error on all others, never a number without its part:

* before the start, the others are waited for (:func:`meet`) for
  :data:`MEETING_SECONDS`; TensorFlow's own wait takes an hour and heeds no signal,
  and is ended after 60 seconds
  (:data:`tfsnn.simulation.devices.strategy.JOINING_SECONDS`);
* between batches, each asks every :data:`ASKING_SECONDS` whether the chief still
  answers, and the chief whether all others do (:meth:`Workers.check`);
* in the last exchange TensorFlow's heartbeat, 10 seconds, finds it.

So after the start the others end within 30 seconds of the loss, or of the batch that
was at work then.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import OptionError, WorkerError

MEETING_SECONDS = 300
ASKING_SECONDS = 5
ANSWER_SECONDS = 5
_TASK = re.compile(r"/job:(\w+)(?:/replica:\d+)?/task:(\d+)")
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
_HEADER = 3  # of a gathered vector: its length, its worker, its task's number


@dataclass
class Workers:
    """All workers, in the order of their numbers; number 0 is the chief.

    Attributes:
        names: the job and task of each, ``("worker", 1)``.
        addresses: the address of each, ``host:port``, as in ``TF_CONFIG``.
        index: the number of this one.
    """

    names: tuple[tuple[str, int], ...] = (("worker", 0),)
    addresses: tuple[str, ...] = ("",)
    index: int = 0
    _asked: float = field(default_factory=time.monotonic, repr=False)

    @classmethod
    def of_cluster(cls, resolver: Any) -> Workers:
        """Return the workers of a TensorFlow cluster resolver, as of TF_CONFIG.

        Raises:
            OptionError: for a cluster without this worker, or with other jobs.
        """
        jobs = resolver.cluster_spec().as_dict()
        if not jobs or set(jobs) - {"chief", "worker"}:
            raise OptionError(
                f"TF_CONFIG names the jobs {sorted(jobs)}; several machines need a "
                "cluster of workers: "
                '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, '
                '"task": {"type": "worker", "index": 0}}, with the index of each'
            )
        listed = {
            (job, int(task)): str(address)
            for job in ("chief", "worker")
            for task, address in _numbered(jobs.get(job, []))
        }
        this = (resolver.task_type, resolver.task_id)
        if this not in listed:
            raise OptionError(
                f"TF_CONFIG says that this is task {this[1]} of {this[0]!r}, which is "
                f"not in its cluster: {', '.join(f'{j} {t}' for j, t in listed)}"
            )
        return cls(tuple(listed), tuple(listed.values()), list(listed).index(this))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def is_chief(self) -> bool:
        """Whether this one prints the result."""
        return self.index == 0

    def check(self) -> None:
        """Ask, once in a while, whether the others are there.

        Raises:
            WorkerError: if one does not answer.
        """
        if len(self) == 1 or time.monotonic() < self._asked + ASKING_SECONDS:
            return
        for index in range(1, len(self)) if self.is_chief else [0]:
            address = self.addresses[index]
            if not answers(address) and not answers(address):
                raise self.lost([index], "it does not answer")
        self._asked = time.monotonic()

    def gather(
        self, strategy: tf.distribute.Strategy, values: np.ndarray, task: int
    ) -> list[np.ndarray]:
        """Return the values of all workers, float64, in the order of their numbers.

        Args:
            strategy: the strategy of the workers.
            values: this worker's values, float64 ``(N,)``.
            task: a number below 2 ** 53 that tells what this worker computed.

        Raises:
            WorkerError: if a worker was lost, or its task is another one.
        """
        if len(self) == 1:
            return [values]
        own = np.concatenate([[_HEADER + len(values), self.index, task], values])
        with self.losing():  # each device of a worker gives the same
            sent = strategy.experimental_distribute_values_from_function(
                lambda _: tf.constant(own, tf.float64)
            )
            received = strategy.gather(sent, 0).numpy()
        found: dict[int, np.ndarray] = {}
        while len(received):
            length, index, its_task = (int(number) for number in received[:_HEADER])
            if its_task != task:
                raise WorkerError(
                    f"{self.named(index)} was given something else than "
                    f"{self.named(self.index)}: the models, the data and all options "
                    "have to be the same; start every worker with the same command"
                )
            found[index] = received[_HEADER:length]
            received = received[length:]
        return [found[index] for index in range(len(self))]

    @contextmanager
    def losing(self) -> Iterator[None]:
        """Turn TensorFlow's errors of a lost worker into a WorkerError."""
        try:
            yield
        except _LOST as error:
            if len(self) == 1:
                raise
            tasks = {(job, int(task)) for job, task in _TASK.findall(str(error))}
            found = [i for i, name in enumerate(self.names) if name in tasks]
            others = [i for i in range(len(self)) if i != self.index]
            lost = [i for i in found if i != self.index] or others
            raise self.lost(lost, type(error).__name__) from error

    def lost(self, indices: list[int], reason: str) -> WorkerError:
        """Return the error for the loss of one of these workers."""
        which = " or ".join(self.named(index) for index in indices)
        return WorkerError(
            f"{which} was lost ({reason}), and without its part there is no result; "
            "see what it wrote itself, then start all workers again"
        )

    def named(self, index: int) -> str:
        """Return the name of a worker, for messages."""
        job, task = self.names[index]
        return f"{job} {task} at {self.addresses[index]}"


def _numbered(tasks: Any) -> Any:
    """Return a job's addresses with their numbers; a cluster may list or map them."""
    return tasks.items() if isinstance(tasks, dict) else enumerate(tasks)


def meet(workers: Workers) -> None:
    """Wait until every worker listens at its address.

    Raises:
        WorkerError: if one does not within :data:`MEETING_SECONDS`, or this one's
            port is taken.
    """
    own = workers.addresses[workers.index]
    try:
        listener = socket.create_server(("", _host_and_port(own)[1]))
    except OSError as error:
        raise WorkerError(
            f"this worker cannot listen at {own}, its address in TF_CONFIG ({error}): "
            "end the program that does, or choose another port on all workers"
        ) from error
    deadline = time.monotonic() + MEETING_SECONDS
    missing = [i for i in range(len(workers)) if i != workers.index]
    with listener:
        while missing := [i for i in missing if not answers(workers.addresses[i])]:
            if time.monotonic() > deadline:
                which = ", ".join(workers.named(i) for i in missing)
                raise WorkerError(
                    f"{which} did not come within {MEETING_SECONDS} seconds; start "
                    "every worker of TF_CONFIG, each with the index of its own"
                )
            time.sleep(0.1)


def answers(address: str) -> bool:
    """Return whether something listens at ``host:port``."""
    try:
        socket.create_connection(_host_and_port(address), ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        raise OptionError(f"TF_CONFIG: {address!r} is no address; give host:port")
    return host.strip("[]"), int(port)
