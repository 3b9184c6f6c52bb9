"""Evaluation on several devices and by several processes equals that of one."""

import json
import os
import signal
import subprocess
import sys

import models
import numpy as np
import pytest
import tensorflow as tf
from command_line import run
from ports import free_ports
from repository import SUPPORT

import tfsnn
from tfsnn.data import open_data
from tfsnn.errors import OptionError
from tfsnn.simulation.devices.strategy import (
    opened_strategy,
    shared_out,
    task_number,
    workers_of,
)
from tfsnn.simulation.devices.workers import Workers
from tfsnn_numpy.defaults import STRATEGIES

MAIN = "from tfsnn_cli.main import main; main()"
LOST_SECONDS = 30  # as the docstring of tfsnn.simulation.devices.workers states
# Killed where it would give its part.
KILLED = f"""
import os, signal
from tfsnn.simulation.devices.workers import Workers
Workers.gather = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
{MAIN}"""


def cluster(addresses, index):
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": addresses}, "task": task})


def start(*arguments, **environment):
    # A server of TensorFlow's has as many threads as there are cores, whatever these
    # say, and sums are rounded in another order by other numbers of threads.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TF_NUM_")}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**inherited, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, its SNN, and 13 samples whose labels are right for some."""
    folder = tmp_path_factory.mktemp("distribute")
    model = models.randomise(models.cnn())
    model.save(folder / "model.keras")
    x = models.samples(model, 13)
    y = np.where(np.arange(13) % 3 == 0, 0, model.predict(x, verbose=0).argmax(-1))
    np.savez(folder / "data.npz", x=x, y=y)
    tfsnn.convert(model, x, timesteps=8).save(folder / "snn.keras")
    return folder


def command(folder):
    return (
        *("evaluate", folder / "snn.keras", "--data", folder / "data.npz"),
        *("--ann", folder / "model.keras", "-o", "batch_size", 3, "--json"),
    )


@pytest.fixture(scope="module")
def processes(folder):
    """All that run beside each other: workers, workers one of which dies, devices."""
    started = {
        "mirrored": start(SUPPORT / "mirrored_evaluation.py", folder),
        "alone": start("-c", MAIN, *command(folder)),
    }
    for name, codes in {"whole": (MAIN, MAIN), "dying": (MAIN, KILLED)}.items():
        addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
        for i, code in enumerate(codes):
            arguments = ("-c", code, *command(folder), "-o", "strategy", "multi_worker")
            environment = {"TF_CONFIG": cluster(addresses, i)}
            started[name, i] = start(*arguments, **environment)
        started[name, "addresses"] = addresses
    yield started
    for process in started.values():
        if isinstance(process, subprocess.Popen) and process.poll() is None:
            process.kill()


@pytest.mark.slow
@pytest.mark.processes
def test_a_lost_worker_is_an_error_in_time_that_names_it(processes):
    lost, survivor = processes["dying", 1], processes["dying", 0]
    lost.communicate(timeout=120)
    out, err = survivor.communicate(timeout=LOST_SECONDS)
    assert lost.returncode == -signal.SIGKILL
    assert (survivor.returncode, out) == (1, "")
    message = err[err.index("Error: ") :]
    named = f"worker 1 at {processes['dying', 'addresses'][1]} was lost"
    assert named in message and "start all workers again" in message
    assert "worker 0" not in message and "bug" not in message


@pytest.mark.slow
@pytest.mark.processes
def test_two_processes_find_what_one_finds(processes):
    alone, err = processes["alone"].communicate(timeout=120)
    assert processes["alone"].returncode == 0, err
    chief, other = (processes["whole", i] for i in (0, 1))
    out, err = chief.communicate(timeout=120)
    assert chief.returncode == 0, err
    assert json.loads(out) == json.loads(alone)
    assert json.loads(out)["samples"] == 13
    out, err = other.communicate(timeout=30)
    assert (other.returncode, out) == (0, ""), err


@pytest.mark.slow
@pytest.mark.processes
def test_several_devices_find_what_one_finds(processes):
    out, err = processes["mirrored"].communicate(timeout=120)
    assert processes["mirrored"].returncode == 0, err
    found = json.loads(out)
    assert len(found["pairs"]) == 3
    for shared, alone in found["pairs"]:
        assert shared == alone and shared["samples"] == 13
    assert found["values"] == [3, 3]  # the weights are on each device
    # Device, sum, and the value of both samples, by batch.
    assert found["devices"] == [[i % 3, 2 * i, i] for i in range(5)]


def test_the_command_line_takes_a_strategy(folder):
    assert run(*command(folder), "-o", "strategy", "mirrored").stdout == (
        run(*command(folder)).stdout
    )


