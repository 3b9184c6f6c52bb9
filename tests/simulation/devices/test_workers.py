"""Workers: their totals gathered once, and each that is lost named."""

import socket
import threading

import numpy as np
import pytest
import tensorflow as tf
from ports import free_ports

from tfsnn.errors import WorkerError
from tfsnn.simulation.devices import workers
from tfsnn.simulation.devices.workers import Workers


class TwoWorkers:
    """A strategy whose other worker has sent a vector already."""

    def __init__(self, other):
        self.other = other

    def experimental_distribute_values_from_function(self, value):
        return value(None)

    def gather(self, own, axis):
        return tf.concat([self.other, own, own], axis)  # two devices each give it


PAIR = (("chief", 0), ("worker", 0))


def test_the_totals_of_all_are_gathered_by_number():
    other = np.array([5, 0, 77, 10, 20], np.float64)
    this = Workers(PAIR, ("a:1", "b:2"), 1)
    found = this.gather(TwoWorkers(other), np.array([1.0, 2.0**53]), 77)
    assert [values.tolist() for values in found] == [[10, 20], [1, 2**53]]


def test_another_task_is_refused():
    other = np.array([4, 0, 78, 10], np.float64)
    this = Workers(PAIR, ("a:1", "b:2"), 1)
    with pytest.raises(WorkerError, match="chief 0 at a:1 was given something else"):
        this.gather(TwoWorkers(other), np.array([1.0, 2.0]), 77)


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (
            "Collective ops is aborted by: Error reported from /job:worker/task:2: The "
            "following tasks are unhealthy: /job:worker/replica:0/task:2",
            "worker 2 at c:3 was lost",
        ),
        (
            "Failed to send RPC: from /job:worker/replica:0/task:1 to remote target "
            "/job:worker/replica:0/task:0",
            "worker 0 at a:1 was lost",
        ),
        ("Socket closed", "worker 0 at a:1 or worker 2 at c:3 was lost"),
    ],
)
def test_the_worker_that_tensorflow_misses_is_named(message, named):
    names = tuple(("worker", i) for i in range(3))
    this = Workers(names, ("a:1", "b:2", "c:3"), 1)
    with pytest.raises(WorkerError, match=named), this.losing():
        raise tf.errors.UnavailableError(None, None, message)


@pytest.fixture
def listeners():
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    yield opened
    for listener in opened:
        listener.close()


def test_between_batches_the_chief_asks_all_and_all_ask_the_chief(
    listeners, monkeypatch
):
    addresses = tuple(f"127.0.0.1:{item.getsockname()[1]}" for item in listeners)
    names = tuple(("worker", i) for i in range(3))
    chief, other = (Workers(names, addresses, i) for i in (0, 1))
    monkeypatch.setattr(workers, "ASKING_SECONDS", 0)
    chief.check()
    other.check()
    listeners[2].close()
    other.check()
    with pytest.raises(WorkerError, match=f"worker 2 at {addresses[2]} was lost"):
        chief.check()
    listeners[0].close()
    with pytest.raises(WorkerError, match=f"worker 0 at {addresses[0]} was lost"):
        other.check()
    monkeypatch.setattr(workers, "ASKING_SECONDS", 1000)
    other.check()  # not asked so soon again
    Workers().check()


def test_workers_meet_or_say_who_did_not_come(listeners, monkeypatch):
    first, second = (f"127.0.0.1:{port}" for port in free_ports(2))
    names = (("worker", 0), ("worker", 1))
    monkeypatch.setattr(workers, "MEETING_SECONDS", 0.2)
    with pytest.raises(WorkerError, match=f"worker 1 at {second} did not come within"):
        workers.meet(Workers(names, (first, second), 0))
    monkeypatch.setattr(workers, "MEETING_SECONDS", 20)
    met = threading.Barrier(3)

    def meet(index, address):
        workers.meet(Workers(names, (first, second), index))
        with socket.create_server(("", int(address.rpartition(":")[2]))):
            met.wait(20)  # as TensorFlow listens there to the end

    late = threading.Timer(0.3, meet, [1, second])
    for thread in (threading.Thread(target=meet, args=[0, first]), late):
        thread.start()
    met.wait(20)
    taken = f"127.0.0.1:{listeners[0].getsockname()[1]}"
    with pytest.raises(WorkerError, match=f"cannot listen at {taken}"):
        workers.meet(Workers(names, (taken, second), 0))
