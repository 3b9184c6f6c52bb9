"""Write the figures of ``benchmarks/results`` and ``tfsnn --help`` into the README.

    python -m benchmarks.readme

What stands between ``<!-- NAME -->`` and ``<!-- /NAME -->`` is replaced; a test asserts
that the README is what this script makes of it. ``docs/generate.py`` does the same with
the pages of the site, which have more such parts.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from click.testing import CliRunner

from benchmarks.measure import described
from benchmarks.real.page import short
from benchmarks.tables import FORM, table
from benchmarks.toolboxes.comparison import within
from tfsnn_cli.main import cli

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PART = re.compile(r"^<!-- (\w+) -->\n.*?^<!-- /\1 -->$", re.MULTILINE | re.DOTALL)
OURS = "tfsnn, TensorFlow"
NETWORKS = ("mnist_cnn", "fashion_mnist_cnn", "resnet20_cifar10")
# The conversion, and its time steps, that columns are read from.
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


def _document(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text())


def _figures() -> str:
    reads = [(setting, t) for setting, steps in COLUMNS for t in steps]
    rows = []
    for network in NETWORKS:
        document = _document(f"accuracy_{network}")
        found = {(r["setting"], r["timesteps"]): r["points"] for r in document["rows"]}
        rows.append(
            {**document, "network": network, "points": [*map(found.get, reads)]}
        )
    header = [f"{setting.split()[0]} T={t}" for setting, t in reads]
    line = ["{network}", "{ann_accuracy:.2p}"]
    line += [f"{{points[{i}]:+.2f}}" for i in range(len(reads))]
    figures = table(" | ".join(["network", "ANN, %", *header]), " | ".join(line), rows)
    return f"{figures}\n\nMeasured on {described(document['machine'])}."


def _low_latency() -> str:
    networks = ("resnet20_cifar10", "vgg9_cifar10")
    documents = [_document(f"low_latency_{network}") for network in networks]
    header = "spikes | look-ahead | method | T | aim"
    line = "{alphabet} | {lookahead} | `{method}` | {timesteps} | {wanted}"
    end = []
    for i, document in enumerate(documents):
        header += f" | {document['model']}, points lost | latency | energy ratio"
        line += f" | {{of[{i}][loss]:.2f}} | {{of[{i}][latency]}}"
        line += f" | {{of[{i}][energy_ratio]:.2f}}"
        ann = "{model}: ANN {ann_accuracy:.2p} % on {samples:,} test images."
        end.append(FORM.format(ann, **document))
    together = zip(*(document["rows"] for document in documents), strict=True)
    found = table(header, line, ({**rows[0], "of": rows} for rows in together))
    end.append(f"Measured on {described(documents[0]['machine'])}.")
    return "\n".join([found, "", *end])


def _spikingjelly() -> str:
    document = _document("against_spikingjelly_resnet20")
    settings: dict[str, dict[str, Any]] = {}
    for row in document["rows"]:
        cell = f"{row['points']:+.1f}"
        if row["latency"] != row["timesteps"]:
            cell += f" (latency {row['latency']})"
        first = {"setting": row["setting"], "alphabet": row["alphabet"]}
        settings.setdefault(row["setting"], first)[f"T={row['timesteps']}"] = cell
    steps = list(dict.fromkeys(f"T={row['timesteps']}" for row in document["rows"]))
    found = table(
        " | ".join(["points against the ANN", "spikes", *steps]),
        " | ".join(["{setting}", "{alphabet}", *(f"{{{t}}}" for t in steps)]),
        settings.values(),
    )
    return f"{found}\n\n{_of_all(document)}."


def _within(name: str = "within_half_a_point_resnet20") -> str:
    document = _document(name)
    steps = dict.fromkeys(str(row["timesteps"]) for row in document["rows"])
    return (
        f"{within(document)}\n\n{_of_all(document)}; T = {', '.join(steps)} were "
        "measured."
    )


def _simulators() -> str:
    document = _document("simulators_fashion_mnist_cnn")
    rows = [row for row in document["rows"] if row["conversion"] == "ours"]
    ours = {r["timesteps"]: r["milliseconds"] for r in rows if r["tool"] == OURS}
    tools: dict[str, dict[str, Any]] = {}
    for row in rows:
        t, ms = row["timesteps"], row["milliseconds"]
        cells = tools.setdefault(row["tool"], {"tool": row["tool"]})
        cells |= {f"ms{t}": ms, f"times{t}": ms / ours[t]}
    header, line = "simulator", "{tool}"
    for t in ours:
        header += f" | T={t}, ms | times our TensorFlow engine's"
        line += f" | {{ms{t}:.3g}} | {{times{t}:.2f}}"
    on = f"Measured on {described(document['machine'])}."
    return f"{table(header, line, tools.values())}\n\n{on}"


def _of_all(document: dict[str, Any]) -> str:
    on = [f"{other['package']} on {other['on']}" for other in document["theirs"]]
    return FORM.format(
        "{model}, ANN {ann_accuracy:.2p} % on {samples:,} test images (one is "
        "{one:.1f} points), {calibration_samples:,} calibration images. Measured on "
        "{machine}, {on}",
        **{**document, "machine": described(document["machine"])},
        one=100 / document["samples"],
        on=", ".join(on),
    )


def _result(name: str) -> str:
    """Return a result as it was written, without its title."""
    return "\n".join((RESULTS / f"{name}.md").read_text().splitlines()[2:])


Parts: TypeAlias = Mapping[str, Callable[[], str]]
# Parts that are a result as it was written; the part has the file's name.
SAME = """
    throughput throughput_timesteps throughput_resnet50 bulk_cost memory speed tasks
    real_networks rate_inference openvino openvino_avx512 converting
    converting_avx512 chip_files
    counters quantised train_quantised moving_digits
    encoder_elsewhere sentence_encoder ways
