"""The README keeps its word: its commands, its help text and its figures."""

import hashlib
import importlib
import json
import re
import runpy

import documents
import numpy as np
import pytest
from repository import ROOT

README = (ROOT / "README.md").read_text()


def test_generated_parts_are_up_to_date(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    script = runpy.run_module("benchmarks.readme")
    assert script["written"](README) == README


# The beginning of a result's name, and the module of its page.
RESULTS = {
    "accuracy_": "accuracy.accuracy",
    "against_": "toolboxes.comparison",
    "backbones": "accuracy.backbones",
    "bulk_cost": "service.bulk_cost",
    "chip_files": "toolboxes.chip_files",
    "chip_steps_": "accuracy.chip_steps",
    "commits": "speed.commits",
    "converting": "speed.converting",
    "counters": "toolboxes.counters",
    "early_exit_": "accuracy.early_exit",
    "integers_": "accuracy.integers",
    "encoder_elsewhere": "toolboxes.sentence_encoder",
    "energy_": "accuracy.energy",
    "learning_rate_": "training.learning_rate",
    "low_latency_": "accuracy.low_latency",
    "memory": "speed.memory",
    "moving_digits": "moving_digits",
    "one_spike_": "accuracy.one_spike",
    "openvino": "speed.openvino",
    "options": "accuracy.options",
    "published_": "accuracy.published",
    "quantised": "quantised.quantised",
    "rate_inference": "training.rate_inference",
    "real_networks": "real.page",
    "simulators_": "toolboxes.simulators_page",
    "sentence_encoder": "accuracy.sentence_encoder",
    "speed": "speed.speed",
    "stablehlo_gpu": "gpu.table",
    "tasks": "tasks.tasks",
    "throughput": "speed.throughput",
    "train_quantised": "training.quantised",
    "training_against_": "training.against_spikingjelly",
    "training_fashion_mnist": "training.fashion_mnist",
    "training_memory": "training.memory",
    "rows_": "training.rows",
    "st_rsbp_": "training.st_rsbp",
    "fine_tuning_": "training.fine_tuning",
    "ways": "speed.ways",
    "transformers": "accuracy.transformers",
    "within_": "toolboxes.comparison",
}
MEASURED = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


@pytest.mark.parametrize("path", MEASURED, ids=lambda path: path.stem)
def test_the_page_of_a_result_says_what_its_figures_say(path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    (name,) = {
        module for start, module in RESULTS.items() if path.stem.startswith(start)
    }
    page = importlib.import_module(f"benchmarks.{name}").PAGE
    assert (
        page.text(json.loads(path.read_text())) == path.with_suffix(".md").read_text()
    )


def test_ci_runs_the_test_command_of_the_readme():
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("pip install . && .venv/bin/tfsnn demo")
    assert commands[1].endswith("pip install -e '.[test]' && .venv/bin/pytest")


SHIPPED = ["mnist_cnn", "fashion_mnist_cnn", "resnet20_cifar10", "vgg9_cifar10"]


@pytest.mark.parametrize("name", SHIPPED)
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
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text()
            if '__name__ == "__main__"' in source:
                file = path.relative_to(ROOT)
                module = ".".join(file.with_suffix("").parts)
                assert f"python {file}" in source or f"python -m {module}" in source


def blocks(language):
    return [text for named, text in documents.blocks(README) if named == language]


@pytest.mark.slow
def test_the_shell_commands_work(sandbox):
    found = [block for block in blocks("sh") if block.startswith("tfsnn ")]
    assert len(found) == 4  # later ones read what the first wrote
    documents.run_commands("".join(found))
    written = ["snn.keras", "chosen.keras", "fast.keras", "report.html"]
    assert all((sandbox / name).exists() for name in written)
    assert (sandbox / "models" / "digits" / "1" / "saved_model.pb").exists()


@pytest.mark.slow
def test_the_python_code_works(sandbox):
    with np.load("train.npz") as train, np.load("test.npz") as test:
        x_calibration = train["x"].astype("float32") / 255
        x, y = test["x"].astype("float32") / 255, test["y"]
    (code,) = blocks("python")
    names = {"x_calibration": x_calibration, "x": x, "y": y}
    exec(code, names)
    assert (sandbox / "snn.keras").exists()
    assert names["trace"].spikes["conv_relu"].shape[:2] == (4, 50)
