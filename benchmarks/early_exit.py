"""Early exit against a fixed number of steps that has the same accuracy.

    python benchmarks/early_exit.py \
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

import json
import statistics
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import tensorflow as tf
from labelled import samples
from machine import described, machine
from report_files import write

import tfsnn

# name: method, options, T, and those T for which it is converted beside
SETTINGS: dict[str, tuple[str, dict[str, Any], int, tuple[int, ...]]] = {
    "graded 4 bits": ("augmapping", {"levels": 15}, 8, (1, 2, 3, 4)),
    "ternary": ("termapping", {}, 32, (12, 16, 20, 24)),
}
KINDS = ("evidence", "margin", "entropy", "stable")
HELD_OUT, TIMED, RUNS, BATCH = 1000, 512, 3, 256
MAX_LOSS = 0.1


@click.command()
@click.option("--model", "model_path", required=True)
@click.option("--calibration", required=True)
@click.option("--data", required=True)
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--limit", type=int, help="Use only this many test images.")
@click.option("--calibration-limit", default=512, show_default=True)
@click.option("--precision", default="bfloat16", show_default=True)
@click.option("--kind", "kinds", multiple=True, default=KINDS, show_default=True)
@click.option("--setting", "names", multiple=True, default=tuple(SETTINGS))
@click.option("--without-others", is_flag=True, help="No network for another T.")
def main(
    model_path: str,
    calibration: str,
    data: str,
    output: Path,
    limit: int | None,
    calibration_limit: int,
    precision: str,
    kinds: tuple[str, ...],
    names: tuple[str, ...],
    without_others: bool,
) -> None:
    """Measure; write JSON and Markdown."""
    tf.config.set_visible_devices([], "GPU")
    model = tfsnn.load_model(model_path)
    x, y = samples(model, data, limit)
    held, rest = (x[:HELD_OUT], y[:HELD_OUT]), (x[HELD_OUT:], y[HELD_OUT:])
    model.compile(jit_compile=False)
    top = model.predict(rest[0], batch_size=BATCH, verbose=0).argmax(-1)
    document: dict[str, Any] = {
        "machine": machine(),
        "model": model.name,
        "samples": len(rest[0]),
        "held_out": len(held[0]),
        "precision": precision,
        "ann_accuracy": float((top == rest[1]).mean()),
        "rows": [],
    }
    given, _ = samples(model, calibration, calibration_limit)
    for name in names:
        method, options, steps, others = SETTINGS[name]
        snn = tfsnn.convert(
            model, given, method, timesteps=steps, precision=precision, **options
        )
        special = {}
        for t in () if without_others else others:
            other = tfsnn.convert(
                model, given, method, timesteps=t, precision=precision, **options
            )
            top = other.predict(rest[0], batch_size=BATCH, verbose=0).argmax(-1)
            special[t] = float((top == rest[1]).mean())
        for kind in kinds:
            found = tfsnn.calibrate_exit(snn, held, kind, max_loss=MAX_LOSS)
            row = _measured(snn, found, rest, special)
            row = {"setting": name, "method": method, "options": options, **row}
            document["rows"].append(row)
            click.echo(json.dumps(row), err=True)
            write(output, document, _markdown(document), bars(document))


def _measured(
    snn: Any, found: Any, rest: tuple[Any, Any], special: dict[int, float]
) -> dict[str, Any]:
    x, y = rest
    accuracies = _by_step(snn, x, y)
    snn.early_exit = found.rule
    exited = snn.predict_early(x, batch_size=BATCH, verbose=0)
    accuracy = float((exited.outputs.argmax(-1) == y).mean())
    below = [t for t, a in enumerate(accuracies, 1) if a < accuracy]
    fixed = min(max(below, default=0) + 1, snn.timesteps)
    fixed = min([fixed, *(t for t, a in special.items() if a >= accuracy)])
    times = _seconds(snn, found.rule, fixed, x[:TIMED])
    snn.early_exit = None
    return {
        "kind": found.rule.kind,
        "threshold": found.rule.threshold,
        "timesteps": snn.timesteps,
        "accuracies": accuracies,
        "mean_steps": float(exited.steps.mean()),
        "accuracy": accuracy,
        "fixed": fixed,
        "converted_for": special,
        **times,
    }


def _by_step(snn: Any, x: np.ndarray, y: np.ndarray) -> list[float]:
    """Accuracy after each step."""
    right = np.zeros(snn.timesteps)
    for start in range(0, len(x), BATCH):
        (over,) = snn.run(
            x[start : start + BATCH], observe=("outputs",)
        ).observed.values()
        right += (over.numpy().argmax(-1) == y[start : start + BATCH]).sum(1)
    return (right / len(x)).tolist()


def _seconds(snn: Any, rule: Any, fixed: int, x: np.ndarray) -> dict[str, float]:
    """Images per second with early exit, at the fixed T, and at T."""

    def timed(rule: Any, steps: int) -> float:
        start = time.perf_counter()
        for i in range(0, len(x), BATCH):
            found = snn.run(x[i : i + BATCH], steps, early_exit=rule)
            found.outputs[0].numpy()
        return len(x) / (time.perf_counter() - start)

    ways = {
        "images_per_second": (rule, snn.timesteps),
        "images_per_second_fixed": (None, fixed),
        "images_per_second_all_steps": (None, snn.timesteps),
    }
    for rule_, steps in ways.values():
        timed(rule_, steps)
    runs = [{k: timed(*way) for k, way in ways.items()} for _ in range(RUNS)]
    return {k: statistics.median(run[k] for run in runs) for k in ways}


def bars(document: dict[str, Any]) -> tuple[dict[str, dict[str, float]], str]:
    """What is drawn: images per second in three ways."""
    return {
        f"{row['setting']}, {row['kind']}": {
            f"all steps, T={row['timesteps']}": row["images_per_second_all_steps"],
            "the fixed T as good": row["images_per_second_fixed"],
            "early exit": row["images_per_second"],
        }
        for row in document["rows"]
    }, "Images per second"


def _markdown(document: dict[str, Any]) -> str:
    lines = [
        f"# {document['model']}: early exit",
        "",
        f"ANN {100 * document['ann_accuracy']:.2f} % on {document['samples']:,} test "
        f"images; thresholds set on {document['held_out']:,} others for a loss of "
        f"{MAX_LOSS} points; synapses in {document['precision']}, batch {BATCH}. "
        f"Measured on {described(document['machine'])}.",
        "",
        "| spikes | T | by | accuracy at T, % | with exit | mean steps "
        "| fixed T as good | steps saved | images/s with exit | at that T | at T |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in document["rows"]:
        saved = 1 - row["mean_steps"] / row["fixed"]
        lines.append(
            f"| {row['setting']} | {row['timesteps']} | {row['kind']} "
            f"| {100 * row['accuracies'][-1]:.2f} | {100 * row['accuracy']:.2f} "
            f"| {row['mean_steps']:.2f} | {row['fixed']} | {100 * saved:.0f} % "
            f"| {row['images_per_second']:.0f} | {row['images_per_second_fixed']:.0f} "
            f"| {row['images_per_second_all_steps']:.0f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
