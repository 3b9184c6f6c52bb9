"""A spiking network of ``neutral_network.py`` in plain PyTorch, to be compiled.

The neurons are those of :mod:`tfsnn.network.neurons.integrate_fire`, in normal form
(threshold 1), max pooling is that of running sums. A relu node has the fields
``initial`` (V0), ``negative`` (the negative threshold, or None) and ``most`` (the
largest coefficient, or None); a conv or dense node ``precision``. As in tfsnn, what the
constant input reaches before the first neuron is computed once, and a synapse sees the
T steps folded into the batch, or one at a time: both ways are measured.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_network import Network, as_tensor


class Spiking(Network):
    """Logits after T steps: their mean current."""

    def __init__(
        self,
        nodes: list[dict],
        arrays: dict[str, np.ndarray],
        output: str,
        timesteps: int,
        folded: bool,
    ) -> None:
        super().__init__(nodes, arrays, output)
        self.timesteps, self.folded = timesteps, folded
        self.constant: set[str] = set()
        for index, node in enumerate(nodes):
            if node["op"] != "relu" and set(node["inputs"]) <= self.constant:
                self.constant.add(node["name"])
            if node.get("precision") == "bfloat16":
                getattr(self, f"node{index}").to(torch.bfloat16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(N, C, H, W)`` or ``(N, features)`` to logits ``(N, classes)``."""
        constants: dict[str, torch.Tensor] = {}
        for index, node in enumerate(self.nodes):
            if node["name"] in self.constant:
                reads = [constants[name] for name in node["inputs"]]
                constants[node["name"]] = self._computed(index, node, reads or [x])
        if self.folded:
            return self._advance(constants, {}, self.timesteps)[0] / self.timesteps
        state: dict[str, Any] = {}
        total: Any = 0.0
        for _ in range(self.timesteps):
            logits, state = self._advance(constants, state, 1)
            total = total + logits
        return total / self.timesteps

    def _advance(
        self, constants: dict[str, torch.Tensor], before: dict[str, Any], steps: int
    ) -> tuple[torch.Tensor, dict[str, Any]]:
        """Some steps, layer by layer: the sum of the logits, and the state after."""
        values, state = dict(constants), {}
        for index, node in enumerate(self.nodes):
            name = node["name"]
            if name in self.constant:
                continue
            if node["op"] == "relu":
                (read,) = node["inputs"]
                currents = (
                    [values[read]] * steps
                    if read in self.constant
                    else values[read].chunk(steps)
                )
                values[name], state[name] = _fire(node, currents, before.get(name))
                continue
            reads = [self._over_time(values, read, steps) for read in node["inputs"]]
            if node["op"] == "max":
                pool = functools.partial(self._computed, index, node)
                values[name], state[name] = _running(pool, *reads, steps, before, name)
            else:
                values[name] = self._computed(index, node, reads)
        logits = self._over_time(values, self.output, steps)
        return functools.reduce(operator.add, logits.chunk(steps)), state

    def _over_time(
        self, values: dict[str, torch.Tensor], name: str, steps: int
    ) -> torch.Tensor:
        """``(steps * N, ...)``."""
        value = values[name]
        return torch.cat([value] * steps) if name in self.constant else value

    def _computed(
        self, index: int, node: dict, reads: list[torch.Tensor]
    ) -> torch.Tensor:
        if node["op"] == "input":
            return reads[0]
        if node["op"] == "add":
            return functools.reduce(operator.add, reads)
        if node["op"] == "concat":
            last = node["axis"] == len(node["shape"]) - 1
            return torch.cat(reads, 1 if last else node["axis"] + 2)
        (x,) = reads
        if node["op"] == "flatten":
            return torch.flatten(x.permute(0, 2, 3, 1), 1) if x.dim() == 4 else x
        module = getattr(self, f"node{index}")
        if node.get("precision") == "bfloat16":
            return module(x.to(torch.bfloat16)).float()
        return module(x)


def _fire(node: dict, currents: Any, state: Any) -> tuple[torch.Tensor, Any]:
    """The spikes of some steps, ``(steps * N, ...)``, and the state behind them."""
    signed, most = node["negative"] is not None, node["most"]
    potential, unsent = state or (
        torch.full_like(currents[0], node["initial"]),
        torch.zeros_like(currents[0]) if signed else None,
    )
    sent = []
    for current in currents:
        u = potential + current
        c = torch.floor(u)
        if signed:
            if node["negative"]:
                below = torch.clamp_max(torch.floor(u + node["negative"]), 0.0)
                c = torch.where(u < 0, below, c)
            c = torch.maximum(c, unsent if most is None else unsent.clamp_min(-most))
        else:
            c = torch.clamp_min(c, 0.0)
        c = c if most is None else torch.clamp_max(c, most)
        potential = u - c
        unsent = unsent - c if signed else None
        sent.append(c)
    return torch.cat(sent) if len(sent) > 1 else sent[0], (potential, unsent)


def _running(
    pool: Any, x: torch.Tensor, steps: int, before: dict[str, Any], name: str
) -> tuple[torch.Tensor, Any]:
    """The change of the maximum of running sums."""
    parts = x.chunk(steps)
    total, sent = before.get(name) or (torch.zeros_like(parts[0]), 0.0)
    totals = []
    for part in parts:
        total = total + part
        totals.append(total)
    changes = []
    for y in pool([torch.cat(totals)]).chunk(steps):
        changes.append(y - sent)
        sent = y
    return torch.cat(changes), (total, sent)


def timed(
    place: Path,
    network: dict[str, Any],
    x: np.ndarray,
    folded: bool,
    device: str,
    median: Callable[[Callable[[], Any]], float],
) -> tuple[np.ndarray | None, float | None]:
    """Logits and seconds of a batch, compiled; None where memory does not suffice.

    Args:
        place: holds ``arrays.npz``.
        network: ``network.json``.
        x: images, channels last.
        folded: whether all steps go through a layer together.
        device: "cuda" or "cpu".
        median: measures a function of nothing that waits for its result.
    """
    fast = network["fast_products"]
    torch.backends.cudnn.allow_tf32 = fast
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high" if fast else "highest")
    torch.compiler.reset()
    with np.load(place / "arrays.npz") as stored:
        arrays = dict(stored)
    steps = network["timesteps"]
    model = Spiking(network["nodes"], arrays, network["output"], steps, folded)
    on = {"device": device, "memory_format": torch.channels_last}
    compiled = torch.compile(
        model.to(**on).eval(), mode="max-autotune" if device == "cuda" else None
    )
    try:
        inputs = as_tensor(x).to(**on)

        def run() -> torch.Tensor:
            with torch.inference_mode():
                y = compiled(inputs)
            if device == "cuda":
                torch.cuda.synchronize()
            return y

        seconds = median(run)
        return run().cpu().numpy(), seconds
    except torch.cuda.OutOfMemoryError:
        torch.cuda.empty_cache()
        return None, None
