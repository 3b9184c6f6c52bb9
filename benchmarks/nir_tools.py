"""Our NIR files in the tools of others: spikes layer by layer beside ours.

    python benchmarks/nir_tools.py [--samples 8] [--timesteps 16]

Needs one environment with tfsnn and ``pip install sinabs norse snntorch`` (PyTorch). It
writes ``benchmarks/results/nir_tools.md``. A tool is run as its importer made it, and
mended where the importer does something else than NIR says; each mending is named.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
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
    """Whether a tool is installed."""
    return importlib.util.find_spec(tool) is not None


def run(
    tool: str, path: Path, x: np.ndarray, timesteps: int, mended: bool = True
) -> Spikes:
    """The spikes of each IF node in a tool.

    Args:
        tool: one of :data:`TOOLS`.
        path: of a NIR file.
        x: samples ``(B, *shape)``, channels first.
        timesteps: T.
        mended: whether to change what :data:`MENDED` says.

    Returns:
        Also "output", what the Output node gives in each step.
    """
    import nir
    import torch

    graph = nir.read(path)
    runners = {"sinabs": _sinabs, "norse": _norse, "snntorch": _snntorch}
    with torch.no_grad():
        return runners[tool](graph, torch.from_numpy(x), timesteps, mended)


def _ordered(graph: Any) -> list[str]:
    """The names of nodes, each after all that it reads."""
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
    """Have nirtorch's executor run nodes behind all that they read.

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
    """Keep what every IF node and the node before the output send."""
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
    """The spikes of the file read back by us, in the form of :func:`run`.

    Args:
        path: of a NIR file that we wrote.
        x: samples ``(B, *shape)``, channels first.
        reset: of the neurons, "subtract" or "zero".
    """
    import json

    import nir

    from tfsnn import SpikingModel
    from tfsnn.export.nir.reading import import_nir
    from tfsnn.network.nodes import Readout

    read = import_nir(path, reset=reset)
    nodes = tuple(
        node.replace(head="linear", options={}) if isinstance(node, Readout) else node
        for node in read.graph
    )
    graph = dataclasses.replace(read.graph, nodes=nodes)
    model = SpikingModel(graph, read.timesteps, read.report)
    trace = model.simulate(np.moveaxis(x, 1, -1))
    record = json.loads(nir.read(path).metadata["tfsnn"])
    names = {own: name for name, own in record["names"].items()}
    spikes = {names[key]: _first(values) for key, values in trace.spikes.items()}
    return spikes | {"output": trace.outputs[0][-1]}


def _first(values: np.ndarray) -> np.ndarray:
    return np.moveaxis(values, -1, 2) if values.ndim > 3 else values


def compare(expected: Spikes, found: Spikes) -> dict[str, Any]:
    """Spikes and outputs beside each other, over all layers."""
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


def measure(samples: int, timesteps: int) -> list[dict[str, Any]]:
    """Each network in each tool, as imported and mended."""
    import tfsnn
    from tfsnn.export.nir.writing import export_nir

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for network in NETWORKS:
            data = ROOT / "saved_models" / network
            ann = tfsnn.load_model(data / "model.keras")
            options = {"per": "channel", "timesteps": timesteps}
            snn = tfsnn.convert(ann, data / "calibration.npz", "data_norm", **options)
            images = np.load(data / "test.npz")["x"][:samples]
            x = np.moveaxis(images.astype(np.float32) / 255, -1, 1).copy()
            for tool in filter(has, TOOLS):
                path = Path(folder) / f"{network}_{tool}.nir"
                pooling = "convolution" if tool == "snntorch" else "sum"
                export_nir(snn, path, pooling=pooling)
                reset = "zero" if tool == "norse" else "subtract"
                expected = ours(path, x, reset)
                for mended in (False, True):
                    row = {"network": network, "tool": tool, "version": version(tool)}
                    row |= {"mended": mended, "reset": reset, "timesteps": timesteps}
                    try:
                        found = run(tool, path, x, timesteps, mended)
                        row |= compare(expected, found)
                    except Exception as error:  # of the tool: a result as well
                        row["error"] = f"{type(error).__name__}: {error}".split("\n")[0]
                    print(row, flush=True)
                    rows.append(row)
    return rows


def written(rows: list[dict[str, Any]]) -> str:
    """The table, as Markdown."""
    header = ["network", "tool", "as", "reset", "layers with our very spikes"]
    header += ["spikes there / here", "neurons with another count", "same class"]
    lines = ["# NIR files in the tools of others", ""]
    lines += [_row(header), _row(["---"] * len(header))]
    for row in rows:
        cells = [row["network"], row["tool"], "mended" if row["mended"] else "imported"]
        cells.append(row["reset"])
        if "error" in row:
            cells += [f"does not run ({row['error'].partition(':')[0]})", "-", "-", "-"]
        else:
            ratio = row["spikes_there"] / row["spikes"]
            other = f"{row['neurons_of_other_counts']:,} of {row['neurons']:,}"
            cells += [f"{row['equal_layers']} of {row['layers']}", f"{ratio:.4f}"]
            cells += [other, f"{row['same_class']} of {row['samples']}"]
        lines.append(_row(cells))
    lines.append("")
    tools = {row["tool"]: row["version"] for row in rows}
    lines += [f"{tool} {tools[tool]}, mended: {MENDED[tool]}." for tool in tools]
    lines.append(
        f"data_norm per channel, T={rows[0]['timesteps']}. nir {version('nir')}, "
        f"nirtorch {version('nirtorch')}, PyTorch {version('torch')}, Python "
        f"{platform.python_version()}."
    )
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--timesteps", type=int, default=16)
    given = parser.parse_args()
    text = written(measure(given.samples, given.timesteps))
    (RESULTS / "nir_tools.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
