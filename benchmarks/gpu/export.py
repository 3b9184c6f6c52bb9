"""Export the programs that ``stablehlo_gpu.py`` times, without weights.

For each row a file ``NAME.stablehlo``, the program that predicts, and ``NAME.json``:
its arguments and results, the nodes of the network (``neutral_network.py``) with the
shapes of their weights, and their neurons. ``index.json`` has the names, the most
important first.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "ternary": ("termapping", {}),
    "graded": ("augmapping", {"levels": 15}),
}


@dataclass(frozen=True)
class Row:
    """A network, how it spikes, and how it is run.

    Attributes:
        fast_products: whether both sides use TF32.
        whole: whether PyTorch also compiles the whole network.
        chunk: K, steps that a layer of the program takes together; all of them if None.
    """

    network: str
    precision: str
    spikes: str
    timesteps: int
    batch: int
    fast_products: bool = False
    whole: bool = False
    chunk: int | None = None

    @property
    def name(self) -> str:
        """The name of the row's files."""
        parts = [self.network, self.precision, self.spikes]
        parts += [f"T{self.timesteps}", f"batch{self.batch}"]
        parts += ["tf32"] * self.fast_products + ["whole"] * self.whole
        return "-".join(parts + [f"K{self.chunk}"] * (self.chunk is not None))


def rows() -> list[Row]:
    """Return all rows, the most important first."""
    small, large = ("VGG-16", "ResNet-20"), "ResNet-50"
    found = [
        Row(name, *settings)
        for settings in (("bfloat16", "graded", 4, 32), ("float32", "ternary", 4, 32))
        for name in (*small, large)
    ]
    step_by_step = [
        Row(name, *settings, chunk=1)
        for settings in (("bfloat16", "graded", 4, 32), ("bfloat16", "ternary", 16, 32))
        for name in small
    ]
    found += step_by_step[:2]
    found += [
        Row(name, *settings)
        for settings in (
            ("bfloat16", "ternary", 16, 32),
            ("bfloat16", "ternary", 16, 256),
            ("float32", "graded", 4, 1),
            ("float32", "graded", 16, 32),
            ("bfloat16", "graded", 4, 256),
            ("bfloat16", "ternary", 16, 1),
        )
        for name in small
    ]
    found += step_by_step[2:]
    found += [
        Row(large, "bfloat16", "ternary", 16, 1),
        *(Row(name, "float32", "ternary", 4, 32, True) for name in (*small, large)),
        Row("VGG-16", "bfloat16", "graded", 4, 32, whole=True),
        Row("ResNet-20", "float32", "ternary", 4, 32, whole=True),
        Row(large, "float32", "graded", 4, 1),
        Row(large, "bfloat16", "graded", 4, 256),
    ]
    every = itertools.product(
        (256, 1, 32), (4, 16), ("bfloat16", "float32"), ("ternary", "graded"), small
    )
    found += [Row(name, p, spikes, t, batch) for batch, t, p, spikes, name in every]
    found += [
        Row(large, "bfloat16", "ternary", 16, 32),
        Row(large, "float32", "ternary", 4, 256),
        Row(large, "float32", "graded", 16, 1),
        Row(large, "bfloat16", "graded", 4, 1),
    ]
    return list(dict.fromkeys(found))


def small_rows() -> list[Row]:
    """Return a few rows of a tiny network, to try the script with."""
    settings = itertools.product(("float32", "bfloat16"), METHODS, (4,), (1, 8))
    found = [Row("tiny", *of_row) for of_row in settings]
    return [*found, Row("tiny", "float32", "graded", 4, 8, whole=True)]


def export_rows(folder: Path, found: list[Row]) -> Iterator[str]:
    """Write the rows' files; yield each name when its files are there."""
    import keras

    import tfsnn

    folder.mkdir(parents=True)
    (folder / "index.json").write_text(json.dumps([row.name for row in found]))
    for network in dict.fromkeys(row.network for row in found):
        keras.backend.clear_session()
        model, x = _network(network)
        converted: dict[tuple, Any] = {}
        for row in found:
            if row.network != network:
                continue
            key = (row.precision, row.spikes, row.timesteps)
            if key not in converted:
                method, options = METHODS[row.spikes]
                converted[key] = tfsnn.convert(
                    model,
                    x,
                    method,
                    timesteps=row.timesteps,
                    correct="none",
                    precision=row.precision,
                    **options,
                )
            _export(folder, row, converted[key])
            yield row.name


