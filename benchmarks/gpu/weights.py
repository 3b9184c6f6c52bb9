"""Draw weights and images from a seed so that all populations of a network fire.

Each channel of a layer gets weights and a bias by which its current has a given spread
and a mean of zero over some images, as behind a batch norm; half of the neurons fire
then. Kernels vary little within their window and the branch of a sum is damped to 0.3
(as in ``backbones.py``), so that rounding does not grow from layer to layer.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch

from benchmarks.gpu.torch_spiking import Spiking, applied

SEED = 1
DAMPED = 0.3
SPREAD = {"ternary": 0.6, "graded": 1.5}  # of currents, in thresholds


def drawn_images(count: int, shape: list[int]) -> np.ndarray:
    """Draw smooth noise, ``(count, *shape)`` float32."""
    height, width, channels = shape
    rng = np.random.default_rng(SEED)
    coarse = rng.standard_normal((count, 8, 8, channels), np.float32)
    fine = rng.standard_normal((count, height, width, channels), np.float32)
    enlarged = coarse.repeat(height // 8, 1).repeat(width // 8, 2)
    return enlarged + np.float32(0.3) * fine


def drawn_weights(network: dict[str, Any], device: str) -> dict[str, np.ndarray]:
    """Draw all arguments of the network's programs that are weights, by name."""
    nodes = network["nodes"]
    x = drawn_images(64 if nodes[0]["shape"][0] < 64 else 16, nodes[0]["shape"])
    readers: dict[str, list[dict]] = {node["name"]: [] for node in nodes}
    number = {node["name"]: i for i, node in enumerate(nodes)}
    rng = np.random.default_rng(SEED)
    values: dict[str, torch.Tensor] = {}
    weights: dict[str, torch.Tensor] = {}
    for node in nodes:
        for read in node["inputs"]:
            readers[read].append(node)
    for node in nodes:
        name, reads = node["name"], [values[read] for read in node["inputs"]]
        if node["op"] == "input":
            y = torch.from_numpy(x).to(device).permute(0, 3, 1, 2)
        elif node["op"] == "add":
            y = functools.reduce(torch.add, reads)
        elif node["op"] == "relu":
            y = reads[0].clamp(0.0, node["most"])
        elif node.get("weights"):
            spread = _spread(network, node, readers[name], number)
            y = _drawn(node, reads[0], spread, weights, rng)
        else:
            y = applied(node, reads[0], weights, True)
        values[name] = y
    arrays = {name: tensor.cpu().numpy() for name, tensor in weights.items()}
    for node in nodes:  # tfsnn's form of kernels
        if node["op"] == "dense":
            arrays[f"{node['name']}.kernel"] = arrays[f"{node['name']}.kernel"].T
        if node["op"] == "conv":
            kernel = arrays[f"{node['name']}.kernel"]
            arrays[f"{node['name']}.kernel"] = kernel.transpose(2, 3, 1, 0)
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return arrays | {
        name: np.ones(shape, np.float32) for name, shape in network["scales"].items()
    }


def _spread(
    network: dict[str, Any], node: dict, readers: list[dict], number: dict[str, int]
) -> float:
    """Return the standard deviation of a layer's values: small on a sum's branch."""
    spread = SPREAD[network["spikes"]]
    for reader in readers:
        if reader["op"] == "add":
            by_name = {n["name"]: n for n in network["nodes"]}
            starts = {i: number[by_name[i]["inputs"][0]] for i in reader["inputs"]}
            if starts[node["name"]] == max(starts.values()):
                return DAMPED * spread
    return spread


def _drawn(
    node: dict, x: torch.Tensor, spread: float, weights: dict, rng: np.random.Generator
) -> torch.Tensor:
    """Draw a layer's weights, in PyTorch's form, and return its values."""
    name, shapes = node["name"], node["weights"]

    def normal(shape: Any) -> torch.Tensor:
        return torch.from_numpy(rng.standard_normal(shape, np.float32)).to(x.device)

    precision = getattr(torch, node.get("precision", "float32"))
    field = "gain" if node["op"] == "affine" else "kernel"
    shift = "offset" if node["op"] == "affine" else "bias"
    if node["op"] == "affine":
        raw = torch.ones(shapes["gain"], device=x.device)
    elif node["op"] == "dense":
        raw = normal(shapes["kernel"]).T.contiguous()
    else:
        height, width, fan, units = shapes["kernel"]
        level = normal((units, fan, 1, 1))
        raw = level + 0.5 * normal((units, fan, height, width)) * (height * width > 1)
    float32 = {**node, "precision": "float32"}
    y = applied(float32, x, {f"{name}.{field}": raw}, True)
    axes = (0, 2, 3) if y.dim() == 4 else (0,)
    size = y.std(axes).clamp_min(1e-6)
    factor = spread / size
    if node["op"] == "affine" and shift not in shapes:
        factor = (spread / y.std()).expand(factor.shape)
    scaled = raw * factor.reshape(-1, *[1] * (raw.dim() - 1))
    weights[f"{name}.{field}"] = scaled.to(precision).float()
    if shift in shapes:
        middle = 0.1 * spread * normal(shapes[shift]) - factor * y.mean(axes)
        weights[f"{name}.{shift}"] = middle.to(precision).float()
    return applied(float32, x, weights, True)


def rounding_effect(
    network: dict[str, Any], weights: dict[str, np.ndarray], device: str
) -> float:
    """Measure the effect of bfloat16 or TF32 on logits: median, over their spread."""
    images = drawn_images(32, network["nodes"][0]["shape"])
    x = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
    full = [{**node, "precision": "float32"} for node in network["nodes"]]
    found = []
    fast = network["fast_products"]
    for nodes, allowed in ((network["nodes"], fast), (full, False)):
        allow_tf32(allowed)
        model = Spiking({**network, "nodes": nodes}, weights, device, True)
        with torch.inference_mode():
            found.append(model.uncompiled()(x, folded=False))
    allow_tf32(fast)
    return float((found[0] - found[1]).abs().median() / found[1].std())


def allow_tf32(allowed: bool) -> None:
    """Allow or forbid TF32 in convolutions and products."""
    torch.backends.cudnn.allow_tf32 = allowed
    torch.set_float32_matmul_precision("high" if allowed else "highest")


def activity(
    network: dict[str, Any], weights: dict[str, np.ndarray], device: str
) -> dict[str, float]:
    """Return the shares of neurons that fire, and that send the most they can.

    Raises:
        RuntimeError: for a population where no neuron fires or nearly all are at their
            limit.
    """
    model = Spiking(network, weights, device, True).uncompiled()
    model.watch = True
    x = torch.from_numpy(drawn_images(8, network["nodes"][0]["shape"])).to(device)
    with torch.inference_mode():
        model(x.permute(0, 3, 1, 2))
    most = {n["name"]: n["most"] for n in network["nodes"] if n["op"] == "relu"}
    fires, full = [], []
    for name, sent in model.seen.items():
        total = sent.float().reshape(network["timesteps"], -1)
        fires.append(float((total != 0).any(0).float().mean()))
        limit = network["timesteps"] * most[name]
        full.append(float((total.sum(0) >= limit).float().mean()))
    if min(fires) < 0.05 or max(full) > 0.9:
        raise RuntimeError(f"populations are silent or saturated: {fires}, {full}")
    return {
        "populations": len(fires),
        "least_firing": min(fires),
        "median_firing": float(np.median(fires)),
        "most_firing": max(fires),
        "most_saturated": max(full),
    }
