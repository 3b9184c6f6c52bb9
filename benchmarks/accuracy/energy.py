"""Price conversions by every energy model: arithmetic, memory, and events.

    python -m benchmarks.accuracy.energy --calibration train.npz --data test.npz \
        --model saved_models/resnet20_cifar10/model.keras --limit 500 \
        --output benchmarks/results/energy_resnet20_cifar10

Each row is converted for its T, without labels, from the same calibration samples
(1,024 drawn with seed 0). 500 images are enough for counts of spikes and operations,
but not for the points that are lost, of which ``low_latency`` has those of a full test
set.
"""

from __future__ import annotations

from typing import Any

import click

import tfsnn
from benchmarks.drawn import drawn
from benchmarks.inputs import Task, takes_task
from benchmarks.tables import Page, Report

NOW = {"lookahead": 0}
# Spikes, method, options.
SETTINGS: list[tuple[str, str, dict[str, Any]]] = [
    ("one, 63 ticks", "ttfs", {"ticks": 63}),
    ("one, 64 ticks", "ttfs", {"ticks": 64}),
    ("one, 16 ticks", "ttfs", {"ticks": 16}),
    ("radix 2", "radix", {"timesteps": 6}),
    ("graded 0..15", "paced", {"timesteps": 1, **NOW, "levels": 15}),
    ("graded 0..3", "paced", {"timesteps": 2, "levels": 3}),
    ("binary", "paced", {"timesteps": 4}),
    ("binary", "paced", {"timesteps": 8}),
    ("ternary", "termapping", {"timesteps": 16}),
]
MODELS = {
    "arithmetic": "45nm-float32",
    "lemaire": "lemaire",
    "matched": "bit-matched",
    "matched8": "bit-matched-8bit",
    "loihi": "loihi",
}
PAGE = Page(
    "{model}: energy of the SNN over that of the ANN, by energy model",
    "Energy of the SNN over that of the ANN, on {samples:,} test images; 1,024 "
    "calibration samples without labels. Above 1 the SNN takes more. Ratios in "
    "brackets count a spike with a coefficient once. Measured on {machine}.",
    [
        (
            "spikes | method | T | bits of the ANN | arithmetic (45 nm) | bit-matched "
            "| bit-matched-8bit | lemaire | loihi",
            "{spikes} | `{method}` | {timesteps} | {bits} | {arithmetic} | {matched} "
            "| {matched8} | {lemaire} | {loihi}",
        )
    ],
)


def shown(ratio: float, by_events: float) -> str:
    """Return a ratio as text, with that by events where it is another."""
    events = f" ({by_events:.2f})" if f"{by_events:.2f}" != f"{ratio:.2f}" else ""
    return f"{ratio:.2f}{events}"


@click.command()
@takes_task
def main(task: Task) -> None:
    """Price every setting; write JSON and Markdown."""
    from tfsnn.hardware.energy.bit_matched import bits

    ann = task.model
    report = Report(task.output, PAGE, keep=True, model=ann.name)
    known = [(row["method"], row["options"]) for row in report.document["rows"]]
    calibration = drawn(ann, task.calibration)
    for spikes, method, options in SETTINGS:
        if (method, options) in known:
            continue
        snn = tfsnn.convert(ann, calibration, method, **options)
        found = tfsnn.evaluate(
            snn, task.data, ann=ann, timesteps=[snn.timesteps], limit=task.limit
        )
        row, priced = found.rows[-1], {each.name: each for each in found.energies}
        report.document["samples"] = found.samples
        report.document["ann_accuracy"] = found.ann_accuracy
        report.add(
            {
                "spikes": spikes,
                "method": method,
                "options": options,
                "timesteps": snn.timesteps,
                "loss": 100 * (found.ann_accuracy - row.accuracy),
                "bits": bits(found.counts[-1].levels),
                "synops": row.synops,
                "synops_events": row.synops_events,
                "picojoules": {
                    name: [each.snn_picojoules, each.ann_picojoules]
                    for name, each in priced.items()
                },
                **{
                    key: shown(priced[name].ratio, priced[name].ratio_events)
                    for key, name in MODELS.items()
                },
            }
        )


if __name__ == "__main__":
    main()
