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
        "speed": _speed(),
        "backbones": _backbones(),
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


def _speed() -> str:
    return "\n".join((RESULTS / "speed.md").read_text().splitlines()[2:])


def _backbones() -> str:
    return "\n".join((RESULTS / "backbones.md").read_text().splitlines()[2:])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(written(path.read_text()))
