"""Measure the memory and the time of a training step, each in a process of its own.

    python -m benchmarks.training.memory --output benchmarks/results/training_memory

A network of 20 convolutions with integrate-and-fire neurons, 8 images of 32 x 32 x 16:
what a step adds to the resident memory of a process that has done one with a single
image, and its processor time, by each way to a gradient.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
import tensorflow as tf

import tfsnn
from benchmarks.inputs import OUTPUT
from benchmarks.measure import in_new_process
from benchmarks.tables import Page, Report
from tfsnn.training import tunable

BLOCKS, BATCH, SHAPE = 20, 8, (32, 32, 16)
GRADIENTS, TIMESTEPS, REPEATS = ("time", "time_packed", "rates"), (4, 16, 64), 3
PAGE = Page(
    "Memory and time of a training step",
    f"{BLOCKS} convolutions with binary integrate-and-fire neurons, {BATCH} images. "
    "Memory is what a step adds; time is that of the processor, both cores together. "
    "A digest that is the same says that all gradients are, bit for bit. "
    "Measured on {machine}.",
    [
        (
            "gradient | T | memory, MiB | against time | CPU s | against time | digest",
            "{gradient} | {timesteps} | {added_mib:.0f} | {memory_ratio:.2f} | "
            "{seconds:.2f} | {time_ratio:.2f} | {digest}",
        )
    ],
)


@click.command()
@OUTPUT
def main(output: Path) -> None:
    """Measure each row in a new process; write JSON and Markdown."""
    report = Report(output, PAGE)
    for steps in TIMESTEPS:
        plain: dict[str, Any] = {}
        for gradient in GRADIENTS:
            found = in_new_process(measured, gradient, steps)
            plain = plain or found
            ratios = {
                "memory_ratio": found["added_mib"] / plain["added_mib"],
                "time_ratio": found["seconds"] / plain["seconds"],
            }
            report.add({"gradient": gradient, "timesteps": steps, **found, **ratios})


def measured(gradient: str, steps: int) -> dict[str, Any]:
    """Return what a step adds to memory, its time, and a digest of its gradients."""
    rng = np.random.default_rng(0)
    x = tf.constant(rng.random((BATCH, *SHAPE), np.float32))
    net = tunable(_network(x, steps), gradient)

    @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE))])
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(net(x, training=True)))
        return tape.gradient(loss, net.trainable_variables)

    step(x[:1])
    before = _resident_mib("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        found = [gradient.numpy() for gradient in step(x)]
        times.append(time.process_time() - start)
    digest = hashlib.sha256(b"".join(array.tobytes() for array in found))
    return {
        "added_mib": _resident_mib("VmHWM") - before,
        "seconds": min(times),
        "digest": digest.hexdigest()[:8],
    }


def _network(x: Any, steps: int) -> tfsnn.SpikingModel:
    keras.utils.set_random_seed(0)
    blocks = [
        keras.layers.Conv2D(SHAPE[-1], 3, padding="same", activation="relu")
        for _ in range(BLOCKS)
    ]
    end = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input(SHAPE), *blocks, *end])
    return tfsnn.convert(model, x.numpy(), "opi", timesteps=steps, correct="none")


def _resident_mib(field: str) -> float:
    """Return a field of this process's memory: VmRSS now, or VmHWM at the peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 2**10 for line in lines if field in line)


if __name__ == "__main__":
    main()
