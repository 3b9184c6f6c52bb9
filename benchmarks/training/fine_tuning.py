"""Fine-tune a converted network for one to eight steps, and judge it on a test set.

    python -m benchmarks.training.fine_tuning --train train.npz --data test.npz \
        --model saved_models/resnet20_cifar10/model.keras --augment flip,shift \
        --output benchmarks/results/fine_tuning_resnet20_cifar10

Each row is converted by 1,024 training samples drawn with seed 0 and then tuned by
labels and the ANN with the defaults of ``tfsnn tune``, but for what the row says; a
tenth of the training samples, 1,000 at most, chooses the best epoch. The test set is
looked at twice, before and after. Rows that the output has already are kept, so that a
run can be ended and continued. Time is that of all cores together, whatever else the
machine does. `wanted` is what the project set itself as its aim.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
import keras

import tfsnn
from benchmarks.drawn import drawn
from benchmarks.inputs import OUTPUT, samples
from benchmarks.tables import Page, Report
from tfsnn.training import TuningSettings, tune
from tfsnn_numpy.defaults import SURROGATES


class Setting(NamedTuple):
    """A conversion and the test accuracies, in percent, that were aimed at, by T."""

    method: str
    options: Mapping[str, Any]
    wanted: Mapping[int, float]


NOW = {"lookahead": 0, "correct": "weights+bias+potential"}
RESNET20 = {
    "binary": Setting("paced", NOW, {2: 78.0, 4: 87.0, 8: 90.0}),
    "binary, look-ahead 1": Setting("paced", {"lookahead": 1}, {2: 87.0, 4: 90.0}),
    "ternary": Setting("termapping", {}, {2: 84.0, 4: 89.5}),
    "graded 0..3": Setting("paced", {**NOW, "levels": 3}, {1: 89.0, 2: 90.7}),
}
SETTINGS = {
    "r20": RESNET20,
    "vgg9": {"binary": Setting("paced", NOW, {1: 88.0})},
}
PAGE = Page(
    "{model}: fine-tuned for few steps",
    "ANN {ann:.2p} %; {samples:,} test samples. Measured on {machine}.",
    [
        (
            "spikes | T | gradient | images | epochs | learning rate | converted, % "
            "| tuned, % | wanted, % | CPU minutes",
            "{spikes} | {timesteps} | {gradient} | {images} | {epochs} "
            "| {learning_rate:g} "
            "| {before:.2p} | {after:.2p} | {wanted:g} | {cpu_minutes:.1f}",
        )
    ],
)


@click.command()
@OUTPUT
@click.option("--model", required=True, help="A file that Keras saved.")
@click.option("--network", type=click.Choice(SETTINGS), default="r20")
@click.option("--train", required=True, help="Training samples with labels, npz.")
@click.option("--data", required=True, help="Test samples with labels.")
@click.option("--limit", type=int, help="Use only this many test samples.")
@click.option("--gradient", help="That of tfsnn tune if not given.")
@click.option("--surrogate", default=SURROGATES[0], show_default=True)
@click.option("--epochs", type=int, default=2, show_default=True)
@click.option("--learning-rate", type=float)
@click.option("--augment", default="", help="flip,shift for pictures.")
@click.option("--images", type=int, help="Train on the first only.")
@click.option("--only", multiple=True, help="SPIKES:T, as in binary:4.")
def main(
    output: Path,
    model: str,
    network: str,
    train: str,
    data: str,
    limit: int | None,
    images: int | None,
    only: tuple[str, ...],
    **given: Any,
) -> None:
    """Tune every setting; write JSON and Markdown."""
    ann = tfsnn.load_model(model)
    augment = tuple(kind for kind in given.pop("augment").split(",") if kind)
    calibration = drawn(ann, train)
    trained = samples(ann, train, images) if images else train
    report = Report(output, PAGE, keep=True, model=ann.name)
    done = {(r["spikes"], r["timesteps"]) for r in report.document["rows"]}
    for spikes, setting in SETTINGS[network].items():
        for steps, wanted in setting.wanted.items():
            asked = not only or f"{spikes}:{steps}" in only
            if (spikes, steps) in done or not asked:
                continue
            keras.utils.set_random_seed(0)
            snn = tfsnn.convert(
                ann, calibration, setting.method, timesteps=steps, **setting.options
            )

            def accuracy(net: Any, steps: int = steps) -> Any:
                return tfsnn.evaluate(
                    net, data, ann=ann, timesteps=[steps], limit=limit
                )

            before = accuracy(snn)
            settings = TuningSettings(augment=augment, **given)
            start = time.process_time()
            tuning = tune(snn, trained, settings, ann=ann)
            seconds = time.process_time() - start
            after = accuracy(tuning.snn)
            report.document["ann"] = before.ann_accuracy
            report.document["samples"] = before.samples
            report.add(
                {
                    "spikes": spikes,
                    "timesteps": steps,
                    "gradient": tuning.gradient,
                    "surrogate": settings.surrogate,
                    "epochs": settings.epochs,
                    "images": images or "all",
                    "learning_rate": settings.learning_rate,
                    "before": before.rows[-1].accuracy,
                    "after": after.rows[-1].accuracy,
                    "scores": list(tuning.fitted.scores),
                    "losses": list(tuning.fitted.losses),
                    "wanted": wanted,
                    "cpu_minutes": seconds / 60,
                }
            )


if __name__ == "__main__":
    main()