"""
WHOLE = {name: name for name in (*SAME.split(), "backbones", "nir_tools")} | {
    "early_exit": "early_exit_resnet20",
    "early_exit_ternary": "early_exit_ternary_resnet20",
    "one_spike_mnist": "one_spike_mnist_cnn",
    "one_spike_fashion": "one_spike_fashion_mnist_cnn",
    "one_spike_resnet20": "one_spike_resnet20_cifar10",
    "one_spike_vgg9": "one_spike_vgg9_cifar10",
    "integers_fashion": "integers_fashion_mnist_cnn",
    "integers_mnist": "integers_mnist_cnn",
    "integers_resnet20": "integers_resnet20_cifar10",
    "integers_whole_resnet20": "integers_whole_resnet20_cifar10",
    "integers_whole_vgg9": "integers_whole_vgg9_cifar10",
    "simulators": "simulators_fashion_mnist_cnn",
    "toolboxes": "against_toolboxes_fashion_mnist",
    "published": "published_resnet20_cifar10",
    "tuned_resnet20": "fine_tuning_resnet20_cifar10",
    "tuned_vgg9": "fine_tuning_vgg9_cifar10",
    "energy": "energy_resnet20_cifar10",
    "chip_steps": "chip_steps_mnist_cnn",
    "transformers": "transformers",
}
PARTS: Parts = {
    "help": _help,
    "figures": _figures,
    "low_latency": _low_latency,
    "spikingjelly": _spikingjelly,
    "simulators_times": _simulators,
    "within": _within,
    "within_openvino": functools.partial(
        _within, "within_half_a_point_resnet20_openvino"
    ),
    "networks_of_others": lambda: short(_document("real_networks")),
    **{part: functools.partial(_result, file) for part, file in WHOLE.items()},
}


def written(page: str, parts: Parts = PARTS) -> str:
    """Return a page with its generated parts up to date.

    Raises:
        SystemExit: for a mark without its pair, or with the name of no part.
    """

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in parts:
            raise SystemExit(f"<!-- {name} -->: no such part; {', '.join(parts)}")
        return f"<!-- {name} -->\n{parts[name]()}\n<!-- /{name} -->"

    page, count = PART.subn(fill, page)
    marks = re.findall(r"^<!-- (/?\w+) -->$", page, re.MULTILINE)
    if len(marks) != 2 * count:
        raise SystemExit(f"each of {marks} needs its closing mark behind it")
    return page


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(written(path.read_text()))
