"""Models of TensorFlow.js as files, laid out by hand as its converter does."""

import json

import numpy as np
from google.protobuf import json_format

TYPES = {"float32": "<f4", "int32": "<i4", "bool": "?"}
INTEGERS = {"uint8": np.uint8, "uint16": np.uint16}


def stored(name, value, quantized=None):
    """The entry of a weight, its bytes, and the value that they stand for."""
    value = np.asarray(value)
    if value.dtype == object:
        texts = [text.encode() for text in value.flat]
        content = b"".join(len(t).to_bytes(4, "little") + t for t in texts)
        entry = {"name": name, "shape": list(value.shape), "dtype": "string"}
        return entry, content, value
    dtype = {"f": "float32", "i": "int32", "b": "bool"}[value.dtype.kind]
    entry = {"name": name, "shape": list(value.shape), "dtype": dtype}
    if dtype != "float32" or not quantized or not value.size:
        return entry, value.astype(TYPES[dtype]).tobytes(), value
    if quantized == "float16":
        entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
        half = value.astype(np.float16)
        return entry, half.tobytes(), half.astype(np.float32)
    kind = INTEGERS[quantized]
    scale = float(np.ptp(value)) / np.iinfo(kind).max or 1.0
    least = float(value.min())
    entry["quantization"] = {"dtype": quantized, "scale": scale, "min": least}
    q = np.round((value - least) / scale).astype(kind)
    return entry, q.tobytes(), (q * scale + least).astype(np.float32)


def write(folder, topology, weights, *, quantized=None, shard=100, **more):
    """Write ``model.json`` and shards; returns the values that were stored, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    entries, contents, values = [], [], {}
    for name, value in weights.items():
        entry, content, values[name] = stored(name, value, quantized)
        entries.append(entry)
        contents.append(content)
    content = b"".join(contents)
    parts = [content[i : i + shard] for i in range(0, len(content), shard)]
    paths = [f"group1-shard{i + 1}of{len(parts)}.bin" for i in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        (folder / path).write_bytes(part)
    manifest = [{"paths": paths, "weights": entries}]
    document = {"modelTopology": topology, "weightsManifest": manifest, **more}
    (folder / "model.json").write_text(json.dumps(document))
    return values


def write_layers(folder, model, version="2.15.0", **options):
    """Write a model of Keras 2 or 3, and give it the values that were stored."""
    config = json.loads(model.to_json())
    config.pop("keras_version", None), config.pop("backend", None)
    topology = {"keras_version": version, "backend": "tensorflow"}
    topology["model_config"] = config
    names = [getattr(w, "path", w.name).removesuffix(":0") for w in model.weights]
    weights = dict(zip(names, (np.asarray(w) for w in model.weights), strict=True))
    values = write(folder, topology, weights, format="layers-model", **options)
    for weight, name in zip(model.weights, names, strict=True):
        weight.assign(values[name])
    return folder


def write_graph(folder, graph_def, **options):
    """Write a graph, whose constants become weights; returns the values stored."""
    weights, topology = {}, type(graph_def).FromString(graph_def.SerializeToString())
    for node in topology.node:
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            weights[node.name] = _value(tensor)
            shape = tensor.tensor_shape
            tensor.Clear()
            tensor.tensor_shape.CopyFrom(shape)
            tensor.dtype = node.attr["dtype"].type
    text = json_format.MessageToDict(topology)
    return write(folder, text, weights, format="graph-model", **options)


def _value(tensor):
    import tensorflow as tf

    value = tf.make_ndarray(tensor)
    narrow = {np.dtype(np.int64): np.int32, np.dtype(np.float64): np.float32}
    if value.dtype == object:
        return np.vectorize(bytes.decode, otypes=[object])(value)
    return value.astype(narrow.get(value.dtype, value.dtype))
