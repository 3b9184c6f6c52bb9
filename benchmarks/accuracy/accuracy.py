"""Measure ANN and SNN accuracy against time steps, for every method, on a test set.

    python -m benchmarks.accuracy.accuracy --model saved_models/mnist_cnn/model.keras \
        --calibration saved_models/mnist_cnn/calibration.npz --data test.npz \
        --output benchmarks/results/accuracy_mnist_cnn

A setting is a method, the time steps that its thresholds are chosen for and the steps
read from that one conversion. There are no corrections: thresholds alone
(``low_latency.py`` has what corrections bring).
"""

from __future__ import annotations

from typing import Any

from benchmarks.accuracy.sweep import Setting, sweep
from benchmarks.tables import Page, curves

MSE = {"scale": "mse", "per": "channel", "initial_potential": 0.5}
LIKE_TERMAPPING = "data_norm, thresholds of termapping for T=64"
CONVERSIONS: list[tuple[str, str, dict[str, Any], tuple[int, ...]]] = [
    ("augmapping for T=2", "augmapping", {"timesteps": 2}, (1, 2)),
    ("augmapping for T=8", "augmapping", {"timesteps": 8}, (2, 4, 8)),
    ("termapping for T=8", "termapping", {"timesteps": 8}, (4, 8)),
    ("termapping for T=32", "termapping", {"timesteps": 32}, (8, 16, 32)),
    ("termapping for T=64", "termapping", {"timesteps": 64}, (4, 8, 16, 32, 64)),
    (LIKE_TERMAPPING, "data_norm", {"timesteps": 64, **MSE}, (4, 8, 16, 32, 64)),
    ("data_norm", "data_norm", {}, (4, 8, 16, 32)),
]
SETTINGS = {
    label: Setting(method, {"correct": "none", **options}, steps, {"options": options})
    for label, method, options, steps in CONVERSIONS
}


PAGE = Page(
    "{model}: accuracy against time",
    "ANN {ann_accuracy:.2p} % on {samples} test samples. Measured on {machine}.",
    [
        (
            "setting | T | accuracy, % | against the ANN, points | agreement, % "
            "| spikes | synops, millions | energy ratio | by events",
            "{setting} | {timesteps} | {accuracy:.2p} | {points:+.2f} "
            "| {agreement:.2p} | {spikes:,.0f} | {synops:.2m} | {energy_ratio:.3f} "
            "| {energy_ratio_events:.3f}",
        )
    ],
    drawing=lambda document: curves(document, document["model"]),
)
main = sweep(PAGE, SETTINGS)

if __name__ == "__main__":
    main()
