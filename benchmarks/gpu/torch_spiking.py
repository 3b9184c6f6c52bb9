"""A spiking network in plain PyTorch: the reference of ``stablehlo_gpu.py``.

Convolutions and products are those of cuDNN and cuBLAS. All between two of them
(biases, gains, sums, neurons) is one kernel of ``torch.compile`` for each population.
That is what it makes of a whole network too, but needs no compilation for each network
and batch; rows that ask for it compile the whole network as well. On a GPU a prediction
is recorded as one CUDA graph.

The neurons are those of :mod:`tfsnn.network.neurons.integrate_fire` in normal form
(threshold 1). As in tfsnn, what the constant input reaches before the first neuron is
computed once. A synapse sees the T steps folded into the batch, or one at a time.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from benchmarks.gpu.torch_kernels import changes, fire, kernels, running_sums

GROUP = 16
Values = dict[str, torch.Tensor]


class Spiking:
    """A network that gives logits after T steps (mean currents), the ANN's for T = 0.

    Attributes:
        seen: if `watch` is set, the coefficients of each population in the last run,
            ``(T * N, ...)``.
    """

    def __init__(
        self, network: dict[str, Any], weights: dict[str, Any], device: str, last: bool
    ) -> None:
        """Build a network as ``export.py`` writes it, with arrays as tfsnn has them.

        `last` says whether channels are the last axis in memory.
        """
        self.nodes = {node["name"]: node for node in network["nodes"]}
        self.output, self.timesteps = network["output"], network["timesteps"]
        self.last, self.watch = last, False
        self.seen: Values = {}
        self.fire, *self.sums = kernels()
        self.readers: dict[str, list[dict]] = {name: [] for name in self.nodes}
        self.constant: set[str] = set()
        self.weights: Values = {}
        self.most: Values = {}  # as tensors, so that all coefficients share kernels
        for name, node in self.nodes.items():
            for read in node["inputs"]:
                self.readers[read].append(node)
            if node["op"] != "relu" and set(node["inputs"]) <= self.constant:
                self.constant.add(name)
            if node.get("most") is not None:
                self.most[name] = torch.tensor(float(node["most"]), device=device)
            for field in node.get("weights", ()):
                values = torch.as_tensor(weights[f"{name}.{field}"]).to(device)
                self.weights[f"{name}.{field}"] = self._own_form(node, field, values)

    def uncompiled(self) -> Spiking:
        """Return the network with uncompiled operations between synapses."""
        other = copy.copy(self)
        other.fire, other.sums = fire, [running_sums, changes]
        return other

    @property
    def memory_format(self) -> torch.memory_format:
        """The memory format of images and kernels."""
        return torch.channels_last if self.last else torch.contiguous_format

    def _own_form(self, node: dict, field: str, values: torch.Tensor) -> torch.Tensor:
        if field != "kernel":
            return values if self._apart(node["name"]) else values.to(_precision(node))
        if node["op"] == "dense":
            return values.T.contiguous().to(_precision(node))
        kernel = values.permute(3, 2, 0, 1).to(_precision(node))
        return kernel.contiguous(memory_format=self.memory_format)

    def __call__(self, x: torch.Tensor, folded: bool = True) -> torch.Tensor:
        """Map images ``(N, C, H, W)`` to logits ``(N, classes)``."""
        constants: Values = {}
        for name in self.nodes:
            if name in self.constant:
                constants[name] = self._computed(name, constants, x)
        if folded or not self.timesteps:
            return self._advance(constants, {}, self.timesteps or 1, False)
        state: dict[str, Any] = {}
        steps = [
            self._advance(constants, state, 1, True) for _ in range(self.timesteps)
        ]
        return torch.stack(steps).mean(0)

    def _advance(
        self, constants: Values, state: dict[str, Any], steps: int, keep: bool
    ) -> torch.Tensor:
        """Return the mean logits of some steps; `state` becomes that after them."""
        values = dict(constants)
        for name, node in self.nodes.items():
            if node["op"] == "relu":
                values[name] = self._population(node, values, state, steps, keep)
                if self.watch:
                    self.seen[name] = values[name]
            elif name in self.constant or self._within(name):
                continue
            elif node["op"] == "max" and self.timesteps:
                values[name] = self._running(node, values, state, steps)
            else:
                values[name] = self._computed(name, values, None)
        logits = values[self.output].float()
        return logits.reshape(steps, -1, logits.shape[-1]).mean(0)

    def _population(
        self, node: dict, values: Values, state: dict[str, Any], steps: int, keep: bool
    ) -> torch.Tensor:
        (read,) = node["inputs"]
        names = self.nodes[read]["inputs"] if self._sum(read) else [read]
        parts = [self._part(name, values, steps) for name in names]
        batch = next(iter(values.values())).shape[0]
        before = state.get(node["name"])
        self._mark(before or (), 0)
        sent, state[node["name"]] = self.fire(
            parts,
            before,
            node["initial"],
            node["negative"],
            self.most.get(node["name"]),
            steps if self.timesteps else 0,
            keep,
            self._dtype(node["name"]),
        )
        like = values[self._source(names[0])].shape[1:]
        return self._in_place(sent.reshape(-1), steps * batch, like)

    def _running(
        self, node: dict, values: Values, state: dict[str, Any], steps: int
    ) -> torch.Tensor:
        """Return the change of the maximum of running sums."""
        name, x = node["name"], values[node["inputs"][0]]
        total, sent = state.get(name) or (None, None)
        batch, like = x.shape[0], x.shape[1:]
        totals = self.sums[0](self._flat(x, steps), total)
        pooled = applied(node, self._in_place(totals, batch, like), {}, True)
        y = self._flat(pooled, steps)
        state[name] = (totals[-1], y[-1])
        changes = self.sums[1](y, sent, self._dtype(name))
        return self._in_place(changes, batch, pooled.shape[1:])

    def _flat(self, x: torch.Tensor, steps: int) -> torch.Tensor:
        """Reshape to ``(T, rest)``, in the order in memory."""
        x = x.permute(0, 2, 3, 1) if self.last and x.dim() == 4 else x
        return x.reshape(steps, -1)

    def _in_place(self, y: torch.Tensor, batch: int, like: Any) -> torch.Tensor:
        """Reshape values in the order in memory to ``(batch, *like)``."""
        if len(like) == 1 or not self.last:
            return y.reshape(batch, *like)
        channels, *places = like
        return y.reshape(batch, *places, channels).permute(0, 3, 1, 2)

    def _part(self, name: str, values: Values, steps: int) -> tuple[Any, Any, Any]:
        """Return a current term ``(T or 1, rows, groups, of a group)``, bias and gain.

        Groups are the channels by 16, which the compiler then knows to be aligned; or
        channels, where places are last in memory.
        """
        y = values[self._source(name)]
        times = 1 if self._source(name) in self.constant else steps
        channels = y.shape[1]
        groups = self.last or y.dim() == 2
        form = (channels // GROUP, GROUP) if groups else (channels, y[0, 0].numel())
        y = self._flat(y, times).reshape(times, -1, *form)
        bias, gain = None, None
        if self._apart(name):
            given = self.weights
            bias = given.get(f"{name}.bias", given.get(f"{name}.offset"))
            gain = given.get(f"{name}.gain")
        of_channels = form if groups else (channels, 1)
        bias = None if bias is None else bias.reshape(of_channels)
        gain = None if gain is None else gain.reshape(of_channels)
        self._mark([y], 1)
        self._mark([v for v in (bias, gain) if v is not None], -1)
        return y, bias, gain

    def _mark(self, tensors: Any, first: int) -> None:
        """Tell the compiler what changes: rows and groups, from axis `first` on."""
        for y in () if torch.compiler.is_compiling() else tensors:
            axes = [axis for axis in (first, first + 1, first + 2) if axis >= 0]
            if y.shape[-1] in (1, GROUP):
                torch._dynamo.mark_static(y, axes.pop())
            for axis in axes:
                torch._dynamo.maybe_mark_dynamic(y, axis)

    def _source(self, name: str) -> str:
        """Return the node whose values a term reads."""
        affine = self.nodes[name]["op"] == "affine" and self._apart(name)
        return self.nodes[name]["inputs"][0] if affine else name

    def _sum(self, name: str) -> bool:
        """Return whether a node is a sum that one population alone reads."""
        readers = [node["op"] for node in self.readers[name]]
        return self.nodes[name]["op"] == "add" and readers == ["relu"]

    def _apart(self, name: str) -> bool:
        """Return whether the reading population applies a node's bias and gain."""
        if self.nodes[name]["op"] not in ("conv", "dense", "affine"):
            return False
        if self.nodes[name]["op"] == "affine" and name in self.constant:
            return False
        readers = self.readers[name]
        return len(readers) == 1 and (
            readers[0]["op"] == "relu" or self._sum(readers[0]["name"])
        )

    def _within(self, name: str) -> bool:
        """Return whether a population computes a node."""
        return self._sum(name) or self._source(name) != name

    def _half(self, name: str) -> bool:
        """Return whether all nodes that read the spikes take bfloat16."""
        return all(
            node.get("precision") == "bfloat16"
            or node["op"] in ("relu", "add", "affine")
            or (node["op"] in ("average", "flatten") and self._half(node["name"]))
            for node in self.readers[name]
        ) and any(node.get("precision") == "bfloat16" for node in self.nodes.values())

    def _dtype(self, name: str) -> torch.dtype:
        """Return the type of the spikes that leave a node."""
        return torch.bfloat16 if self._half(name) else torch.float32

    def _computed(self, name: str, values: Values, x: Any) -> torch.Tensor:
        node = self.nodes[name]
        if node["op"] == "input":
            return x
        reads = [values[read] for read in node["inputs"]]
        if node["op"] == "add":
            return functools.reduce(torch.add, reads)
        return applied(node, reads[0], self.weights, not self._apart(name))


