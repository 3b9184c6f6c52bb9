"""Measure SpikingJelly for ``against.py``, run by another Python.

    python -m benchmarks.toolboxes.spikingjelly_side FOLDER

FOLDER is as ``side.py`` says. Needs spikingjelly, PyTorch and NumPy; neither TensorFlow
nor tfsnn.

The recipes are used as SpikingJelly's tutorial "ANN2SNN" and its examples
``cnn_mnist.py`` and ``imagenet_resnet18_ltb.py`` do: constant input; logits summed over
all steps, or over those after ``estimate_delay_start``; calibration in batches of 100,
as in ``cnn_mnist.py``. Departs from them in: where there are fewer than 400 batches,
local threshold balancing passes over the same images again until there have been, for
its thresholds start at 0 and move a little with each batch. The examples have 391 and
600 batches of different images.
"""

from __future__ import annotations

import copy
import functools
import itertools
import operator
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from spikingjelly.activation_based import ann2snn, functional

from benchmarks.measure import per_image, timed
from benchmarks.toolboxes.side import Side
from benchmarks.torch_network import Network, as_tensor

CALIBRATION_BATCH = 100
# name: recipe, options, batches to calibrate on at least.
SETTINGS: dict[str, tuple[Any, dict[str, Any], int]] = {
    "sj-rate": (ann2snn.RateCodingRecipe, {"mode": "99.9%"}, 0),
    "sj-rate-channel": (
        ann2snn.RateCodingRecipe,
        {
            "mode": "99.9%",
            "channel_wise": True,
            "pre_spike_maxpool": True,
            "half_threshold": True,
        },
        0,
    ),
    "sj-ltb": (ann2snn.LocalThresholdBalancingRecipe, {}, 400),
}


class Batches:
    """Batches of images as tensors, channels first, in passes; like a data loader."""

    def __init__(self, images: np.ndarray, size: int, at_least: int = 0) -> None:
        self.images, self.size = images, size
        self.per_pass = -(-len(images) // size)
        self.passes = max(1, -(-at_least // self.per_pass))

    def __len__(self) -> int:
        return self.passes * self.per_pass

    def __iter__(self) -> Iterator[torch.Tensor]:
        for _ in range(self.passes):
            for start in range(0, len(self.images), self.size):
                yield as_tensor(self.images[start : start + self.size])


def measure(
    side: Side, network: Network, name: str, timesteps: list[int]
) -> Iterator[dict[str, Any]]:
    """Convert with one recipe and read it in both ways after each number of steps."""
    recipe, options, at_least = SETTINGS[name]
    batches = Batches(side.calibration, CALIBRATION_BATCH, at_least)

    def convert() -> Any:
        chosen = recipe(dataloader=batches, **options)
        converter = ann2snn.Converter(chosen, device="cpu")
        return converter.convert(copy.deepcopy(network)).eval()

    snn, conversion_seconds = timed(convert)
    size = side.request["batch_sizes"][0]
    parts = []
    for x in Batches(side.images, size):
        functional.reset_net(snn)
        parts.append(torch.stack([snn(x) for _ in range(max(timesteps))]))
    outputs = torch.cat(parts, 1)  # (T, N, classes)
    times = {t: _fastest(snn, t, side) for t in timesteps}
    about = {
        "alphabet": "0, 1",
        "batch_size": size,
        "calibration_samples": len(side.calibration),
        "calibration_batches": len(batches),
        "conversion_seconds": conversion_seconds,
    }
    for readout, t in itertools.product(("all steps", "delayed"), timesteps):
        delay = 0
        if readout == "delayed":
            delay = int(ann2snn.estimate_delay_start(snn, batches, "cpu", t))
        accuracy = side.accuracy(outputs[delay:t].sum(0).numpy())
        row = {"readout": readout, "timesteps": t, "latency": t, "delay": delay}
        yield {**about, **row, "accuracy": accuracy, **times[t]}


def _fastest(snn: Any, timesteps: int, side: Side) -> dict[str, Any]:
    """Time the faster of SpikingJelly's two step modes, in milliseconds per image."""

    def single(x: torch.Tensor) -> None:
        functional.reset_net(snn)
        functools.reduce(operator.add, (snn(x) for _ in range(timesteps)))

    def multiple(x: torch.Tensor) -> None:
        functional.reset_net(snn)
        snn(x.unsqueeze(0).expand(timesteps, *x.shape)).sum(0)

    times = {}
    for mode, run in (("m", multiple), ("s", single)):
        functional.reset_net(snn)
        functional.set_step_mode(snn, mode)
        times[mode] = milliseconds(run, side)
    mode = min(times, key=times.__getitem__)
    return {"milliseconds": times[mode], "step_mode": mode}


def milliseconds(run: Callable[[torch.Tensor], Any], side: Side) -> float:
    """Return the median per image of runs over the first images, after a warm-up."""
    x = side.images[: side.request["timed_samples"]]
    batches = list(Batches(x, side.request["batch_sizes"][0]))
    run(batches[0])
    times = per_image(
        lambda: [run(batch) for batch in batches],
        len(x),
        side.request["timed_runs"],
        warm_up=False,
    )
    return times["milliseconds"]


@torch.no_grad()
def main() -> None:
    """Check the rebuilt ANN, then measure every setting."""
    side = Side(Path(sys.argv[1]))
    nodes, output = side.request["nodes"], side.request["output"]
    network = Network(nodes, side.weights, output).eval()
    batches = Batches(side.images, side.request["batch_sizes"][0])
    document = {
        "on": f"PyTorch {torch.__version__}",
        "threads": torch.get_num_threads(),
        "greatest_difference": network.check(side.images, side.logits),
        "ann_accuracy": side.accuracy(torch.cat([*map(network, batches)]).numpy()),
        "ann_milliseconds": milliseconds(network, side),
    }
    side.answer("spikingjelly", document, functools.partial(measure, side, network))


if __name__ == "__main__":
    main()
