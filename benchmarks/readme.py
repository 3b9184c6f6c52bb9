"""Write the figures of ``benchmarks/results`` and ``tfsnn --help`` into the README.

    python benchmarks/readme.py

What stands between ``<!-- NAME -->`` and ``<!-- /NAME -->`` is replaced; a test asserts
that the README is what this script makes of it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner
from machine import described

from tfsnn_cli.main import cli

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
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


def written(readme: str) -> str:
    """The README with its generated parts up to date."""
    parts = {
        "help": _help(),
        "figures": _figures(),
        "low_latency": _low_latency(),
        "spikingjelly": _spikingjelly(),
        "throughput": _result("throughput"),
        "early_exit": _result("early_exit_resnet20"),
        "memory": _result("memory"),
        "speed": _result("speed"),
        "backbones": _result("backbones"),
    }
    for name, text in parts.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        readme, count = re.subn(
            pattern,
            lambda match, text=text: f"{match[1]}{text}\n{match[2]}",
            readme,
            flags=re.DOTALL,
        )
        if count != 1:
            raise SystemExit(f"README.md: no place marked {name}")
    return readme


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
    results = [*document["results"], *other["results"]]
    steps = [row["timesteps"] for row in results[0]["rows"]]
    header = ["points against the ANN", "spikes", *(f"T={t}" for t in steps)]
    lines = [_row(header), _row(["---"] * len(header))]
    for result in results:
        label = ", ".join(filter(None, [result["setting"], result.get("readout")]))
        cells = [label, result.get("spikes", "0, 1")]
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


def _result(name: str) -> str:
    """A result as it was written, without its title."""
    return "\n".join((RESULTS / f"{name}.md").read_text().splitlines()[2:])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(written(path.read_text()))