def test_as_on_a_tpu_with_batches_filled_up(monkeypatch):
    """One CPU as the TPU: XLA, batches of one size; dyadic numbers, so XLA is exact."""
    model = models.dyadic(models.mlp())
    x = np.round(models.samples(model, 7) * 16) / 16
    y = np.arange(7) % 3
    options = {"scale": "max", "timesteps": 4}
    alone = tfsnn.evaluate(tfsnn.convert(model, x, "data_norm", **options), (x, y))
    monkeypatch.setattr(tf.distribute, "TPUStrategy", tf.distribute.OneDeviceStrategy)
    monkeypatch.setattr("tfsnn.simulation.compiled.on_accelerator", lambda: True)
    seen = []
    snn = tfsnn.convert(model, x, "data_norm", **options)
    observe = snn.run
    monkeypatch.setattr(
        snn, "run", lambda x, *rest: seen.append(x.shape[0]) or observe(x, *rest)
    )
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    assert tfsnn.evaluate(snn, (x, y), batch_size=4, strategy=strategy) == alone
    assert set(seen) == {4}


@pytest.mark.parametrize("size", [1, 12, 13])
@pytest.mark.parametrize("count", [1, 3, 5])
@pytest.mark.parametrize("known", [True, False])
def test_the_shares_are_the_batches(size, count, known):
    x = np.arange(size, dtype=np.float32)[:, None]
    y = np.arange(size) % 3
    given = (x, y) if known else tf.data.Dataset.from_tensor_slices((x, y)).batch(2)
    data = open_data(given, (1,))
    shares = []
    for i in range(count):
        names = tuple(("worker", k) for k in range(count))
        share = shared_out(data, 3, Workers(names, ("",) * count, i), None, "")
        shares.append([(a.ravel().tolist(), b.tolist()) for a, b in share])
    if known:  # consecutive
        found = [batch for share in shares for batch in share]
    else:  # in turn
        found = [shares[i % count][i // count] for i in range(sum(map(len, shares)))]
    assert found == [
        (x[i : i + 3, 0].tolist(), y[i : i + 3].tolist()) for i in range(0, size, 3)
    ]


def test_a_share_is_all_that_is_read():
    data = open_data(np.zeros((20, 1), np.float32), (1,))
    read = []
    store = data.read

    def watched(count, start):
        for part in store(count, start):
            read.append(start)
            yield part

    object.__setattr__(data, "read", watched)
    names = (("worker", 0), ("worker", 1))
    share = shared_out(data, 5, Workers(names, ("", ""), 1), None, "")
    assert len(list(share)) == 2 and read == [10, 10]


def test_a_task_is_what_was_asked_and_all_values():
    x = np.arange(4, dtype=np.float32)
    numbers = [
        task_number([1, 2], x, None),
        task_number([1, 3], x, None),
        task_number([1, 2], x.reshape(2, 2), None),
        task_number([1, 2], np.nextafter(x, 9), None),
        task_number([1, 2], x, x),
    ]
    assert len(set(numbers)) == 5 and max(numbers) < 2**53
    assert task_number([1, 2], x.copy(), None) == numbers[0]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "need the environment variable TF_CONFIG"),
        ("{", "TF_CONFIG cannot be read"),
        ("{}", "need a cluster of workers"),
        (cluster(["a:1", "b:2"], 2), "task 2 of 'worker', which is not in its cluster"),
        ('{"cluster": {"ps": ["a:1"]}}', r"jobs \['ps'\]"),
        (cluster(["a", "b"], 0), "'a' is no address"),
    ],
)
def test_what_tf_config_lacks_is_said(config, message, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config is not None:
        monkeypatch.setenv("TF_CONFIG", config)
    with (
        pytest.raises(OptionError, match=message),
        opened_strategy("multi_worker"),
    ):
        pass


def test_usage(folder, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    result = run(*command(folder), "-o", "strategy", "multi_worker")
    assert result.exit_code == 2 and "TF_CONFIG" in result.output
    unknown = run(*command(folder), "-o", "strategy", "two")
    assert unknown.exit_code == 2
    assert all(f"'{name}'" in unknown.output for name in STRATEGIES)
    with pytest.raises(OptionError, match="'two' is none of none, mirrored"):
        opened_strategy("two").__enter__()
    with pytest.raises(OptionError, match="is a CentralStorageStrategy"):
        workers_of(tf.distribute.experimental.CentralStorageStrategy())
    with pytest.raises(OptionError, match="no TPU can be used"):
        opened_strategy("tpu").__enter__()
