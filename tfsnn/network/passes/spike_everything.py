"""Let spikes drive every product of a network whose spikes are digits.

Neurons of positional codes (:mod:`tfsnn.network.neurons.radix`) have their whole input
before they send the first digit. So what other networks need running sums for can be
made of neurons and of products of two spike trains, as far as digits go exactly:

* what weights or another signal are multiplied with is sent as spikes, of either sign;
* matmul, einsum, multiply, square and divide are products of two spike trains, the
  last with neurons of 1 / x;
* layer_norm(x) = (x - mean) / sqrt(mean((x - mean)^2) + epsilon), with neurons of the
  mean and of 1 / sqrt(x); rms_norm likewise, without a mean;
* softmax(x) = e / sum(e), e = exp(x - max(x)), the maximum found digit by digit, with
  neurons of exp(x) and of 1 / x. Places that a mask leaves out stay silent.

The ANN's outputs stay, but for rounding, and names and shapes as well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node, Shape
from tfsnn.network.nodes import (
    Affine,
    Coder,
    DigitMax,
    Function,
    Known,
    Linear,
    Merge,
    Product,
    Rate,
    Reduce,
    Reshape,
    SmoothRate,
)
from tfsnn.network.passes.score_masks import unweighed
from tfsnn.network.roles import Events

FIELDS = dataclasses.fields(Function)
DIGITS = "_digits"  # the end of the name of neurons that send a signal
SILENT = 32.0  # exp(-32) is less than half of the last of 16 digits, and of 24


def spike_everything(graph: Graph) -> Graph:
    """Make all products of a graph, but those of masks, products of spikes.

    Functions that are not named above stay running sums; of what does not change, such
    as masks, they are computed once, before the first spike.
    """
    rewriting = _Rewriting(graph)
    for node in graph:
        rewriting.take(node)
    return graph.rewrite(rewriting.nodes, {}, {})


@dataclass
class _Rewriting:
    """The nodes so far, and what is known of them."""

    graph: Graph
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.known = Events(Clock(base=2), self.graph.outputs)
        self.by_name: dict[str, Node] = {}
        self.coded: dict[tuple[str, bool], str] = {}
        self.unweighed: set[str] = set()  # as masks are

    def take(self, node: Node) -> None:
        """Add a node of the graph, or what takes its place."""
        if isinstance(node, Function):
            part = PARTS.get(node.op)
            if part is not None and part(self, node):
                return
            if self.constant(node.inputs):
                node = Known(**{spec.name: getattr(node, spec.name) for spec in FIELDS})
        if isinstance(node, Linear) and not self.constant(node.inputs):
            node = node.replace(inputs=(self.spikes(node.inputs[0], node.layer),))
        self.add(node)

    def add(self, node: Node) -> str:
        """Add a node, and return its name."""
        self.nodes.append(node)
        self.by_name[node.name] = node
        self.known.read(node)
        if unweighed(node, self.unweighed):
            self.unweighed.add(node.name)
        return node.name

    def constant(self, names: Sequence[str]) -> bool:
        """Return whether signals do not change over time."""
        return set(names) <= self.known.constant

    def shape(self, name: str) -> Shape:
        """Return the shape of a signal for one sample."""
        return self.by_name[name].shape

    def spikes(self, name: str, layer: str, constants: bool = False) -> str:
        """Return a signal as spikes: itself if it is such, else that of neurons.

        Args:
            name: the signal.
            layer: the layer that the neurons belong to.
            constants: whether constants become spikes as well.
        """
        constant = name in self.known.constant and not constants
        if name in self.known.spiking or constant:
            return name
        return self.neurons(name, layer)

    def neurons(self, name: str, layer: str, together: bool = False) -> str:
        """Return the neurons that send a signal, with one scale for all or not."""
        if (name, together) not in self.coded:
            end = "_together" * together + DIGITS
            self.coded[name, together] = self.add(
                Coder(
                    name + end,
                    (name,),
                    self.shape(name),
                    layer=layer,
                    neuron="radix",
                    both_signs=True,
                    together=together,
                )
            )
        return self.coded[name, together]

    def smooth(self, node: Node, end: str, reads: str, op: str) -> str:
        """Add neurons of a function."""
        return self.add(
            SmoothRate(
                node.name + end, (reads,), self.shape(reads), layer=node.layer, op=op
            )
        )

    def minus(self, node: Node, x: str, y: str, end: str, *more: str) -> str:
        """Add x - y, of spikes; y is repeated along axes of length 1."""
        name, layer = f"{y}_negative", node.layer
        gain = np.full(1, -1.0, np.float32)
        negative = self.add(Affine(name, (y,), self.shape(y), layer=layer, gain=gain))
        inputs, shape = (x, negative, *more), self.shape(x)
        return self.add(
            Merge(node.name + end, inputs, shape, "add", repeats=True, layer=layer)
        )

    def reduce(self, node: Function, end: str, x: str, form: str) -> str:
        """Add the sum or mean over a node's axes, which are kept with length 1."""
        axes: tuple[int, ...] = tuple(node.options["axes"])
        shape = tuple(
            1 if axis in axes else size for axis, size in enumerate(self.shape(x))
        )
        name = node.name + end
        return self.add(Reduce(name, (x,), shape, form, axes, layer=node.layer))

    def product(
        self, node: Function, end: str, pair: Sequence[str], op: str = "multiply"
    ) -> str:
        """Add the product of two signals that are spikes, of the shape of a node."""
        options = node.options if op == node.op else {}
        name, names = node.name + end, tuple(pair)
        made = Product(name, names, node.shape, op, options, layer=node.layer)
        return self.add(made)

    def positive(self, name: str) -> bool:
        """Return whether a signal is known to be above 0, or at 0 at the least."""
        node = self.by_name[name]
        if isinstance(node, Rate):
            return not node.signed
        if isinstance(node, Reshape | Reduce):
            return self.positive(node.inputs[0])
        if isinstance(node, Affine):
            low = 0.0 if node.offset is None else np.min(node.offset)
            return bool(np.min(node.gain) >= 0 and low >= 0) and self.positive(
                node.inputs[0]
            )
        return False