def _precision(node: dict) -> torch.dtype:
    return getattr(torch, node.get("precision", "float32"))


def applied(node: dict, x: torch.Tensor, weights: Values, whole: bool) -> torch.Tensor:
    """Apply a layer of one input; without its bias if not `whole`."""
    name, op = node["name"], node["op"]
    bias = weights.get(f"{name}.bias") if whole else None
    if op == "flatten":
        return x.permute(0, 2, 3, 1).flatten(1) if x.dim() == 4 else x
    if op == "dense":
        return F.linear(x.to(_precision(node)), weights[f"{name}.kernel"], bias)
    if op == "affine":
        form = (-1, 1, 1) if x.dim() == 4 else (-1,)
        y = x * weights[f"{name}.gain"].reshape(form)
        offset = weights.get(f"{name}.offset")
        return y if offset is None else y + offset.reshape(form)
    (top, bottom), (left, right) = node["pads"]
    even = top == bottom and left == right
    if op == "pad" or not even:
        lowest = -torch.inf if op == "max" else 0.0
        x = F.pad(x, (left, right, top, bottom), value=lowest)
    pads = (top, left) if even else (0, 0)
    if op == "conv":
        x, kernel = x.to(_precision(node)), weights[f"{name}.kernel"]
        return F.conv2d(
            x, kernel, bias, node["strides"], pads, node["dilation"], node["groups"]
        )
    if op == "max":
        return F.max_pool2d(x, node["size"], node["strides"], pads)
    if op == "average" and len(node["shape"]) == 1:
        return x.mean((2, 3))
    if op == "average" and even and not any(pads):
        return F.avg_pool2d(x, node["size"], node["strides"])
    if op == "pad":
        return x
    raise SystemExit(f"{name}: {op} that PyTorch's side does not have")


def compiled_whole(model: Spiking) -> Callable[[torch.Tensor], torch.Tensor]:
    """Compile the whole network with its steps folded, for one batch."""
    return torch.compile(model.uncompiled().__call__, dynamic=False)
