"""Damaged files, at random: the right answer or one message, soon and in little memory.

350 mutants of every kind of file that a user opens, each through its command.
"""

import json
import random
import resource
import signal
import traceback

import pytest
from command_line import run
from damaged_files import CHECKED, Files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

KINDS = {
    "spiking": 60,
    "config": 35,
    "hdf5": 30,
    "model": 30,
    "graph": 20,
    "tfjs": 30,
    "program": 30,
    "predicted": 25,
    "nir": 30,
    "npz": 15,
    "tfrecord": 15,
    "gzip": 10,
    "image": 20,
}
SECONDS, KILOBYTES = 10, 2 * 10**6


class TooSlowError(BaseException):
    """Not caught by a command."""


def _ring(_, frame):
    raise TooSlowError("".join(traceback.format_stack(frame)[-3:]))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def undamaged(files):
    """What ``evaluate`` prints of the good files."""
    names = zip(CHECKED, ("good.npz", "good.tfrecord", "good.tfrecord.gz"), strict=True)
    network = files.folder / "snm.keras"
    return {
        kind: run("evaluate", network, "--data", files.folder / name, "--json").stdout
        for kind, name in names
    }


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def check(files, kind, seed, undamaged):
    command, changed = getattr(files, kind)(random.Random(f"{kind} {seed}"))
    before = peak()
    signal.signal(signal.SIGALRM, _ring)
    signal.alarm(SECONDS)
    try:
        result = run(*command, "--json")
    finally:
        signal.alarm(0)
    assert peak() - before < KILOBYTES, changed
    assert result.exit_code in (0, 1, 2), (changed, result.output)
    assert "bug in tfsnn" not in result.stderr, (changed, result.stderr)
    assert "Traceback" not in result.output, changed
    if result.exit_code and result.stdout:  # inspect says what cannot be converted
        assert json.loads(result.stdout)["convertible"] is False, changed
    elif result.exit_code:
        messages = [x for x in result.stderr.splitlines() if x.startswith("Error: ")]
        assert len(messages) == 1 and len(messages[0]) > 20, (changed, result.output)
    elif kind in CHECKED:
        assert result.stdout == undamaged[kind], changed


def test_there_are_350_mutants():
    assert sum(KINDS.values()) == 350


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_one_message_or_the_right_answer(
    kind, files, undamaged, eager
):
    @settings(
        max_examples=KINDS[kind],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.integers(0, 2**32))
    def checked(seed):
        check(files, kind, seed, undamaged)

    checked()


@pytest.mark.parametrize("kind", CHECKED)
def test_the_good_files_are_answered(kind, undamaged):
    assert '"samples": 6' in undamaged[kind]
