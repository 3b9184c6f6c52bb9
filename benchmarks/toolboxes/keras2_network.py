"""Build the network of ``neutral_network.py`` in Keras 2, for packages that need it.

A ReLU becomes the activation of the convolution or dense layer before it, past max
pooling if need be (the two commute), for that is where such packages look for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

layers = tf.keras.layers
TOLERANCE = 1e-3  # of logits, between the two versions


def keras2(
    nodes: list[dict], arrays: dict[str, np.ndarray], output: str, head: str = "linear"
) -> Any:
    """Build a functional model, ``(N, *shape)`` to `head` of ``(N, classes)``."""
    by_name = {node["name"]: node for node in nodes}
    holders = {n["name"]: _holder(n, by_name) for n in nodes if n["op"] == "relu"}
    activations = {name: "relu" for name in holders.values() if name} | {output: head}
    values: dict[str, Any] = {}
    given: list[tuple[Any, list[np.ndarray]]] = []
    for index, node in enumerate(nodes):
        name, inputs = node["name"], [values[source] for source in node["inputs"]]
        if node["op"] == "input":
            values[name] = layers.Input(tuple(node["shape"]))
            continue
        if holders.get(name):
            values[name] = inputs[0]
            continue
        weights = [arrays.get(f"{index}.{key}") for key in ("kernel", "bias")]
        present = [values for values in weights if values is not None]
        shape = by_name[node["inputs"][0]]["shape"]
        layer = as_layer(node, shape, present, activations.get(name, "linear"))
        values[name] = layer(inputs if len(inputs) > 1 else inputs[0])
        given.append((layer, present))
    model = tf.keras.Model(values[nodes[0]["name"]], values[output])
    for layer, present in given:
        layer.set_weights(present)
    return model


def check(model: Any, images: np.ndarray, expected: np.ndarray) -> float:
    """Return the greatest difference from the original's logits; exit if large."""
    logits = model.predict(np.array(images[: len(expected)]), verbose=0)
    difference = float(np.abs(logits - expected).max())
    if not difference < TOLERANCE:
        raise SystemExit(f"logits of the rebuilt network differ by {difference}")
    return difference


def _holder(node: dict, by_name: dict[str, dict]) -> str | None:
    """Return the layer whose activation a ReLU can be: nothing else reads it."""
    name = node["inputs"][0]
    while sum(name in each["inputs"] for each in by_name.values()) == 1:
        if by_name[name]["op"] in ("conv", "dense"):
            return name
        if by_name[name]["op"] != "max":
            break
        name = by_name[name]["inputs"][0]
    return None


def as_layer(
    node: dict,
    shape: list[int],
    weights: list[np.ndarray],
    activation: str = "linear",
) -> Any:
    """Build the layer of a node that reads values of this shape."""
    op = node["op"]
    if op == "conv" and node["groups"] == 1:
        size, dilation = weights[0].shape[:2], tuple(node["dilation"])
        spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
        return layers.Conv2D(
            weights[0].shape[-1],
            size,
            strides=tuple(node["strides"]),
            padding=_padding(node, shape, spans),
            dilation_rate=dilation,
            use_bias=len(weights) == 2,
            activation=activation,
        )
    if op == "dense":
        bias = len(weights) == 2
        return layers.Dense(node["shape"][-1], use_bias=bias, activation=activation)
    if op == "average" and node["size"] == shape[:2] and len(node["shape"]) == 1:
        return layers.GlobalAveragePooling2D()
    if op in ("average", "max") and len(node["shape"]) == 3:
        kind = layers.AveragePooling2D if op == "average" else layers.MaxPooling2D
        padding = _padding(node, shape, node["size"])
        return kind(tuple(node["size"]), tuple(node["strides"]), padding)
    if op in ("relu", "flatten", "add"):
        made = {"relu": layers.ReLU, "flatten": layers.Flatten, "add": layers.Add}
        return made[op]()
    raise SystemExit(f"{node['name']}: {node} cannot be written in Keras 2 here")


def _padding(node: dict, shape: list[int], spans: Any) -> str:
    """Return Keras's name of explicit pads."""
    same = []
    for size, span, stride in zip(shape, spans, node["strides"], strict=False):
        total = max((-(-size // stride) - 1) * stride + span - size, 0)
        same.append([total // 2, total - total // 2])
    names = {"valid": [[0, 0], [0, 0]], "same": same}
    for name, pads in names.items():
        if node["pads"] == pads:
            return name
    raise SystemExit(f"{node['name']}: Keras 2 has no name for pads {node['pads']}")
