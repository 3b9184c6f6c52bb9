"""Measure the loss at few time steps, for each alphabet, on a full test set.

    python -m benchmarks.accuracy.low_latency --calibration train.npz --data test.npz \
        --model saved_models/resnet20_cifar10/model.keras \
        --output benchmarks/results/low_latency_resnet20_cifar10

Each row is converted for its T, without labels, from the same calibration samples
(1,024 drawn with seed 0). `wanted` is the loss that the project set itself as its aim.
"""

from __future__ import annotations

from typing import Any

from benchmarks.accuracy.sweep import Setting, sweep
from benchmarks.tables import Page

NOW = {"lookahead": 0}
BINARY = {**NOW, "correct": "weights+bias+potential"}
LOW = {**BINARY, "threshold_scale": 0.85, "initial_potential": 0.45}
# Spikes, look-ahead, method, options, and the wanted loss by T.
ALPHABETS: list[tuple[str, int, str, dict[str, Any], dict[int, float]]] = [
    ("one, 64 ticks", 0, "ttfs", {}, {1: 0.05}),
    ("one, 16 ticks", 0, "ttfs", {"ticks": 16}, {1: 0.4}),
    ("graded 0..15", 0, "paced", {**NOW, "levels": 15}, {1: 0.5, 2: 0.1, 4: 0.05}),
    ("graded 0..3", 1, "paced", {"levels": 3}, {2: 2.5, 4: 0.7}),
    ("binary", 1, "paced", {}, {4: 5.0, 8: 1.2, 16: 0.4, 32: 0.1}),
    ("ternary", 0, "termapping", {}, {8: 5.0, 16: 1.2, 32: 0.3}),
    ("binary", 0, "paced", {**BINARY, "delay": 2}, {8: 8.0}),
    ("binary", 0, "paced", {**LOW, "delay": 4}, {16: 1.4}),
    ("binary", 0, "paced", {**LOW, "delay": 8}, {32: 0.4}),
    ("radix 2", 0, "radix", {}, {6: 0.2}),
]
SETTINGS = {
    f"{spikes}, look-ahead {ahead}, T={t}": Setting(
        method,
        {"timesteps": t, **options},
        (t,),
        {"alphabet": spikes, "lookahead": ahead, "options": options, "wanted": wanted},
    )
    for spikes, ahead, method, options, aims in ALPHABETS
    for t, wanted in aims.items()
}
PAGE = Page(
    "{model}: loss against the ANN at few steps",
    "ANN {ann_accuracy:.2p} % on {samples:,} test samples; 1,024 calibration samples "
    "without labels. Measured on {machine}.",
    [
        (
            "spikes | look-ahead | method | T | latency | loss, points | wanted "
            "| agreement, % | energy ratio",
            "{alphabet} | {lookahead} | {method}{options:()} | {timesteps} | {latency} "
            "| {loss:.2f} | {wanted} | {agreement:.2p} | {energy_ratio:.2f}",
        )
    ],
)
main = sweep(PAGE, SETTINGS, draw=True)

if __name__ == "__main__":
    main()
