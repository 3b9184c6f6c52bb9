"""Run NIR files for chips in sinabs, norse and snn-mlir: the other side.

    python -m benchmarks.toolboxes.chip_files_side FOLDER

FOLDER holds ``net.nir``, ``tools.json`` and ``frames.npy``, what reaches the network
in each step, ``(T, B, *units)``, channels first. For each tool ``TOOL.npz`` is written
with the spikes of each IF node, and ``said.json`` with versions and what snn-mlir says
of the file. Needs nir, PyTorch and the tools; neither TensorFlow nor tfsnn.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from torch.nn import functional

Spikes = dict[str, np.ndarray]  # by NIR node, (T, B, *units)
PLACES = 12  # binary places of potentials in snn-mlir


def _watched(net: Any, graph: Any) -> dict[str, list[np.ndarray]]:
    """Keep what each IF node sends."""
    seen: dict[str, list[np.ndarray]] = {}
    modules = dict(net.named_modules())
    for name, node in graph.nodes.items():
        if isinstance(node, nir.IF):

            def keep(module: Any, args: Any, sent: Any, key: str = name) -> None:
                sent = sent[0] if isinstance(sent, tuple) else sent
                seen.setdefault(key, []).append(sent.detach().numpy().copy())

            modules[name].register_forward_hook(keep)
    return seen


def in_sinabs(path: Path, frames: np.ndarray) -> Spikes:
    """Run in sinabs: its importer, without a lower bound, one spike a step at most."""
    import sinabs.activation
    import sinabs.layers
    import sinabs.nir

    steps, batch = frames.shape[:2]
    graph = nir.read(path)
    net = sinabs.nir.from_nir(graph, batch_size=batch)
    for module in net.modules():
        if isinstance(module, sinabs.layers.IAF):
            module.min_v_mem = None
            module.spike_fn = sinabs.activation.SingleSpike
    seen = _watched(net, graph)
    net(torch.from_numpy(np.moveaxis(frames, 0, 1).reshape(-1, *frames.shape[2:])))
    return {
        name: np.moveaxis(sent.reshape(batch, steps, *sent.shape[1:]), 0, 1)
        for name, (sent,) in seen.items()
    }


def in_norse(path: Path, frames: np.ndarray) -> Spikes:
    """Run in norse, sample by sample: its Flatten takes the batch for an axis."""
    import norse.torch

    steps, batch = frames.shape[:2]
    graph = nir.read(path)
    net = norse.torch.from_nir(graph)
    seen = _watched(net, graph)
    for sample in range(batch):
        state = None
        for frame in frames[:, sample]:
            _, state = net(torch.from_numpy(frame), state)
    return {
        name: np.moveaxis(np.reshape(sent, (batch, steps, *sent[0].shape)), 0, 1)
        for name, sent in seen.items()
    }


def in_snn_mlir(path: Path, frames: np.ndarray) -> Spikes:
    """Run snn-mlir's integers as its lowering computes them (SNNToLinalg.cpp).

    Weights of 8 bits and biases of 32 as its front end quantises them; a current is
    shifted to twelve binary places, neurons fire above the threshold and are reset.
    """
    import snn_mlir

    layers = snn_mlir.parse_graph(path)
    snn_mlir.quantize_layers(layers)
    assert np.abs(frames).max() < 128 and np.array_equal(frames, np.rint(frames))
    seen: Spikes = {}
    states: dict[str, np.ndarray] = {}
    for frame in frames:
        x, scale = frame.astype(np.float64), 0
        for layer in layers:
            kind = type(layer).__name__
            if kind in ("ConvInfo", "LinearInfo"):
                x, scale = _weighted(layer, x), layer.w_scale
            elif kind == "SumPool2dInfo":
                x = _numpy(functional.avg_pool2d, x, *_window(layer))
                x = np.rint(x * np.prod(layer.kernel))
                assert x.max() < 128  # int8
            elif kind == "FlattenInfo":
                x = x.reshape(len(x), -1)
            else:
                v = states.get(layer.name, 0) + x * 2 ** (PLACES - scale)
                assert np.abs(v).max() < 2**31  # int32
                x = (v > layer.threshold_scaled).astype(np.float64)
                states[layer.name] = np.where(x > 0, 0, v)
                seen.setdefault(layer.name, []).append(x)  # type: ignore[arg-type]
    return {name: np.stack(sent) for name, sent in seen.items()}


def _weighted(layer: Any, x: np.ndarray) -> np.ndarray:
    """Return weights times x, plus bias, of integers that float64 has exactly."""
    weights, bias = (
        torch.from_numpy(np.asarray(n, np.float64))
        for n in (layer.int8_weights, layer.int32_bias)
    )
    if type(layer).__name__ == "LinearInfo":
        return _numpy(functional.linear, x, weights, bias)
    return _numpy(functional.conv2d, x, weights, bias, layer.stride, layer.padding)


def _window(layer: Any) -> tuple[Any, Any, Any]:
    return tuple(layer.kernel), tuple(layer.stride), tuple(layer.padding)


def _numpy(function: Callable[..., Any], x: np.ndarray, *rest: Any) -> np.ndarray:
    return function(torch.from_numpy(x), *rest).numpy()


def said_of(path: Path) -> dict[str, Any]:
    """Return what ``snn-mlir check`` and ``export -q`` make of a file."""
    told = {}
    for command in (["check"], ["export", "-q", "-o", str(path.with_suffix(".mlir"))]):
        words = [sys.executable, "-m", "snn_mlir", *command, str(path)]
        done = subprocess.run(words, capture_output=True, text=True)
        lines = (done.stdout + done.stderr).strip().splitlines()
        if done.returncode:
            told[command[0]] = lines[-1]
        else:
            told[command[0]] = "supported" if command == ["check"] else "written"
    return told


TOOLS = {"sinabs": in_sinabs, "norse": in_norse, "snn-mlir": in_snn_mlir}


def main(folder: Path) -> None:
    """Run all tools on the files of a folder."""
    frames = np.load(folder / "frames.npy")
    tools = json.loads((folder / "tools.json").read_text())
    with torch.no_grad():
        for tool in tools:
            found = TOOLS[tool](folder / "net.nir", frames)
            np.savez(folder / f"{tool}.npz", **found)  # type: ignore[arg-type]
    told = {"versions": {name: version(name) for name in (*tools, "nir", "torch")}}
    if "snn-mlir" in tools:
        told |= said_of(folder / "net.nir")
    (folder / "said.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
