"""Write the figures of ``benchmarks/results`` and ``tfsnn --help`` into the README.

    python benchmarks/readme.py

What stands between ``<!-- NAME -->`` and ``<!-- /NAME -->`` is replaced; a test asserts
that the README is what this script makes of it. ``docs/generate.py`` does the same with
the pages of the site, which have more such parts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from against_spikingjelly import all_results, first_close, label
from click.testing import CliRunner
from machine import described

from tfsnn_cli.main import cli

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PART = re.compile(r"^<!-- (\w+) -->\n.*?^<!-- /\1 -->$", re.MULTILINE | re.DOTALL)
NETWORKS = ("mnist_cnn", "fashion_mnist_cnn", "resnet20_cifar10")
# Of which conversion each column reads which time step.
COLUMNS = (
    ("augmapping for T=2", (1, 2)),
    ("augmapping for T=8", (8,)),
    ("termapping for T=8", (8,)),
    ("termapping for T=32", (16, 32)),
    ("termapping for T=64", (64,)),
    ("data_norm", (32,)),
)


def _help() -> str:
    shown = CliRunner().invoke(cli, ["--help"], prog_name="tfsnn", terminal_width=80)
    return f"```\n{shown.output.strip()}\n```"


def _figures() -> str:
    reads = [(setting, t) for setting, steps in COLUMNS for t in steps]
    header = ["network", "ANN, %"]
    header += [f"{setting.split()[0]} T={t}" for setting, t in reads]
    lines = [_row(header), _row(["---"] * len(header))]
    for network in NETWORKS:
        document = json.loads((RESULTS / f"accuracy_{network}.json").read_text())
        results = {result["setting"]: result for result in document["results"]}
        ann = document["results"][0]["ann_accuracy"]
        cells = [network, f"{100 * ann:.2f}"]
        for setting, t in reads:
            measured = results.get(setting, {"rows": []})["rows"]
            rows = {row["timesteps"]: row["accuracy"] for row in measured}
            cells.append(f"{100 * (rows[t] - ann):+.2f}" if t in rows else "–")
        lines.append(_row(cells))
    lines += ["", f"Measured on {described(document['machine'])}."]
    return "\n".join(lines)


def _low_latency() -> str:
    documents = [
        json.loads((RESULTS / f"low_latency_{network}.json").read_text())
        for network in ("resnet20_cifar10", "vgg9_cifar10")
    ]
    header = ["spikes", "look-ahead", "method", "T", "aim"]
    for document in documents:
        header += [f"{document['model']}, points lost", "latency", "energy ratio"]
    lines = [_row(header), _row(["---"] * len(header))]
    for rows in zip(*(document["rows"] for document in documents), strict=True):
        first = rows[0]
        cells = [first["spikes"], str(first["lookahead"]), f"`{first['method']}`"]
        cells += [str(first["timesteps"]), f"{first['wanted']}"]
        for row in rows:
            cells += [f"{row['loss']:.2f}", str(row["latency"])]
            cells += [f"{row['energy_ratio']:.2f}"]
        lines.append(_row(cells))
    lines.append("")
    for document in documents:
        lines.append(
            f"{document['model']}: ANN {100 * document['ann_accuracy']:.2f} % on "
            f"{document['samples']:,} test images."
        )
    lines.append(f"Measured on {described(documents[0]['machine'])}.")
    return "\n".join(lines)


def _spikingjelly() -> str:
    path = RESULTS / "against_spikingjelly_resnet20.json"
    document = json.loads(path.read_text())
    other = document["spikingjelly"]
    results = all_results(document)
    steps = [row["timesteps"] for row in results[0]["rows"]]
    header = ["points against the ANN", "spikes", *(f"T={t}" for t in steps)]
    lines = [_row(header), _row(["---"] * len(header))]
    for result in results:
        cells = [label(result), result.get("spikes", "0, 1")]
        for row in result["rows"]:
            lost = 100 * (row["accuracy"] - document["ann_accuracy"])
            late = row.get("latency", row["timesteps"])
            waits = "" if late == row["timesteps"] else f" (latency {late})"
            cells.append(f"{lost:+.1f}{waits}")
        lines.append(_row(cells))
    lines.append(
        f"\n{document['model']}, ANN {100 * document['ann_accuracy']:.2f} % on "
        f"{document['samples']:,} test images (one is {100 / document['samples']:.1f} "
        f"points), {document['calibration_samples']:,} calibration images. Measured on "
        f"{described(document['machine'])}, PyTorch {other['torch']}, SpikingJelly "
        f"{other['spikingjelly']}."
    )
    return "\n".join(lines)


def _within() -> str:
    path = RESULTS / "within_half_a_point_resnet20.json"
    document = json.loads(path.read_text())
    other = document["spikingjelly"]
    steps = [str(row["timesteps"]) for row in other["results"][0]["rows"]]
    lines = first_close(document)
    lines.append(
        f"\n{document['model']}, ANN {100 * document['ann_accuracy']:.2f} % on "
        f"{document['samples']:,} test images, {document['calibration_samples']:,} "
        f"calibration images; T = {', '.join(steps)} were measured. On "
        f"{described(document['machine'])}, PyTorch {other['torch']}, SpikingJelly "
        f"{other['spikingjelly']}."
    )
    return "\n".join(lines)


def _result(name: str) -> str:
    """A result as it was written, without its title."""
    return "\n".join((RESULTS / f"{name}.md").read_text().splitlines()[2:])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


Parts: TypeAlias = Mapping[str, Callable[[], str]]
PARTS: Parts = {
    "help": _help,
    "figures": _figures,
    "low_latency": _low_latency,
    "spikingjelly": _spikingjelly,
    "within": _within,
    "throughput": lambda: _result("throughput"),
    "throughput_timesteps": lambda: _result("throughput_timesteps"),
    "throughput_resnet50": lambda: _result("throughput_resnet50"),
    "early_exit": lambda: _result("early_exit_resnet20"),
    "early_exit_ternary": lambda: _result("early_exit_ternary_resnet20"),
    "bulk_cost": lambda: _result("bulk_cost"),
    "toolboxes": lambda: _result("against_toolboxes_fashion_mnist"),
    "memory": lambda: _result("memory"),
    "speed": lambda: _result("speed"),
    "backbones": lambda: _result("backbones"),
    "published": lambda: _result("published_resnet20_cifar10"),
    "nir_tools": lambda: _result("nir_tools"),
}


def written(page: str, parts: Parts = PARTS) -> str:
    """A page with its generated parts up to date.

    Raises:
        SystemExit: for a mark without its other one, or of an unknown part.
    """

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in parts:
            raise SystemExit(f"<!-- {name} -->: no such part; {', '.join(parts)}")
        return f"<!-- {name} -->\n{parts[name]()}\n<!-- /{name} -->"

    page, count = PART.subn(fill, page)
    marks = re.findall(r"^<!-- (/?\w+) -->$", page, re.MULTILINE)
    if len(marks) != 2 * count:
        raise SystemExit(f"not each of {marks} has its other mark behind it")
    return page


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(written(path.read_text()))
