"""What TensorFlow itself says of its operations; what a file says is not believed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

_KNOWN: dict[str, Any] = {}


def definitions(kinds: Iterable[str]) -> dict[str, Any]:
    """Return TensorFlow's ``OpDef`` of these operation types, of those that it has.

    Nothing is run: TensorFlow lists the definitions of a graph that is to be exported.
    """
    wanted = sorted(set(kinds))
    if missing := [kind for kind in wanted if kind not in _KNOWN]:
        v1 = tf.compat.v1
        nodes = [v1.NodeDef(name=f"n{i}", op=kind) for i, kind in enumerate(missing)]
        with tf.Graph().as_default():
            listed = v1.train.export_meta_graph(graph_def=v1.GraphDef(node=nodes))
        _KNOWN.update(dict.fromkeys(missing))
        _KNOWN.update({op.name: op for op in listed.meta_info_def.stripped_op_list.op})
    return {kind: _KNOWN[kind] for kind in wanted if _KNOWN[kind] is not None}
