"""Time training steps of a small network in SpikingJelly, in its own environment.

    python -m benchmarks.training.spikingjelly_training --timesteps 4

It is the network of :mod:`benchmarks.training.against_spikingjelly`, which runs this
file with the Python of that environment. Needs spikingjelly and PyTorch, and neither
TensorFlow nor tfsnn. It prints images per second of each repeat, as JSON.
"""

from __future__ import annotations

import argparse
import json
import time

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn


def network() -> nn.Module:
    """Return the network, in multi-step mode."""

    def neurons() -> nn.Module:
        return neuron.IFNode(
            surrogate_function=surrogate.ATan(), v_reset=None, step_mode="m"
        )

    def convolution(before: int, after: int) -> nn.Module:
        return layer.Conv2d(before, after, 3, padding=1, step_mode="m")

    return nn.Sequential(
        *(convolution(1, 32), neurons(), layer.AvgPool2d(2, step_mode="m")),
        *(convolution(32, 64), neurons(), layer.AvgPool2d(2, step_mode="m")),
        layer.Flatten(step_mode="m"),
        *(layer.Linear(64 * 7 * 7, 256, step_mode="m"), neurons()),
        layer.Linear(256, 10, step_mode="m"),
    )


def main() -> None:
    """Train on random images and labels; print a rate for each repeat."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--timesteps", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    torch.manual_seed(0)
    net = network()
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    x = torch.rand(given.batch_size, 1, 28, 28)
    y = torch.randint(0, 10, (given.batch_size,))

    def step() -> None:
        optimiser.zero_grad()
        over_time = x.unsqueeze(0).repeat(given.timesteps, 1, 1, 1, 1)
        nn.functional.cross_entropy(net(over_time).mean(0), y).backward()
        optimiser.step()
        functional.reset_net(net)

    step()
    rates = []
    for _ in range(given.repeats):
        start = time.perf_counter()
        for _ in range(given.steps):
            step()
        took = time.perf_counter() - start
        rates.append(given.batch_size * given.steps / took)
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
