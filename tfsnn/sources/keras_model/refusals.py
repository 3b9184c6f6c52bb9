"""The layers of a model that cannot be converted, and how they are left out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from tfsnn.errors import UnsupportedError
from tfsnn.network.node import Node
from tfsnn.sources.cut_hints import Stage, ways_out


@dataclass
class Refusals:
    """Layers that are refused while a model is walked.

    Attributes:
        reasons: class and reason by the layer's name.
        reads: the nodes that each of them reads.
        stand_ins: the layer of each node that stands in for an output of it.
    """

    reasons: dict[str, tuple[str, str]] = field(default_factory=dict)
    reads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stand_ins: dict[str, str] = field(default_factory=dict)

    def error(self, nodes: Mapping[str, Node]) -> UnsupportedError:
        """Return the error that names them all, with how an end is left out.

        Args:
            nodes: the nodes of the graph by name, each behind those that it reads.
        """
        stages: dict[Hashable, Stage] = {}
        for name, node in nodes.items():
            layer = self.stand_ins.get(name)
            if layer is not None and f"{layer}:" not in stages:
                stages[f"{layer}:"] = Stage(layer, False, self.reads[layer])
            reads = node.inputs if layer is None else (f"{layer}:",)
            stages[name] = Stage(node.layer, bool(node.arrays()), reads)
        for layer, reads in self.reads.items():  # those that nothing reads
            stages.setdefault(f"{layer}:", Stage(layer, False, reads))
        ways = ways_out(stages, [f"{layer}:" for layer in self.reasons])
        return UnsupportedError(
            [
                (layer, kind, reason + ways.get(f"{layer}:", ""))
                for layer, (kind, reason) in self.reasons.items()
            ]
        )