def _products(rewriting: _Rewriting, node: Function) -> bool:
    """Make a product of two signals one of spikes; those of masks stay."""
    reads = node.inputs * 2 if node.op == "square" else node.inputs
    constant = rewriting.constant(reads)
    if len(reads) != 2 or (constant and rewriting.unweighed.intersection(reads)):
        return False
    names = [rewriting.spikes(name, node.layer, constants=constant) for name in reads]
    if node.op == "multiply" and names[0] in rewriting.known.constant:
        names.reverse()
    rewriting.product(node, "", names, "multiply" if node.op == "square" else node.op)
    return True


def _divide(rewriting: _Rewriting, node: Function) -> bool:
    """Multiply by 1 / y: of neurons, where y is known to be positive, or constant."""
    x, y = node.inputs
    constant = y in rewriting.known.constant
    if x in rewriting.known.constant or not (constant or rewriting.positive(y)):
        return False
    x = rewriting.spikes(x, node.layer)
    if constant:
        name, shape = f"{node.name}_inverse", rewriting.shape(y)
        one = Known(name, (y,), shape, "reciprocal", layer=node.layer)
        inverse = rewriting.add(one)
    else:
        inverse = rewriting.smooth(node, "_inverse", y, "reciprocal")
    rewriting.product(node, "", (x, inverse))
    return True


def _layer_norm(rewriting: _Rewriting, node: Function) -> bool:
    x = rewriting.spikes(node.inputs[0], node.layer, constants=True)
    mean = rewriting.reduce(node, "_mean", x, "mean")
    mean = rewriting.neurons(mean, node.layer)
    return _normalised(rewriting, node, rewriting.minus(node, x, mean, "_centred"))


def _rms_norm(rewriting: _Rewriting, node: Function) -> bool:
    x = rewriting.spikes(node.inputs[0], node.layer, constants=True)
    return _normalised(rewriting, node, x)


def _normalised(rewriting: _Rewriting, node: Function, x: str) -> bool:
    """Divide spikes by the root of the mean of their squares."""
    squares = rewriting.product(node, "_squares", (x, x))
    mean = rewriting.reduce(node, "_mean_square", squares, "mean")
    if epsilon := node.options["epsilon"]:
        mean = rewriting.add(
            Affine(
                f"{node.name}_epsilon",
                (mean,),
                rewriting.shape(mean),
                layer=node.layer,
                gain=np.ones(1, np.float32),
                offset=np.full(1, epsilon, np.float32),
            )
        )
    inverse = rewriting.smooth(node, "_inverse", mean, "rsqrt")
    rewriting.product(node, "", (x, inverse))
    return True


def _softmax(rewriting: _Rewriting, node: Function) -> bool:
    x, *masks = node.inputs
    if x in rewriting.unweighed or not rewriting.constant(masks):
        return False
    axes = tuple(node.options["axes"])
    kept, silent = [], []
    for mask in masks:
        shape, layer = rewriting.shape(mask), node.layer
        one = Known(f"{node.name}_kept", (mask,), shape, "kept", layer=layer)
        kept.append(rewriting.add(one))
        gain = np.full(1, SILENT, np.float32)
        name, reads = f"{node.name}_silent", (one.name,)
        below = Affine(name, reads, shape, layer=layer, gain=gain, offset=-gain)
        silent.append(rewriting.add(below))
    values = rewriting.neurons(x, node.layer, together=True)
    shape = tuple(1 if axis in axes else n for axis, n in enumerate(node.shape))
    most = rewriting.add(
        DigitMax(f"{node.name}_max", (values, *kept), shape, axes, layer=node.layer)
    )
    difference = rewriting.minus(node, values, most, "_below", *silent)
    each = rewriting.smooth(node, "_exp", difference, "exp")
    total = rewriting.reduce(node, "_sum", each, "sum")
    inverse = rewriting.smooth(node, "_inverse", total, "reciprocal")
    rewriting.product(node, "", (each, inverse))
    return True


# What takes the place of a function; it returns whether anything does.
PARTS: dict[str, Callable[[_Rewriting, Function], bool]] = {
    "matmul": _products,
    "einsum": _products,
    "multiply": _products,
    "square": _products,
    "divide": _divide,
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "softmax": _softmax,
    "masked_softmax": _softmax,
    "filled_softmax": _softmax,
}
