"""Find the groups of a network in normal form, and all that integers cannot do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tfsnn.conversion.integers.arrays import WEIGHTED
from tfsnn.conversion.integers.groups import WHOLE, Group, Quantum, same
from tfsnn.conversion.normalize import Normalized
from tfsnn.hardware.integers import two_complement
from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.neurons import KINDS, Neuron
from tfsnn.network.node import Node
from tfsnn.network.nodes import (
    Affine,
    Constant,
    Lookup,
    Merge,
    Readout,
    Rounded,
    Source,
    Spiking,
)
from tfsnn.network.units import compressed
from tfsnn_numpy.ranges import Range

PIXELS = 255
OTHERS = "convert with a method of integrate-and-fire neurons (termapping, paced, ttfs)"
ANALOG = (
    "sends analog values, no integers: use ReLU, sums and average pooling in its "
    "place, or convert with -o precision float32"
)
UNEVEN = (
    "averages over windows of different sizes at its borders, whose sums have no "
    "common scale: pool without padding, or by windows that the image is a multiple of"
)
POSITIONAL = (
    "takes the maximum of numbers whose digits come one after the other, of their "
    "mean: use average pooling, or " + OTHERS
)


@dataclass
class Layout:
    """The network that is to be rounded, and what shares a scale in it.

    Attributes:
        graph: the network in normal form, with the nodes put in that integers need.
        units: the unit of each of its nodes.
        quanta: the quantum of each of its nodes.
        problems: node, kind and reason for each node that integers cannot do.
    """

    graph: Graph
    units: dict[str, np.ndarray]
    quanta: dict[str, Quantum] = field(default_factory=dict)
    problems: list[tuple[str, str, str]] = field(default_factory=list)


def lay_out(
    normalized: Normalized,
    ranges: Mapping[str, Range],
    timesteps: int,
    input_bits: int | None = None,
) -> Layout:
    """Return the groups of a network in normal form.

    Inputs are rounded to 8 bits by a node behind each; a gain is put in where a
    population, or a sum, reads spikes as they are; a constant current of neurons goes
    into an offset before them.

    Args:
        normalized: the network.
        ranges: the smallest and the largest value of each input.
        timesteps: T.
        input_bits: bits of the signed integers that inputs become; None for 8 bits.
    """
    return _Walk(normalized, ranges, timesteps, input_bits).layout()


def rounded(
    source: Source, ranges: Mapping[str, Range], input_bits: int | None = None
) -> Rounded:
    """Return the node that rounds an input to 8 bits, or to signed integers.

    Values from 0 up become 0..255: whole numbers up to 255 as they are, values up to 1
    as multiples of 1/255, others as multiples of the largest over 255. Values of either
    sign become -128..127, as multiples of the largest over 127. With `input_bits` those
    from 0 up end at the largest signed integer, and bytes are multiples of 255 over it.
    """
    low, high = ranges.get(source.name, (0.0, 1.0))
    signed = two_complement("input", input_bits or 8)
    most = PIXELS if input_bits is None else signed.high
    ends = (0, most)
    if low < 0:
        step, ends = max(-low, high) / signed.high, (signed.low, signed.high)
    elif high <= 1:
        step = 1 / most
    else:
        step = (PIXELS if 20 < high <= PIXELS else high) / most
    return Rounded(
        f"{source.name}_rounded",
        (source.name,),
        source.shape,
        float(step),
        *ends,
        unit=float(step),
        layer=source.layer,
    )


class _Walk:
    def __init__(
        self,
        normalized: Normalized,
        ranges: Mapping[str, Range],
        timesteps: int,
        input_bits: int | None,
    ) -> None:
        self.before, self.ranges, self.steps = normalized, ranges, timesteps
        self.input_bits = input_bits
        self.nodes: dict[str, Node] = {}
        self.renamed: dict[str, str] = {}
        self.found = Layout(normalized.graph, dict(normalized.units))

    @property
    def clock(self) -> Clock:
        return self.before.graph.clock

    def layout(self) -> Layout:
        for node in self.before.graph:
            reads = tuple(self.renamed.get(name, name) for name in node.inputs)
            self._visit(node.replace(inputs=reads))
        graph = self.before.graph
        self.found.graph = Graph(
            tuple(self.nodes.values()), graph.outputs, graph.layers, graph.clock
        )
        return self.found

    def _visit(self, node: Node) -> None:
        if isinstance(node, Source):
            self._add(node, WHOLE)
            if not node.whole:
                behind = rounded(node, self.ranges, self.input_bits)
                self._add(behind, Quantum(known=np.full(1, behind.step)))
                self.renamed[node.name] = behind.name
        elif isinstance(node, Spiking):
            self._population(node)
        elif isinstance(node, Affine) and self._only_adds(node):
            self._add(node, self._quanta(node)[0], weights=True)
        elif isinstance(node, WEIGHTED):
            self._refuse_tokens(node)
            self._weighted(node)
        elif isinstance(node, Merge):
            self._merge(node)
        elif isinstance(node, Readout):
            self._add(node, WHOLE)
        else:
            self._other(node)

    def _add(self, node: Node, quantum: Quantum, *, weights: bool = False) -> None:
        self.nodes[node.name] = node
        if weights and quantum.group is not None:
            quantum.group.root.nodes.append(node.name)
        self.found.quanta[node.name] = quantum
        if node.name not in self.found.units:
            self.found.units[node.name] = self.found.units[node.inputs[0]]

    def _quanta(self, node: Node) -> list[Quantum]:
        return [self.found.quanta[name] for name in node.inputs]

    def _problem(self, node: Node, reason: str) -> None:
        self.found.problems.append((node.layer or node.name, node.label, reason))

    def _only_adds(self, node: Affine) -> bool:
        """Whether a node with a gain of 1 reads a signal of a group."""
        grouped = self._quanta(node)[0].group is not None
        return grouped and bool(np.all(np.asarray(node.gain) == 1))

    def _refuse_tokens(self, node: Node) -> None:
        if isinstance(node, Constant | Lookup):
            return
        if any(isinstance(self.nodes[name], Source) for name in node.inputs):
            self._problem(node, "reads tokens as numbers: look them up in a table")

    def _weighted(self, node: Node) -> None:
        self._add(node, Quantum(Group(node.shape[-1])), weights=True)

    def _gain(self, node: Node, number: int, gain: float = 1.0) -> str:
        """Put a gain of 1 before an input of a node; return its name."""
        name = node.inputs[number]
        before = self.nodes[name]
        put_in = Affine(
            f"{node.name}_weight{number + 1}",
            (name,),
            before.shape,
            gain=np.full(before.shape[-1], gain, np.float32),
            layer=node.layer,
        )
        self._weighted(put_in)
        return put_in.name

    def _population(self, node: Spiking) -> None:
        node = self._without_drive(node)
        kind = KINDS[node.neuron]
        if not kind.in_integers:
            self._problem(
                node,
                f"has {kind.description}, whose spikes or potentials are no integers: "
                + OTHERS,
            )
        for name, what in (("leak", "leak"), ("jitter", "are moved by noise")):
            if node.settings.get(name):
                self._problem(node, f"has neurons that {what}: leave out -o {name}")
        (quantum,) = self._quanta(node)
        if quantum.group is None:
            node = node.replace(inputs=(self._gain(node, 0),))
            (quantum,) = self._quanta(node)
        assert quantum.group is not None
        quantum.group.root.readers.append(quantum.parts)
        self._add(node, WHOLE)

    def _without_drive(self, node: Spiking) -> Spiking:
        """Return plain neurons for driven ones, with an offset before them."""
        drive = node.population.drive
        if not drive:
            return node
        before = self.nodes[node.inputs[0]]
        gain = np.ones(before.shape[-1], np.float32)
        offset = np.float32(drive) * gain
        put_in = Affine(
            f"{node.name}_drive",
            node.inputs,
            before.shape,
            gain=gain,
            offset=offset,
            layer=node.layer,
        )
        self._visit(put_in)
        kept = {k: v for k, v in node.settings.items() if k in Neuron.parameters()}
        return node.replace(inputs=(put_in.name,), neuron=Neuron.kind, settings=kept)

    def _merge(self, node: Merge) -> None:
        quanta = self._quanta(node)
        if not node.is_sum and all(quantum.group is None for quantum in quanta):
            values = [quantum.known for quantum in quanta]
            if all(np.array_equal(values[0], value) for value in values):
                self._add(node, quanta[0])
                return
        if not same(quanta):
            reads = list(node.inputs)
            for number, quantum in enumerate(quanta):
                if quantum.group is None or quantum.parts > 1:
                    reads[number] = self._gain(node, number)
            node = node.replace(inputs=tuple(reads))
            quanta = self._quanta(node)
        group = quanta[0].group
        assert group is not None
        for quantum in quanta[1:]:
            assert quantum.group is not None
            group = group.join(quantum.group)
        group.uniform = group.uniform or not node.keeps_channels
        self._add(node, Quantum(group, parts=quanta[0].parts))

    def _other(self, node: Node) -> None:
        shapes = [self.nodes[name].shape for name in node.inputs]
        form = node.in_integers(shapes)
        if form is None:
            self._problem(node, UNEVEN if node.linear else ANALOG)
            self._add(node, WHOLE)
            return
        if not node.linear and self.clock.base > 1:
            self._problem(node, POSITIONAL)
        self._add(node, self._carried(node, self._quanta(node), form[1], shapes[0]))

    def _carried(
        self, node: Node, quanta: Sequence[Quantum], factor: int, before: tuple
    ) -> Quantum:
        (quantum,) = quanta
        if quantum.group is not None:
            group = quantum.group.root
            group.uniform = group.uniform or not node.keeps_channels
            return quantum._replace(parts=quantum.parts * factor)
        known = quantum.known
        if known.size > 1:
            known = compressed(np.asarray(node.carry(known, before)))  # type: ignore[attr-defined]
        return Quantum(known=known / factor)
