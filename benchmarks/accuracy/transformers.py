"""Measure a vision transformer and a text decoder in spikes: equal decisions, energy.

    python -m benchmarks.accuracy.transformers --test cifar10_test.npz \
        --train cifar10_train.npz --networks transformers \
        --output benchmarks/results/transformers

The networks are what ``examples/train_vision_transformer.py`` and
``examples/train_text_decoder.py`` save with ``--output FOLDER``:
vision_transformer.keras and text_decoder.keras. The decoder reads the last tenth of
each page of ``docs/``, and a decision is the next byte at each place of a window.

- right: share of decisions that are the label's, or the next byte;
- same decision: share of decisions that are the ANN's;
- driven by spikes: share of the operations executed that a spike causes, each spike as
  one; the others are multiply-accumulates on analog values;
- energy ratio: the SNN over the ANN, of floats and, bit-matched, of 8 bits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

import tfsnn
from benchmarks.inputs import OUTPUT, example
from benchmarks.tables import Page, Report

TIMESTEPS = (16, 10, 8)
CALIBRATION, IMAGES, WINDOWS = 256, 1000, 200
PAGE = Page(
    "A vision transformer and a text decoder in spikes",
    "`few_spikes`, {calibration} samples of the training data to calibrate with. "
    "CIFAR-10's first test images, and windows spread evenly over the last tenths of "
    "the pages of `docs/`. Measured on {machine}.",
    [
        (
            "network | parameters | T | samples | decisions | ANN right, % "
            "| SNN right, % | same decision, % | driven by spikes, % "
            "| energy ratio, arithmetic | bit-matched",
            "{network} | {parameters:,} | {timesteps} | {samples:,} | {decisions:,} "
            "| {ann:.2p} | {snn:.2p} | {same:.2p} | {driven:.2p} | {arithmetic:.3f} "
            "| {bit_matched:.3f}",
        )
    ],
)


def images(train: Path, test: Path, limit: int) -> tuple[Any, Any, Any]:
    """Return calibration images, and test images in 0..1 with their labels."""
    load = example("training").load
    known, _ = load(train)
    x, y = (each[:limit] for each in load(test))
    as_floats = [each.astype(np.float32) / 255 for each in (known[:CALIBRATION], x)]
    return (*as_floats, y)


def text(length: int, limit: int) -> tuple[Any, Any, Any]:
    """Return calibration windows, and test windows with the next bytes."""
    decoder = example("train_text_decoder")
    train, test = decoder.read(sorted(decoder.DOCS.glob("*.md")))
    known, _ = decoder.parts(train, CALIBRATION, length)
    return (known, *decoder.parts(test, limit, length))


@click.command()
@OUTPUT
@click.option("--train", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--test", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--networks", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--images", "count", default=IMAGES, show_default=True)
@click.option("--windows", default=WINDOWS, show_default=True)
def main(
    output: Path, train: Path, test: Path, networks: Path, count: int, windows: int
) -> None:
    """Measure both networks at some numbers of steps; write JSON and Markdown."""
    measured = example("transformer").measured
    report = Report(output, PAGE, calibration=CALIBRATION)
    for name in ("vision_transformer", "text_decoder"):
        ann: Any = keras.saving.load_model(networks / f"{name}.keras")
        if name == "vision_transformer":
            known, x, y = images(train, test, count)
        else:
            known, x, y = text(ann.inputs[0].shape[1], windows)
        statistics = tfsnn.calibration(ann, known)
        for timesteps in TIMESTEPS:
            _, figures = measured(ann, statistics, x, y, timesteps=timesteps)
            report.add(
                {
                    "network": ann.name,
                    "parameters": ann.count_params(),
                    "timesteps": timesteps,
                    "samples": len(x),
                    "decisions": int(np.size(y)),
                    **figures,
                }
            )


if __name__ == "__main__":
    main()
