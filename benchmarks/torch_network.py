"""Build the network of ``neutral_network.py`` in PyTorch, channels first.

It can be traced by ``torch.fx`` and is made of the modules that SpikingJelly's recipes
know. They refuse padding modules: zeros in the kernel are what ``nn.Conv2d`` lacks.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

TOLERANCE = 1e-3  # of logits, between the two frameworks


class Network(nn.Module):
    """The nodes and their arrays as a module that ``torch.fx`` can trace."""

    def __init__(self, nodes: list[dict], arrays: dict[str, np.ndarray], output: str):
        super().__init__()
        self.nodes, self.output = nodes, output
        self.ranks = {node["name"]: len(node["shape"]) for node in nodes}
        for index, node in enumerate(nodes):
            of_node = {
                key.split(".")[1]: torch.from_numpy(values)
                for key, values in arrays.items()
                if key.split(".")[0] == str(index)
            }
            if module := _module(node, of_node):
                self.add_module(f"node{index}", module)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map ``(N, C, H, W)`` or ``(N, features)`` to logits ``(N, classes)``."""
        return self.values(x)[self.output]

    def values(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Compute the value of every node."""
        values: dict[str, torch.Tensor] = {}
        for index, node in enumerate(self.nodes):
            inputs = [values[name] for name in node["inputs"]]
            if node["op"] == "input":
                y = x
            elif node["op"] == "add":
                y = functools.reduce(operator.add, inputs)
            elif node["op"] == "concat":
                last = node["axis"] == len(node["shape"]) - 1
                y = torch.cat(inputs, 1 if last else node["axis"] + 2)
            elif node["op"] == "flatten":
                y = inputs[0]
                if self.ranks[node["inputs"][0]] == 3:
                    y = torch.flatten(y.permute(0, 2, 3, 1), 1)  # channels vary fastest
            else:
                y = getattr(self, f"node{index}")(inputs[0])
            values[node["name"]] = y
        return values

    def check(self, images: np.ndarray, expected: np.ndarray) -> float:
        """Return the greatest difference from the original's logits; exit if large."""
        x = as_tensor(images[: len(expected)])
        values = self.values(x)
        for node in self.nodes:
            *places, channels = node["shape"]
            received = tuple(values[node["name"]].shape[1:])
            if received != (channels, *places):
                raise SystemExit(f"{node['name']} is {received}, not {node['shape']}")
        difference = float(np.abs(values[self.output].numpy() - expected).max())
        if not difference < TOLERANCE:
            raise SystemExit(f"logits of the rebuilt network differ by {difference}")
        return difference


def as_tensor(images: np.ndarray) -> torch.Tensor:
    """Transpose images ``(N, H, W, C)`` to ``(N, C, H, W)``; vectors stay."""
    x = torch.from_numpy(np.array(images))
    return x.permute(0, 3, 1, 2).contiguous() if x.dim() == 4 else x


def _module(node: dict, arrays: dict[str, torch.Tensor]) -> nn.Module | None:
    """Return the layer of a node, or None if it is no layer."""
    if node["op"] == "relu":
        return nn.ReLU()
    if node["op"] in ("average", "max"):
        return _pooling(node)
    if node["op"] == "pad":
        (top, bottom), (left, right) = node["pads"]
        return nn.ZeroPad2d((left, right, top, bottom))
    if node["op"] == "conv":
        kernel = arrays["kernel"].permute(3, 2, 0, 1)
        return _convolution(node, kernel, arrays.get("bias"))
    if node["op"] == "affine" and len(node["shape"]) == 3:
        alone = {"pads": [[0, 0]] * 2, "dilation": [1, 1], "strides": [1, 1]}
        kernel = arrays["gain"].reshape(-1, 1, 1, 1)
        return _convolution(alone | {"groups": len(kernel)}, kernel, arrays["offset"])
    if node["op"] == "affine":
        return _linear(torch.diag(arrays["gain"]), arrays["offset"])
    if node["op"] == "dense":
        return _linear(arrays["kernel"].T, arrays.get("bias"))
    return None


def _linear(weight: torch.Tensor, bias: torch.Tensor | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    return _set(layer, weight, bias)


def _convolution(
    node: dict, kernel: torch.Tensor, bias: torch.Tensor | None
) -> nn.Conv2d:
    zeros: list[int] = []
    for (before, after), dilation in zip(node["pads"], node["dilation"], strict=True):
        taps, rest = divmod(abs(before - after), dilation)
        if rest:
            raise SystemExit(f"{node['name']}: uneven padding of a dilated convolution")
        zeros = [taps * (before < after), taps * (before > after), *zeros]
    kernel = F.pad(kernel, zeros)
    layer = nn.Conv2d(
        kernel.shape[1] * node["groups"],
        kernel.shape[0],
        tuple(kernel.shape[2:]),
        tuple(node["strides"]),
        tuple(max(pads) for pads in node["pads"]),
        tuple(node["dilation"]),
        node["groups"],
        bias=bias is not None,
    )
    return _set(layer, kernel, bias)


def _set(layer: Any, weight: torch.Tensor, bias: torch.Tensor | None) -> Any:
    layer.weight.data = weight.contiguous()
    if bias is not None:
        layer.bias.data = bias
    return layer


def _pooling(node: dict) -> nn.Module:
    size, strides = tuple(node["size"]), tuple(node["strides"])
    arguments = {
        "padding": tuple(before for before, _ in node["pads"]),
        # Windows hang over the end where padding is longer there.
        "ceil_mode": any(after > before for before, after in node["pads"]),
    }
    if node["op"] == "average":
        arguments["count_include_pad"] = False
        pool: nn.Module = nn.AvgPool2d(size, strides, **arguments)
    else:
        pool = nn.MaxPool2d(size, strides, **arguments)
    return nn.Sequential(pool, nn.Flatten(1)) if len(node["shape"]) == 1 else pool
