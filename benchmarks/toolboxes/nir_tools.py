"""Run our NIR files in other tools, and compare spikes layer by layer.

    python -m benchmarks.toolboxes.nir_tools [--samples 8] [--timesteps 16]

Needs one environment with tfsnn and ``pip install sinabs norse snntorch`` (PyTorch). It
writes ``benchmarks/results/nir_tools``. A tool is run as its importer made it, and
mended where the importer does something else than NIR says; each mending is named.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import json
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import numpy as np

import tfsnn
from benchmarks.inputs import ROOT, shipped, test_images
from benchmarks.tables import Page, Report
from tfsnn.network.nodes import Readout

OUTPUT = ROOT / "benchmarks" / "results" / "nir_tools"
NETWORKS = ("mnist_cnn", "resnet20_cifar10")
TOOLS = ("sinabs", "norse", "snntorch")
MENDED = {
    "sinabs": "no lower bound of the potential, one spike a step at most, nodes run in "
    "topological order",
    "norse": "nodes run in topological order",
    "snntorch": "no leak, neurons keep their state, nodes run in topological order",
}
Spikes = dict[str, np.ndarray]  # by NIR node, (T, B, *units), channels first


def has(tool: str) -> bool:
    """Return whether a tool is installed."""
    return importlib.util.find_spec(tool) is not None


def run(
    tool: str, path: Path, x: np.ndarray, timesteps: int, mended: bool = True
) -> Spikes:
    """Return the spikes of each IF node in a tool.

    Args:
        tool: one of :data:`TOOLS`.
        path: path of a NIR file.
        x: samples ``(B, *shape)``, channels first.
        timesteps: T.
        mended: whether to make the changes of :data:`MENDED`.

    Returns:
        Spikes by node, and as "output" the values of the Output node in each step.
    """
    import nir
    import torch

    graph = nir.read(path)
    runners = {"sinabs": _sinabs, "norse": _norse, "snntorch": _snntorch}
    with torch.no_grad():
        return runners[tool](graph, torch.from_numpy(x), timesteps, mended)


def _ordered(graph: Any) -> list[str]:
    """Sort the names of nodes, each after all that it reads."""
    before: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        before[target].append(source)
    ordered: dict[str, None] = {}
    while len(ordered) < len(before):
        for name, reads in before.items():
            if name not in ordered and all(read in ordered for read in reads):
                ordered[name] = None
    return list(ordered)


def _in_order(net: Any, graph: Any) -> None:
    """Have nirtorch's executor run nodes after all that they read.

    It runs them depth first (nirtorch 2.0.2), so that a sum misses a summand.
    """
    places = {name: place for place, name in enumerate(_ordered(graph))}
    nodes = [node for node in net.graph.node_list if node.name in places]
    net.execution_order = sorted(nodes, key=lambda node: places[node.name])


def _sinabs(graph: Any, x: Any, timesteps: int, mended: bool) -> Spikes:
    import sinabs.layers
    import sinabs.nir

    batch = len(x)
    net = sinabs.nir.from_nir(graph, batch_size=batch)
    if mended:
        _in_order(net, graph)
        for module in net.modules():
            if isinstance(module, sinabs.layers.IAF):
                module.min_v_mem = None
                module.spike_fn = sinabs.activation.SingleSpike
    seen: Spikes = {}
    _watch(net, graph, seen)
    steps = x.unsqueeze(1).repeat_interleave(timesteps, 1).flatten(0, 1)
    net(steps)
    return {
        name: np.moveaxis(sent.reshape(batch, timesteps, *sent.shape[1:]), 0, 1)
        for name, (sent,) in seen.items()
    }


def _norse(graph: Any, x: Any, timesteps: int, mended: bool) -> Spikes:
    import norse.torch

    net = norse.torch.from_nir(graph)
    if mended:
        _in_order(net, graph)
    seen: Spikes = {}
    _watch(net, graph, seen)
    for sample in x:  # its Flatten takes the batch for the first axis
        state = None
        for _ in range(timesteps):
            _, state = net(sample, state)
    return _by_sample(seen, timesteps)


def _snntorch(graph: Any, x: Any, timesteps: int, mended: bool) -> Spikes:
    import snntorch
    from snntorch.import_nir import import_from_nir

    if mended:
        graph.nodes = {name: graph.nodes[name] for name in _ordered(graph)}
    net = import_from_nir(graph)
    neurons = [m for m in net.modules() if isinstance(m, snntorch.Leaky)]
    if mended:
        for neuron in neurons:
            neuron.init_hidden = True
            neuron.beta.fill_(1.0)
    seen: Spikes = {}
    _watch(net, graph, seen)
    for sample in x:
        for neuron in neurons:
            neuron.reset_mem()
        for _ in range(timesteps):
            net(sample)
    return _by_sample(seen, timesteps)


def _watch(net: Any, graph: Any, seen: dict[str, Any]) -> None:
    """Keep the spikes of every IF node, and the values that reach the output."""
    last = [source for source, target in graph.edges if target == "output"]
    wanted = {n: n for n, node in graph.nodes.items() if type(node).__name__ == "IF"}
    wanted |= {name: "output" for name in last}
    modules = dict(net.named_modules())
    for name, key in wanted.items():

        def keep(module: Any, args: Any, sent: Any, key: str = key) -> None:
            sent = sent[0] if isinstance(sent, tuple) else sent
            seen.setdefault(key, []).append(sent.detach().numpy().copy())

        modules[name].register_forward_hook(keep)


def _by_sample(seen: dict[str, Any], timesteps: int) -> Spikes:
    return {
        name: np.moveaxis(np.reshape(sent, (-1, timesteps, *sent[0].shape)), 0, 1)
        for name, sent in seen.items()
    }


def ours(path: Path, x: np.ndarray, reset: str) -> Spikes:
    """Return the spikes of the file read back by us, in the form of :func:`run`.

    Args:
        path: path of a NIR file that we wrote.
        x: samples ``(B, *shape)``, channels first.
        reset: reset of the neurons, "subtract" or "zero".
    """
    import nir

    read = tfsnn.import_nir(path, reset=reset)
    nodes = tuple(
        node.replace(head="linear", options={}) if isinstance(node, Readout) else node
        for node in read.graph
    )
    graph = dataclasses.replace(read.graph, nodes=nodes)
    model = tfsnn.SpikingModel(graph, read.timesteps, read.report)
    trace = model.simulate(np.moveaxis(x, 1, -1))
    record = json.loads(nir.read(path).metadata["tfsnn"])
    names = {own: name for name, own in record["names"].items()}
    spikes = {names[key]: _first(values) for key, values in trace.spikes.items()}
    return spikes | {"output": trace.outputs[0][-1]}


def _first(values: np.ndarray) -> np.ndarray:
    return np.moveaxis(values, -1, 2) if values.ndim > 3 else values


def compare(expected: Spikes, found: Spikes) -> dict[str, Any]:
    """Compare spikes and outputs over all layers."""
    layers = [name for name in expected if name != "output"]
    differ = {name: int((found[name] != expected[name]).sum()) for name in layers}
    counts = [found[name].sum(0) != expected[name].sum(0) for name in layers]
    tops = [expected["output"].argmax(-1), found["output"].mean(0).argmax(-1)]
    return {
        "layers": len(layers),
        "equal_layers": sum(not count for count in differ.values()),
        "spikes": float(sum(expected[name].sum() for name in layers)),
        "spikes_there": float(sum(found[name].sum() for name in layers)),
        "neurons": int(sum(count.size for count in counts)),
        "neurons_of_other_counts": int(sum(count.sum() for count in counts)),
        "samples": len(tops[0]),
        "same_class": int((tops[0] == tops[1]).sum()),
        "spikes_that_differ": differ,
    }


def measured(
    samples: int, timesteps: int, tools: list[str]
) -> Iterator[dict[str, Any]]:
    """Measure each network in each tool, as imported and mended."""
    for network, tool in itertools.product(NETWORKS, tools):
        ann = tfsnn.load_model(shipped(network) / "model.keras")
        data = shipped(network) / "calibration.npz"
        snn = tfsnn.convert(ann, data, "data_norm", per="channel", timesteps=timesteps)
        x = np.moveaxis(test_images(network, samples), -1, 1).copy()
        reset = "zero" if tool == "norse" else "subtract"
        pooling = "convolution" if tool == "snntorch" else "sum"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.nir"
            tfsnn.export.export_nir(snn, path, pooling=pooling)
            expected = ours(path, x, reset)
            for way in ("imported", "mended"):
                row = {"network": network, "tool": tool, "way": way, "reset": reset}
                try:
                    found = compare(
                        expected, run(tool, path, x, timesteps, way == "mended")
                    )
                except Exception as error:  # the tool's: a result as well
                    name = type(error).__name__
                    yield {**row, "same_layers": f"does not run ({name})"}
                    continue
                same = f"{found['equal_layers']} of {found['layers']}"
                ratio = found["spikes_there"] / found["spikes"]
                yield {**row, **found, "same_layers": same, "ratio": ratio}


PAGE = Page(
    "NIR files in the tools of others",
    "{versions} data_norm per channel, T={timesteps}; {samples} images. Measured on "
    "{machine}.",
    [
        (
            "network | tool | as | reset | layers with our very spikes "
            "| spikes there / here | neurons with another count | of | same class",
            "{network} | {tool} | {way} | {reset} | {same_layers} | {ratio:.4f} "
            "| {neurons_of_other_counts:,} | {neurons:,} | {same_class}",
        )
    ],
)


@click.command()
@click.option("--samples", default=8, show_default=True)
@click.option("--timesteps", default=16, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=OUTPUT)
def main(samples: int, timesteps: int, output: Path) -> None:
    """Measure the installed tools; write JSON and Markdown."""
    tools = [tool for tool in TOOLS if has(tool)]
    if not tools:
        raise click.ClickException(f"none of {', '.join(TOOLS)} is installed here")
    mended = [f"{tool} {version(tool)}, mended: {MENDED[tool]}." for tool in tools]
    used = [f"{name} {version(name)}" for name in ("nir", "nirtorch", "torch")]
    versions = " ".join([*mended, ", ".join(used) + "."])
    how: dict[str, Any] = {"timesteps": timesteps, "samples": samples}
    report = Report(output, PAGE, **how, versions=versions)
    for row in measured(samples, timesteps, tools):
        report.add(row)


if __name__ == "__main__":
    main()
