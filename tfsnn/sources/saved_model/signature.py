"""Choosing a signature of a SavedModel, as the file describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError

DEFAULT = "serving_default"
TYPES = {
    kind.as_datatype_enum
    for kind in vars(tf.dtypes).values()
    if isinstance(kind, tf.DType)
}
# Of TensorFlow itself: operations that initialise and train, which are never run.
INTERNAL = "__saved_model_"


@dataclass(frozen=True)
class Signature:
    """A function of a SavedModel, from named tensors to named tensors.

    Attributes:
        name: name of the signature in the file.
        inputs: shape and type of each input, by argument name.
        fed: names of the graph's tensors that are the inputs, by argument name.
        fetched: names of the graph's tensors that are the outputs, by output name.
    """

    name: str
    inputs: dict[str, tf.TensorSpec]
    fed: dict[str, str]
    fetched: dict[str, str]


def choose_signature(meta_graph: Any, name: str | None) -> Signature:
    """Choose a signature of a SavedModel's graph.

    Args:
        meta_graph: the graph, a ``MetaGraphDef``.
        name: name of the signature; ``serving_default``, or the only one, if None.

    Raises:
        ModelError: if there is no such signature, or it takes or returns something
            other than dense tensors.
    """
    found = meta_graph.signature_def
    chosen = _choose(sorted(n for n in found if not n.startswith(INTERNAL)), name)
    given, returned = dict(found[chosen].inputs), dict(found[chosen].outputs)
    where = f"the signature {chosen!r}"
    if not given:
        raise ModelError(f"{where} takes no input: choose another one")
    if not returned:
        raise ModelError(f"{where} has no named outputs: choose another one")
    for key, info in (*given.items(), *returned.items()):
        if info.WhichOneof("encoding") != "name":
            raise ModelError(
                f"{where}: {key!r} is no dense tensor; only dense tensors are "
                "supported: choose another one, or export one"
            )
    return Signature(
        chosen,
        {key: _spec(where, key, given[key]) for key in sorted(given)},
        {key: given[key].name for key in sorted(given)},
        {key: returned[key].name for key in sorted(returned)},
    )


def _spec(where: str, key: str, info: Any) -> tf.TensorSpec:
    if info.dtype not in TYPES:
        raise ModelError(
            f"{where}: the input {key!r} is of the unknown type {info.dtype}: export "
            "the model again"
        )
    shape = stated_shape(info.tensor_shape)
    return tf.TensorSpec(shape, tf.as_dtype(info.dtype), key)


def stated_shape(shape: Any) -> tf.TensorShape:
    """Return the shape that a ``TensorShapeProto`` states; negative sizes are free."""
    if shape.unknown_rank:
        return tf.TensorShape(None)
    return tf.TensorShape([dim.size if dim.size >= 0 else None for dim in shape.dim])


def _choose(names: list[str], wanted: str | None) -> str:
    listed = ", ".join(names)
    if not names:
        raise ModelError(
            "has no signatures: save it with model.export, or give "
            "tf.saved_model.save a signature"
        )
    if wanted is not None:
        if wanted not in names:
            raise ModelError(f"no signature {wanted!r}; it has {listed}")
        return wanted
    if DEFAULT in names or len(names) == 1:
        return DEFAULT if DEFAULT in names else names[0]
    raise ModelError(
        f"has several signatures and no {DEFAULT!r}; choose one of {listed} "
        "(signature=..., --signature, or -o signature)"
    )
