"""Count for ``counters.py`` with SpikingJelly and NeuroBench, run by another Python.

    python -m benchmarks.toolboxes.counters_side FOLDER

FOLDER holds network.npz; counted.json is written into it. Needs PyTorch, spikingjelly,
neurobench and snntorch; neither TensorFlow nor tfsnn.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import snntorch
import torch
import torch.nn as nn
from neurobench.benchmarks import Benchmark
from neurobench.metrics.static import ConnectionSparsity, ParameterCount
from neurobench.metrics.workload import (
    ActivationSparsity,
    MembraneUpdates,
    SynapticOperations,
)
from neurobench.models import TorchModel
from spikingjelly.activation_based import op_counter
from spikingjelly.activation_based.neuron import IFNode
from torch.utils.data import DataLoader, TensorDataset


class Firing(snntorch.Leaky):
    """Integrate-and-fire neurons that fire at the threshold of 1 and subtract it."""

    def __init__(self, start: torch.Tensor) -> None:
        super().__init__(beta=1.0, init_hidden=True)
        self.start = start

    def begin(self, batch: int) -> None:
        """Begin with the initial potentials."""
        self.mem = self.start.expand(batch, *self.start.shape)

    def forward(self, current: torch.Tensor) -> torch.Tensor:
        """Advance by a step."""
        potential = self.mem + current
        spikes = (potential >= 1).float()
        self.mem = potential - spikes
        return spikes[None]  # the hook of NeuroBench takes the first of several


class Counted(IFNode):
    """The same neurons for SpikingJelly's profiler."""

    def __init__(self, start: torch.Tensor) -> None:
        super().__init__(v_threshold=1.0, v_reset=None)
        self.start = start

    def begin(self, batch: int) -> None:
        """Begin with the initial potentials."""
        self.reset()
        self.v = self.start.expand(batch, *self.start.shape).clone()


class Network(nn.Module):
    """The network over all steps, whose analog layer is computed once."""

    def __init__(self, arrays: dict[str, np.ndarray], kind: Any) -> None:
        super().__init__()
        self.steps, padded = int(arrays["steps"]), bool(arrays["padded"])
        weights = [torch.from_numpy(arrays[f"kernel{i}"]) for i in range(4)]
        biases = [torch.from_numpy(arrays[f"bias{i}"]) for i in range(4)]
        self.one = nn.Conv2d(1, 6, 3, padding=int(padded))
        self.two = nn.Conv2d(6, 8, 3, 2)
        self.three = nn.Linear(weights[2].shape[0], 20)
        self.four = nn.Linear(20, 10)
        self.pool = nn.AvgPool2d(2) if padded else None
        synapses = [self.one, self.two, self.three, self.four]
        for layer, weight, bias in zip(synapses, weights, biases, strict=True):
            axes = (3, 2, 0, 1) if weight.dim() == 4 else (1, 0)
            layer.weight.data = weight.permute(*axes).contiguous()
            layer.bias.data = bias
        starts = [torch.from_numpy(arrays[f"start{i}"]) for i in range(3)]
        starts = [s.permute(2, 0, 1) if s.dim() == 3 else s for s in starts]
        self.fire = nn.ModuleList(kind(start.contiguous()) for start in starts)
        self.spikes = 0.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images ``(N, 1, 28, 28)`` to the sum of the outputs of all steps."""
        for neurons in self.fire:
            neurons.begin(len(x))
        first, total = self.one(x), 0.0
        for _ in range(self.steps):
            spikes = self._fired(0, first)
            spikes = spikes if self.pool is None else self.pool(spikes)
            spikes = self._fired(1, self.two(spikes))
            # Channels vary fastest, as in Keras.
            flat = spikes.permute(0, 2, 3, 1).flatten(1)
            total = total + self.four(self._fired(2, self.three(flat)))
        return total

    def _fired(self, index: int, current: torch.Tensor) -> torch.Tensor:
        spikes = self.fire[index](current)
        spikes = spikes[0] if isinstance(self.fire[index], Firing) else spikes
        self.spikes += float(spikes.sum())
        return spikes


def by_neurobench(arrays: dict[str, np.ndarray], x: torch.Tensor) -> dict[str, Any]:
    """Measure with NeuroBench's harness, all samples in a batch."""
    net = TorchModel(Network(arrays, Firing))
    net.add_activation_module(snntorch.SpikingNeuron)
    data = DataLoader(TensorDataset(x, torch.zeros(len(x))), batch_size=len(x))
    metrics = [
        [ConnectionSparsity, ParameterCount],
        [SynapticOperations, ActivationSparsity, MembraneUpdates],
    ]
    found = Benchmark(net, data, [], [], metrics).run(quiet=True)
    return {
        **{key: float(n) for key, n in found["SynapticOperations"].items()},
        "activation_sparsity": float(found["ActivationSparsity"]),
        "membrane_updates": float(found["MembraneUpdates"]),
        "connection_sparsity": float(found["ConnectionSparsity"]),
        "parameter_count": float(found["ParameterCount"]),
    }


def by_spikingjelly(arrays: dict[str, np.ndarray], x: torch.Tensor) -> dict[str, Any]:
    """Count with SpikingJelly: operations, and the energy of its profiler."""
    net = Network(arrays, Counted).eval()
    synops, macs = op_counter.SynOpCounter(), op_counter.MACCounter()
    with op_counter.DispatchCounterMode([synops, macs]):
        net(x)
    spikes = net.spikes
    settings = op_counter.LemaireEnergyConfig(strict=False)
    profiler = op_counter.LemaireEnergyProfiler(config=settings)
    profiler.bind_model(net)
    picojoules = 0.0
    for sample in x:  # its memories hold the potentials of a whole batch
        with profiler:
            net(sample[None])
        picojoules += profiler.get_report().total_pj
    n = len(x)
    return {
        "spikes": spikes / n,
        "synops": synops.get_total() / n,
        "macs": macs.get_total() / n,
        "lemaire": picojoules / n,
    }


def main(folder: Path) -> None:
    """Read the network, count, and write what was counted."""
    with np.load(folder / "network.npz") as stored:
        arrays = dict(stored)
    x = torch.from_numpy(arrays["x"]).permute(0, 3, 1, 2).contiguous()
    with torch.no_grad():
        found = {**by_spikingjelly(arrays, x), **by_neurobench(arrays, x)}
    names = ("spikingjelly", "neurobench")
    found["versions"] = {name: importlib.metadata.version(name) for name in names}
    (folder / "counted.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