def _export(folder: Path, row: Row, snn: Any) -> None:
    from benchmarks.neutral_network import neutral
    from tfsnn.export.stablehlo.program import Programs, lowered, serialized

    chunk = row.timesteps if row.chunk is None else row.chunk
    program = Programs(snn, row.batch, chunk).predict()
    graph = snn.graph.map_arrays(lambda node, field, values: values.numpy())
    nodes, _, output = neutral(graph)
    shapes = {
        argument.name: list(argument.shape)
        for argument in program.arguments
        if argument.role == "weight"
    }
    scales: dict[str, list[int]] = {}
    for node in nodes:
        taken = {
            name.rpartition(".")[2]: shape
            for name, shape in shapes.items()
            if name.rpartition(".")[0] == node["name"]
        }
        if "scale" in taken:
            scales[f"{node['name']}.scale"] = taken.pop("scale")
        node |= {"weights": taken, **_of_neurons(graph[node["name"]])}
    known = {f"{node['name']}.{field}" for node in nodes for field in node["weights"]}
    if unknown := shapes.keys() - known - scales.keys():
        raise SystemExit(f"{row.name}: arguments that are not drawn: {sorted(unknown)}")
    operations = snn.operations_per_sample()
    repeated = operations.ann_macs - operations.constant_macs
    file = f"{row.name}.stablehlo"
    described = {
        **dataclasses.asdict(row),
        "chunk": chunk,
        "macs": operations.constant_macs + row.timesteps * repeated,
        "nodes": nodes,
        "output": output,
        "scales": scales,
        "manifest": {
            "timesteps": row.timesteps,
            "batch_size": row.batch,
            "inputs": [
                {"name": name, "shape": shape, "whole": False}
                for name, shape in snn.inputs_by_name.items()
            ],
            "programs": {
                "predict": {
                    "file": file,
                    "arguments": [dataclasses.asdict(t) for t in program.arguments],
                    "results": [dataclasses.asdict(t) for t in program.results],
                }
            },
        },
    }
    (folder / file).write_bytes(serialized(lowered(program, "GPU", row.fast_products)))
    (folder / f"{row.name}.json").write_text(json.dumps(described))


def _of_neurons(node: Any) -> dict[str, Any]:
    """Return the neurons, which ``torch_spiking.py`` needs beside the ANN's nodes."""
    from tfsnn.network.nodes import Linear, Spiking

    if isinstance(node, Linear):
        return {"precision": node.precision}
    if not isinstance(node, Spiking):
        return {}
    plain = node.neuron == "integrate_fire" and node.threshold == 1
    if np.ndim(node.initial_potential) or not plain:
        raise SystemExit(f"{node.name}: neurons that PyTorch's side does not have")
    return {
        "initial": float(node.initial_potential),
        "negative": node.negative_threshold,
        "most": node.max_coefficient,
    }


def _network(name: str) -> tuple[Any, np.ndarray]:
    """Return a network, and images to convert it with."""
    from benchmarks.speed.throughput import NETWORKS, drawn_images

    if name == "tiny":
        return _tiny(), drawn_images(32, 64)
    build, _ = NETWORKS[name]
    model = build()
    return model, drawn_images(
        model.inputs[0].shape[1], 4 if name == "ResNet-50" else 64
    )


def _tiny() -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    x = keras.Input((32, 32, 3))
    a = layers.ReLU()(layers.Conv2D(16, 3, 2, padding="same")(x))
    a = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(a))
    b = layers.ReLU()(layers.Conv2D(16, 3, padding="same")(a))
    a = layers.ReLU()(layers.Add()([a, layers.Conv2D(16, 3, padding="same")(b)]))
    a = layers.AveragePooling2D(2)(a)
    b = layers.ReLU()(layers.Conv2D(32, 3, 2, padding="same")(a))
    b = layers.Conv2D(32, 3, padding="same")(b)
    a = layers.ReLU()(layers.Add()([layers.Conv2D(32, 1, 2)(a), b]))
    return keras.Model(x, layers.Dense(10)(layers.GlobalAveragePooling2D()(a)))
