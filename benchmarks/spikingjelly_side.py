"""SpikingJelly's side of ``against_spikingjelly.py``, run by another Python.

    python benchmarks/spikingjelly_side.py FOLDER

FOLDER holds ``request.json`` (the nodes of ``neutral_network.py`` and what to measure),
``weights.npz``, ``calibration.npy``, ``images.npy``, ``labels.npy`` and ``logits.npy``
(the original's, of the first images). Writes ``result.json`` there. Needs spikingjelly,
PyTorch and NumPy; neither TensorFlow nor tfsnn.

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
import importlib.metadata
import json
import operator
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from spikingjelly.activation_based import ann2snn, functional
from torch_network import Network, as_tensor

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
    network: Network, name: str, arrays: dict[str, np.ndarray], request: dict
) -> list[dict]:
    """Convert with one recipe and read it in both ways after each number of steps."""
    recipe, options, at_least = SETTINGS[name]
    batches = Batches(arrays["calibration"], CALIBRATION_BATCH, at_least)
    start = time.perf_counter()
    converter = ann2snn.Converter(recipe(dataloader=batches, **options), device="cpu")
    snn = converter.convert(copy.deepcopy(network)).eval()
    seconds = time.perf_counter() - start
    parts = []
    for x in Batches(arrays["images"], request["batch_size"]):
        functional.reset_net(snn)
        steps = [snn(x) for _ in range(max(request["timesteps"]))]
        parts.append(torch.stack(steps))
    outputs = torch.cat(parts, 1)  # (T, N, classes)
    timed = {t: _timed(snn, t, arrays, request) for t in request["timesteps"]}
    results = []
    for readout in ("all steps", "delayed"):
        rows = []
        for t in request["timesteps"]:
            delayed = readout == "delayed"
            delay = delayed and ann2snn.estimate_delay_start(snn, batches, "cpu", t)
            top = outputs[int(delay) : t].sum(0).argmax(1).numpy()
            accuracy = float((top == arrays["labels"]).mean())
            row = {"timesteps": t, "delay": int(delay), "accuracy": accuracy}
            rows.append(row | timed[t])
        results.append(
            {
                "setting": name,
                "readout": readout,
                "calibration_samples": len(arrays["calibration"]),
                "calibration_batches": len(batches),
                "conversion_seconds": seconds,
                "rows": rows,
            }
        )
    return results


def _timed(
    snn: Any, timesteps: int, arrays: dict[str, np.ndarray], request: dict
) -> dict[str, Any]:
    """Milliseconds per image in the faster of SpikingJelly's two step modes."""

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
        times[mode] = milliseconds(run, arrays["images"], request)
    mode = min(times, key=times.__getitem__)
    return {"milliseconds": times[mode], "step_mode": mode}


def milliseconds(run: Callable, images: np.ndarray, request: dict) -> float:
    """Per image: the median of some runs over the first images, after a warm-up."""
    batches = list(Batches(images[: request["timed_samples"]], request["batch_size"]))
    run(batches[0])
    times = []
    for _ in range(request["timed_runs"]):
        start = time.perf_counter()
        for x in batches:
            run(x)
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times) / sum(len(x) for x in batches)


@torch.no_grad()
def main() -> None:
    """Check the rebuilt ANN, then measure every setting."""
    folder = Path(sys.argv[1])
    request = json.loads((folder / "request.json").read_text())
    with np.load(folder / "weights.npz") as weights:
        network = Network(request["nodes"], dict(weights), request["output"]).eval()
    names = ("calibration", "images", "labels", "logits")
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names}
    difference = network.check(arrays["images"], arrays["logits"])
    print(f"greatest difference of logits: {difference:.2g}", file=sys.stderr)
    batches = Batches(arrays["images"], request["batch_size"])
    top = torch.cat([network(x).argmax(1) for x in batches]).numpy()
    results: list[dict] = []
    for name in request["settings"]:
        found = measure(network, name, arrays, request)
        results += found
        print(json.dumps(found), file=sys.stderr)
    document = {
        "torch": torch.__version__,
        "spikingjelly": importlib.metadata.version("spikingjelly"),
        "threads": torch.get_num_threads(),
        "greatest_difference": difference,
        "ann_accuracy": float((top == arrays["labels"]).mean()),
        "ann_milliseconds": milliseconds(network, arrays["images"], request),
        "results": results,
    }
    (folder / "result.json").write_text(json.dumps(document))


if __name__ == "__main__":
    main()
