"""Sweep optimisers and learning rates of fine-tuning, for one converted network.

    python -m benchmarks.training.learning_rate \
        --model saved_models/mnist_cnn/model.keras \
        --calibration train.npz --data test.npz --method paced --timesteps 1 \
        --output benchmarks/results/learning_rate_mnist_cnn

`--calibration` is the training set: 1,024 samples drawn with seed 0 calibrate, others
train, one pass. Each setting starts from the same converted network, with labels and
the ANN as teacher, batches of 64, a warm-up over 5 % of the steps and a cosine to zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import keras
import numpy as np

import tfsnn
from benchmarks.inputs import Task, samples, takes_task
from benchmarks.measure import timed
from benchmarks.tables import Page, Report
from tfsnn.training import Distillation, tunable

BATCH, WARM_UP, CALIBRATION = 64, 0.05, 1024


def sgd(clip: float | None) -> Callable[[Any], keras.Optimizer]:
    """Return a maker of SGD with Nesterov momentum, clipped by the global norm."""

    def make(schedule: Any) -> keras.Optimizer:
        return keras.optimizers.SGD(
            schedule, momentum=0.9, nesterov=True, global_clipnorm=clip
        )

    return make


# Optimiser by name, and the rates to try.
OPTIMISERS: dict[str, tuple[Callable[[Any], keras.Optimizer], tuple[float, ...]]] = {
    "Adam": (keras.optimizers.Adam, (0.0001, 0.0003, 0.001, 0.003)),
    "SGD, clipped at 1": (sgd(1.0), (0.001, 0.003, 0.01)),
    "SGD, clipped at 5": (sgd(5.0), (0.01,)),
    "Lamb": (keras.optimizers.Lamb, (0.001, 0.003)),
}
PAGE = Page(
    "{model}: learning rates of fine-tuning",
    "{method}, T={timesteps}: ANN {ann:.2p} %, converted {before:.2p} %, each after "
    "{images:,} training images, on {samples:,} test images. Measured on {machine}.",
    [
        (
            "optimiser | learning rate | accuracy, % | gain, points | mean loss "
            "| images/s",
            "{optimiser} | {rate:g} | {accuracy:.2p} | {gain:.2p} | {loss:.3f} "
            "| {images_per_second:.0f}",
        )
    ],
)


def _trained(snn: Any, ann: Any, made: Any, rate: float, x: Any, y: Any) -> Any:
    steps = len(x) // BATCH
    warm = max(int(WARM_UP * steps), 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / (warm + 1), steps - warm, warmup_target=rate, warmup_steps=warm
    )
    net = tunable(snn)
    net.compile(made(schedule), Distillation(ann))
    found, seconds = timed(
        lambda: net.fit(x, y, BATCH, epochs=1, shuffle=False, verbose=0)
    )
    return net.spiking_model(), found.history["loss"][-1], len(x) / seconds


@click.command()
@takes_task
@click.option("--method", required=True)
@click.option("--timesteps", type=int, required=True)
@click.option("--images", type=int, default=3200, show_default=True)
@click.option("--optimiser", "chosen", multiple=True, help="Those named only.")
def main(
    task: Task, method: str, timesteps: int, images: int, chosen: tuple[str, ...]
) -> None:
    """Train with every setting; write JSON and Markdown."""
    x, y = samples(task.model, task.calibration)
    order = np.random.default_rng(0).permutation(len(x))
    known, trained = order[:CALIBRATION], order[CALIBRATION : CALIBRATION + images]
    now = {"lookahead": 0} if method == "paced" else {}
    snn = tfsnn.convert(task.model, x[known], method, timesteps=timesteps, **now)

    def accuracy(network: Any, ann: Any = None) -> Any:
        return tfsnn.evaluate(
            network, task.data, ann=ann, timesteps=[timesteps], limit=task.limit
        )

    first = accuracy(snn, task.model)
    before = first.rows[-1].accuracy
    about = {
        "method": method,
        "timesteps": timesteps,
        "images": len(trained),
        "ann": first.ann_accuracy,
        "before": before,
        "samples": first.samples,
    }
    report = Report(task.output, PAGE, keep=True, model=task.model.name, **about)
    done = {(row["optimiser"], row["rate"]) for row in report.document["rows"]}
    for name, (made, rates) in OPTIMISERS.items():
        for rate in rates if not chosen or name in chosen else ():
            if (name, rate) in done:
                continue
            keras.utils.set_random_seed(0)
            tuned, loss, speed = _trained(
                snn, task.model, made, rate, x[trained], y[trained]
            )
            reached = accuracy(tuned).rows[-1].accuracy
            report.add(
                {
                    "optimiser": name,
                    "rate": rate,
                    "accuracy": reached,
                    "gain": reached - before,
                    "loss": loss,
                    "images_per_second": speed,
                }
            )


if __name__ == "__main__":
    main()
