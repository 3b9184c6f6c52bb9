"""Measure networks that were trained with few levels before their conversion.

    python -m benchmarks.training.quantised --network mnist_cnn --data train.npz \
        --test test.npz [--images N] [--levels 1,3,4,7,15]

Thresholds come from 512 images of the training data; `--images` of it are learnt from,
once (but for a tenth, held out), with labels and the network as teacher. Rows of other
networks and levels are kept.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import numpy as np

import tfsnn
from benchmarks.inputs import samples, shipped
from benchmarks.tables import Page, Report
from tfsnn.training import QuantisedSettings, quantised, train_quantised

RESULTS = Path(__file__).parents[1] / "results"
LEVELS = (1, 3, 4, 7, 15)
PAGE = Page(
    "Networks trained with few levels before conversion",
    "The networks of `saved_models`, their ReLUs swapped for activations of L levels "
    "with thresholds from 512 training images, before and after one pass over some "
    "training images (`tfsnn train-quantised`, its default learning rate, no "
    "augmentation). Spiking networks of the trained one: binary spikes by `qcfs` at "
    "T = L without look-ahead, and by `radix` at T = log2(L + 1), whose decisions are "
    "compared with those of the trained network. Accuracy on test images. Measured on "
    "{machine}.",
    [
        (
            "network | levels | ANN, % | before, % | images learnt | after, % "
            "| qcfs, T=L, % | radix: T | radix, % | decisions that differ "
            "| test images",
            "{network} | {levels} | {ann:.2p} | {before:.2p} | {images:,} | "
            "{after:.2p} | {qcfs:.2p} | {digits} | {radix:.2p} | {differ} | "
            "{test:,}",
        )
    ],
)


def measured(
    model: Any,
    levels: int,
    data: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
) -> dict[str, Any]:
    """Return the figures of one network at L levels."""
    x, y = test

    def accuracy(network: Any) -> tuple[float, np.ndarray]:
        decided = network.predict(x, batch_size=100, verbose=0).argmax(-1)
        return float((decided == y).mean()), decided

    settings = QuantisedSettings(levels=levels, epochs=1)
    before, _ = accuracy(quantised(model, data[0][:512], levels))
    began = time.monotonic()
    found = train_quantised(model, data, settings)
    seconds = time.monotonic() - began
    after, decided = accuracy(found.model)
    digits = levels.bit_length()
    spiking = {
        method: accuracy(
            tfsnn.convert(found.model, data[0][:512], method, timesteps=steps)
        )
        for method, steps in (("qcfs", levels), ("radix", digits))
    }
    return {
        "levels": levels,
        "ann": accuracy(model)[0],
        "before": before,
        "images": found.samples,
        "after": after,
        "qcfs": spiking["qcfs"][0],
        "digits": digits,
        "radix": spiking["radix"][0],
        "differ": int((spiking["radix"][1] != decided).sum()),
        "test": len(x),
        "rate": found.samples / seconds,
        "fitted": {"losses": found.fitted.losses, "scores": found.fitted.scores},
    }


@click.command()
@click.option("--network", required=True, help="A folder of saved_models.")
@click.option("--data", required=True, help="Training samples with labels.")
@click.option("--test", required=True, help="Test samples with labels.")
@click.option("--images", type=int, help="Learn from this many of the samples.")
@click.option("--limit", type=int, help="Use only this many test samples.")
@click.option("--levels", default=",".join(map(str, LEVELS)), show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=None)
def main(
    network: str,
    data: str,
    test: str,
    images: int | None,
    limit: int | None,
    levels: str,
    output: Path | None,
) -> None:
    """Measure a network at some numbers of levels, and write the results."""
    model = tfsnn.load_model(shipped(network) / "model.keras")
    training, tests = samples(model, data, images), samples(model, test, limit)
    report = Report(output or RESULTS / "train_quantised", PAGE, keep=True)
    for number in map(int, levels.split(",")):
        rows = report.document["rows"]
        rows[:] = [r for r in rows if (r["network"], r["levels"]) != (network, number)]
        report.add({"network": network, **measured(model, number, training, tests)})
        rows.sort(key=lambda row: (row["network"], row["levels"]))
    report.write()


if __name__ == "__main__":
    main()
