"""Names for layers, taken from the scopes of the graph."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Scopes that TensorFlow and Keras open within a layer (INNER) or around a model.
INNER = frozenset(
    (
        "batchnorm",
        "moments",
        "weighted_moments",
        "Tensordot",
        "convolution",
        "separable_conv2d",
        "conv_transpose",
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "depthwise",
        "clip_by_value",
        "Gelu",
        "LogSigmoid",
        "einsum",
        "resize",
        "Repeat",
        "MaxPool1d",
        "AvgPool1d",
        "reduce_variance",
    )
)
OUTER = re.compile(r"^(Stateful)?PartitionedCall(_\d+)?$|^Func$|^jit_.*$")
COUNT = re.compile(r"_\d+$")


class Names:
    """The layer names that are taken; a name is given once.

    When Keras 3 exports a model, it appends a count to every scope: ``conv_1`` for
    ``conv``, and ``conv_1_2`` for ``conv_1`` where both exist. The count is removed.
    """

    def __init__(self, operations: Iterable[str]) -> None:
        """Find out from the operations' names whether scopes have Keras's count."""
        plain = (name for name in operations if not name.startswith("Func/"))
        scopes = {scope for name in plain if (scope := _scope(name))}
        self._counted = bool(scopes) and all(
            scope.endswith("_1") or COUNT.sub("", scope) in scopes - {scope}
            for scope in scopes
        )
        self._taken: set[str] = set()

    def take(self, operation: str, kind: str) -> str:
        """Take a name for a layer of class `kind` that stands for this operation."""
        base = self.layer(operation)
        return self.reserve(base, f"{base}_{kind.lower()}")

    def layer(self, operation: str) -> str:
        """Return the name of the layer that an operation belongs to."""
        base = _scope(operation)
        if base and self._counted:
            base = COUNT.sub("", base)
        return re.sub(r"[^A-Za-z0-9_.-]", "_", base or operation.rsplit("/", 1)[-1])

    def reserve(self, *names: str) -> str:
        """Take the first of these names that is free, or else number the last one."""
        count = 1
        candidates = list(names)
        while candidates[0] in self._taken:
            if len(candidates) > 1:
                candidates.pop(0)
            else:
                count += 1
                candidates = [f"{names[-1]}_{count}"]
        self._taken.add(candidates[0])
        return candidates[0]


def layer_names(operations: Iterable[str]) -> dict[str, str]:
    """Return the name of the layer that each operation belongs to."""
    listed = list(operations)
    names = Names(listed)
    return {operation: names.layer(operation) for operation in listed}


def _scope(operation: str) -> str:
    """Return the last scope that names a layer, or "" if there is none."""
    parts = [part for part in operation.split("/")[:-1] if not OUTER.match(part)]
    if len(parts) > 1 and COUNT.sub("", parts[-1]) in INNER:
        parts.pop()
    return parts[-1] if parts else ""
