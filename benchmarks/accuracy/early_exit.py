"""Compare early exit with a fixed number of steps of the same accuracy.

    python -m benchmarks.accuracy.early_exit \
        --model saved_models/resnet20_cifar10/model.keras \
        --calibration train.npz --data test.npz \
        --output benchmarks/results/early_exit_resnet20

The first test images (HELD_OUT of them) set the threshold, for a loss of 0.1 points;
all figures are those of the images behind them. The fixed T beside it is the smallest
from which on no accuracy is below that of the early exit, or the smallest for which the
network was converted on purpose and is as good, whichever is less. Images per second at
that T, at T and with early exit take turns in the same run; batch 256, median of three
runs over TIMED images.
"""

from __future__ import annotations

import functools
import statistics
from typing import Any

import click
import numpy as np
import tensorflow as tf

import tfsnn
from benchmarks.inputs import Task, samples, takes_task
from benchmarks.measure import in_turn
from benchmarks.tables import Page, Report, bars

# name: method, options, T, and other T that it is converted for too
SETTINGS: dict[str, tuple[str, dict[str, Any], int, tuple[int, ...]]] = {
    "graded 4 bits": ("augmapping", {"levels": 15}, 8, (1, 2, 3, 4)),
    "ternary": ("termapping", {}, 32, (12, 16, 20, 24)),
}
KINDS = ("evidence", "margin", "entropy", "stable")
HELD_OUT, TIMED, RUNS, BATCH = 1000, 512, 3, 256
MAX_LOSS = 0.1
PAGE = Page(
    "{model}: early exit",
    "ANN {ann_accuracy:.2p} % on {samples:,} test images; thresholds set on "
    f"{{held_out:,}} others for a loss of {MAX_LOSS} points; synapses in {{precision}},"
    f" batch {BATCH}. Measured on {{machine}}.",
    [
        (
            "spikes | T | by | accuracy at T, % | with exit | mean steps "
            "| fixed T as good | steps saved | images/s with exit | at that T | at T",
            "{setting} | {timesteps} | {kind} | {accuracy_at_end:.2p} | {accuracy:.2p} "
            "| {mean_steps:.2f} | {fixed} | {saved:.0p} % | {images_per_second:.0f} "
            "| {images_per_second_fixed:.0f} | {images_per_second_all_steps:.0f}",
        )
    ],
    drawing=bars(
        "{setting}, {kind}",
        {
            "all steps, T={timesteps}": "images_per_second_all_steps",
            "the fixed T as good": "images_per_second_fixed",
            "early exit": "images_per_second",
        },
        "Images per second",
    ),
)


@click.command()
@takes_task
@click.option("--calibration-limit", default=512, show_default=True)
@click.option("--precision", default="bfloat16", show_default=True)
@click.option("--kind", "kinds", multiple=True, default=KINDS, show_default=True)
@click.option("--setting", "names", multiple=True, default=tuple(SETTINGS))
@click.option("--without-others", is_flag=True, help="Skip networks for other T.")
def main(
    task: Task,
    calibration_limit: int,
    precision: str,
    kinds: tuple[str, ...],
    names: tuple[str, ...],
    without_others: bool,
) -> None:
    """Measure early exit; write JSON and Markdown."""
    tf.config.set_visible_devices([], "GPU")
    model = task.model
    x, y = task.test()
    held, rest = (x[:HELD_OUT], y[:HELD_OUT]), (x[HELD_OUT:], y[HELD_OUT:])
    model.compile(jit_compile=False)
    report = Report(
        task.output,
        PAGE,
        model=model.name,
        samples=len(rest[0]),
        held_out=len(held[0]),
        precision=precision,
        ann_accuracy=_accuracy(model, rest),
    )
    given, _ = samples(model, task.calibration, calibration_limit)
    convert = functools.partial(tfsnn.convert, model, given, precision=precision)
    for name in names:
        method, options, steps, others = SETTINGS[name]
        snn = convert(method, timesteps=steps, **options)
        special = {
            t: _accuracy(convert(method, timesteps=t, **options), rest)
            for t in (() if without_others else others)
        }
        for kind in kinds:
            found = tfsnn.calibrate_exit(snn, held, kind, max_loss=MAX_LOSS)
            row = {"setting": name, "method": method, "options": options}
            report.add(row | _measured(snn, found.rule, rest, special))


def _accuracy(model: Any, test: tuple[Any, Any]) -> float:
    top = model.predict(test[0], batch_size=BATCH, verbose=0).argmax(-1)
    return float((top == test[1]).mean())


def _measured(
    snn: Any, rule: Any, rest: tuple[Any, Any], special: dict[int, float]
) -> dict[str, Any]:
    x, y = rest
    over = range(1, snn.timesteps + 1)
    evaluation = tfsnn.evaluate(snn, rest, timesteps=over, batch_size=BATCH)
    accuracies: list[Any] = [row.accuracy for row in evaluation.rows]
    snn.early_exit = rule
    exited = snn.predict_early(x, batch_size=BATCH, verbose=0)
    accuracy = float((exited.outputs.argmax(-1) == y).mean())
    below = [t for t, a in enumerate(accuracies, 1) if a < accuracy]
    fixed = min(max(below, default=0) + 1, snn.timesteps)
    fixed = min([fixed, *(t for t, a in special.items() if a >= accuracy)])
    steps = float(exited.steps.mean())
    rates = _rates(snn, rule, fixed, x[:TIMED])
    snn.early_exit = None
    return {
        "kind": rule.kind,
        "threshold": rule.threshold,
        "timesteps": snn.timesteps,
        "accuracies": accuracies,
        "accuracy_at_end": accuracies[-1],
        "mean_steps": steps,
        "saved": 1 - steps / fixed,
        "accuracy": accuracy,
        "fixed": fixed,
        "converted_for": special,
        **rates,
    }


def _rates(snn: Any, rule: Any, fixed: int, x: np.ndarray) -> dict[str, float]:
    """Measure images per second with early exit, at the fixed T, and at T."""

    def run(rule: Any, steps: int) -> None:
        for i in range(0, len(x), BATCH):
            found = snn.run(x[i : i + BATCH], steps, early_exit=rule)
            found.outputs[0].numpy()

    runs = {
        "images_per_second": functools.partial(run, rule, snn.timesteps),
        "images_per_second_fixed": functools.partial(run, None, fixed),
        "images_per_second_all_steps": functools.partial(run, None, snn.timesteps),
    }
    times = in_turn(runs, RUNS)
    return {key: len(x) / statistics.median(times[key]) for key in runs}


if __name__ == "__main__":
    main()
