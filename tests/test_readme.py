"""The README keeps its word: its commands, its help text and its figures."""

import hashlib
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_generated_parts_are_up_to_date(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    script = runpy.run_path(str(ROOT / "benchmarks" / "readme.py"))
    assert script["written"](README) == README


def test_ci_runs_the_test_command_of_the_readme():
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("pip install . && .venv/bin/tfsnn demo")
    assert commands[1].endswith("pip install -e '.[test]' && .venv/bin/pytest")


@pytest.mark.parametrize("name", ["mnist_cnn", "fashion_mnist_cnn", "resnet20_cifar10"])
def test_shipped_files_have_the_checksums_of_their_readme(name):
    folder = ROOT / "saved_models" / name
    stated = re.findall(
        r"\| (\S+) \| ([0-9a-f]{64}) \|", (folder / "README.md").read_text()
    )
    assert len(stated) == 3
    for file, digest in stated:
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest


def test_every_example_and_benchmark_names_itself():
    """A script's docstring says how to run it, with the file's own name."""
    for folder in ("examples", "benchmarks"):
        for path in (ROOT / folder).glob("*.py"):
            source = path.read_text()
            if '__name__ == "__main__"' in source:
                assert f"python {folder}/{path.name}" in source
