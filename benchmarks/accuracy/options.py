"""Measure the effect of each option of a method, changing one at a time.

    python -m benchmarks.accuracy.options --data mnist_test.npz --limit 300 \
        --model saved_models/mnist_cnn/model.keras \
        --calibration saved_models/mnist_cnn/calibration.npz \
        --output benchmarks/results/options

Networks that are run one after the other share a table. The defaults of the
methods were chosen from it.
"""

from __future__ import annotations

from typing import Any

from benchmarks.accuracy.sweep import Setting, sweep
from benchmarks.tables import FORM, Page

CHANGES: list[dict[str, Any]] = [
    {},
    {"negative_threshold": 0.5},
    {"negative_threshold": 1.0},
    {"initial_potential": 0.0},
    {"scale": "percentile"},
    {"scale": "max"},
    {"per": "layer"},
]
# Method, T, steps read, and what is changed in turn.
SWEEPS: list[tuple[str, int, tuple[int, ...], list[dict[str, Any]]]] = [
    ("termapping", 32, (8, 16, 32), [*CHANGES, {"timesteps": 8}, {"timesteps": 64}]),
    ("augmapping", 4, (1, 2, 4), [*CHANGES, {"levels": 7}, {"levels": 3}]),
]
SETTINGS = {
    f"{method}: {changed}": Setting(
        method,
        {"correct": "none", "timesteps": t, **change},
        steps,
        {"change": changed},
    )
    for method, t, steps, changes in SWEEPS
    for change in changes
    for changed in [FORM.format("{change}", change=change) or "(defaults)"]
}
PAGE = Page(
    "Options, one changed at a time",
    "Accuracy against the ANN in points, and agreement with it in %, on {samples} test "
    "samples each. Measured on {machine}.",
    [
        (
            "network | method | changed | T | points | agreement",
            "{model} | {method} | {change} | {timesteps} | {points:+.2f} "
            "| {agreement:.1p}",
        )
    ],
)
main = sweep(PAGE, SETTINGS)

if __name__ == "__main__":
    main()
