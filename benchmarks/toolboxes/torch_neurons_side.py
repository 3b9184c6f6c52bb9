"""Measure neurons of a package for PyTorch for ``simulators.py``.

    python -m benchmarks.toolboxes.torch_neurons_side FOLDER TOOL

FOLDER is as ``converted_side.py`` says, TOOL one of ``torch_neurons.py``. Needs PyTorch
and the tool's package; no TensorFlow. Convolutions are PyTorch's, neurons the tool's.

A tool gets what is fastest, found by short runs: each layer called for all steps at
once, or step by step; channels first or last in memory; each of the batch sizes. The
first convolution, whose input is constant, is computed once. All runs are under
``torch.inference_mode``.
"""

from __future__ import annotations

import functools
import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn as nn

from benchmarks.measure import per_image
from benchmarks.toolboxes.converted_side import ConvertedSide
from benchmarks.toolboxes.torch_neurons import TOOLS, Neurons
from benchmarks.torch_network import Network, as_tensor

PROBED = 8  # images of a run that finds the fastest way; or a batch, if that is more


class RunningMax(nn.Module):
    """The maximum of running sums over the steps, as what each step adds to it."""

    def __init__(self, pool: nn.Module, axis: int) -> None:
        super().__init__()
        self.pool, self.axis = pool, axis
        self.begin()

    def begin(self) -> None:
        """Forget all sums."""
        self.total: Any = 0.0
        self.sent: Any = 0.0

    def forward(self, currents: torch.Tensor) -> torch.Tensor:
        """Map the currents of some steps, with the axis of steps."""
        totals = currents.cumsum(self.axis) + self.total
        steps = currents.shape[self.axis]
        pooled = self.pool(totals.flatten(0, 1)).unflatten(0, currents.shape[:2])
        first = pooled.narrow(self.axis, 0, 1) - self.sent
        self.total = totals.narrow(self.axis, steps - 1, 1)
        self.sent = pooled.narrow(self.axis, steps - 1, 1)
        return torch.cat([first, pooled.diff(dim=self.axis)], self.axis)


class Simulation(nn.Module):
    """The converted network with neurons of a tool, some steps in each call."""

    def __init__(
        self, side: ConvertedSide, tool: type[Neurons], chunk: int, last: bool
    ) -> None:
        """Build it for `chunk` steps in a call, with channels first or `last`."""
        super().__init__()
        weights = {key: v for key, v in side.arrays.items() if "/" not in key}
        network = Network(side.nodes, weights, side.request["output"])
        starts = side.of_nodes("start")
        self.timesteps, self.chunk, self.axis = side.timesteps, chunk, tool.axis
        self.format = torch.channels_last if last else torch.contiguous_format
        self.populations: dict[str, Neurons] = {}
        layers: list[nn.Module] = []
        for index, node in enumerate(side.nodes[1:], 1):
            if node["inputs"] != [side.nodes[index - 1]["name"]]:
                raise SystemExit(f"{node['name']} does not read the node before it")
            layer = getattr(network, f"node{index}")
            if node["op"] == "relu":
                layer = tool(as_tensor(starts[node["name"]][None]))
                self.populations[node["name"]] = layer
            elif node["op"] == "max":
                layer = RunningMax(layer, self.axis)
            layers.append(layer)
        first = next(i for i, each in enumerate(layers) if isinstance(each, Neurons))
        self.constant = nn.Sequential(*layers[:first])
        self.changing = nn.ModuleList(layers[first:])
        self.eval().to(memory_format=self.format)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images ``(B, C, H, W)`` to mean outputs ``(B, classes)``."""
        for layer in self.changing:
            if isinstance(layer, Neurons | RunningMax):
                layer.begin()
        current = self.constant(x.contiguous(memory_format=self.format))
        sizes = (len(x), self.chunk) if self.axis else (self.chunk, len(x))
        currents = current.unsqueeze(self.axis).expand(*sizes, *current.shape[1:])
        total: Any = 0.0
        for _ in range(self.timesteps // self.chunk):
            total = total + self._chunk(currents).sum(self.axis)
        return total / self.timesteps

    def _chunk(self, values: torch.Tensor) -> torch.Tensor:
        """Map currents of some steps to outputs, both with the axis of steps."""
        for layer in self.changing:
            if isinstance(layer, Neurons | RunningMax):
                values = layer(values)
            else:
                sizes = values.shape[:2]
                values = layer(values.flatten(0, 1)).unflatten(0, sizes)
        return values

    def spikes(self, x: torch.Tensor) -> dict[str, np.ndarray]:
        """Return the spikes of all populations ``(T, B, *units)``, channels last."""
        kept: dict[str, list[torch.Tensor]] = {name: [] for name in self.populations}

        def keep(name: str, module: Any, args: Any, sent: torch.Tensor) -> None:
            kept[name].append(sent.transpose(0, self.axis))

        hooks = [
            module.register_forward_hook(functools.partial(keep, name))
            for name, module in self.populations.items()
        ]
        self(x)
        for hook in hooks:
            hook.remove()
        whole = {name: torch.cat(parts).numpy() for name, parts in kept.items()}
        return {
            name: np.moveaxis(sent, 2, -1) if sent.ndim == 5 else sent
            for name, sent in whole.items()
        }


def outputs(net: Simulation, x: torch.Tensor, size: int) -> torch.Tensor:
    """Simulate images in batches of a size."""
    return torch.cat([net(part) for part in x.split(size)])


@torch.inference_mode()
def main() -> None:
    """Find the fastest way, time it, and compare what it sends."""
    side, tool = ConvertedSide(Path(sys.argv[1])), TOOLS[sys.argv[2]]
    x = as_tensor(side.images)
    probes: dict[Any, float] = {}
    for chunk, last in itertools.product((1, side.timesteps), (False, True)):
        net = Simulation(side, tool, chunk, last)
        for size in side.request["batch_sizes"]:
            few = x[: max(size, PROBED)]
            found = per_image(functools.partial(outputs, net, few, size), len(few), 1)
            probes[chunk, last, size] = found["milliseconds"]
    chunk, last, size = min(probes, key=probes.__getitem__)
    net = Simulation(side, tool, chunk, last)
    few = x[: side.request["timed_samples"]]
    runs = side.request["timed_runs"]
    times = per_image(functools.partial(outputs, net, few, size), len(few), runs)
    steps = "step by step" if chunk == 1 else "all steps at once"
    channels = "channels last" if last else "channels first"
    row = {**times, "batch_size": size, "mode": f"{steps}, {channels}"}
    seen = net.spikes(x[: side.request["recorded"]])
    packages = (tool.package, "torch")
    side.answer(packages, row, outputs(net, x, size).numpy(), seen)


if __name__ == "__main__":
    main()
