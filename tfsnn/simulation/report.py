"""The report of a conversion, layer by layer, which prints and dumps JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from tfsnn.network.graph import Graph, LayerRecord
from tfsnn.network.nodes import Spiking
from tfsnn.network.operations import shares
from tfsnn.network.roles import LINEAR, ROLES, RUNNING_SUM, SPIKING, roles
from tfsnn.simulation.integers import IntegerReport
from tfsnn.sources.parts import WHOLE, Part
from tfsnn_numpy.json_text import check_form
from tfsnn_numpy.results import table


@dataclass(frozen=True)
class PopulationReport:
    """The neurons of one rate node.

    Attributes:
        node: the name of the node.
        neurons: their number.
        scale_min, scale_median, scale_max: the scales of its channels, in activation
            units; the threshold is 1 in normal form, the scale in the ANN's units.
        initial_potential, negative_threshold: in thresholds; the former is a mean
            before corrections.
        max_coefficient: the most that a spike carries; None for no bound.
        clipped: the share of calibration activations above what can be coded.
        dead: the share of channels that never activated.
    """

    node: str
    neurons: int
    scale_min: float
    scale_median: float
    scale_max: float
    initial_potential: float
    negative_threshold: float | None
    max_coefficient: float | None
    clipped: float
    dead: float


@dataclass(frozen=True)
class NodeReport:
    """The role of one node in the spiking network.

    Attributes:
        node, layer: its name, and the Keras layer that it was made from.
        kind: the kind (:mod:`tfsnn.network.nodes`); of a running sum, its function.
        role: "spiking", "linear" or "running sum" (:mod:`tfsnn.network.roles`).
    """

    node: str
    layer: str
    kind: str
    role: str


def populations_of(graph: Graph) -> tuple[PopulationReport, ...]:
    """Return what is known of the populations of a graph without calibration data."""
    return tuple(_population(node) for node in graph.of_kind(Spiking))


def _population(node: Spiking) -> PopulationReport:
    scale, low = np.asarray(node.scale), node.negative_threshold
    most = node.max_coefficient
    return PopulationReport(
        node=node.name,
        neurons=int(np.prod(node.shape)),
        scale_min=float(scale.min()),
        scale_median=float(np.median(scale)),
        scale_max=float(scale.max()),
        initial_potential=float(np.mean(np.asarray(node.initial_potential))),
        negative_threshold=None if low is None else float(np.mean(np.asarray(low))),
        max_coefficient=None if most is None else float(np.max(np.asarray(most))),
        clipped=0.0,
        dead=0.0,
    )


@dataclass(frozen=True)
class Tuned:
    """A fine-tuning after the conversion (:func:`tfsnn.training.tune`).

    Attributes:
        epochs: passes over the data until the weights were best.
        samples: the number of samples in a pass.
        loss: what was learnt: "labels", "teacher" or "labels and teacher".
        gradient: "rates", "time" or "time_packed".
        metric: the score on held-out samples.
        before, after: the score before and after, at the network's T.
    """

    epochs: int
    samples: int
    loss: str
    gradient: str
    metric: str
    before: float
    after: float

    def __str__(self) -> str:
        return (
            f"tuned for {self.epochs} epochs of {self.samples} samples by {self.loss}, "
            f"gradient by {self.gradient}: {self.metric} {self.before:.4f} before, "
            f"{self.after:.4f} after, on held-out samples"
        )


def graph_fields(graph: Graph) -> dict[str, Any]:
    """Return the fields of a report that follow from the graph: layers, nodes, shares.

    A node that no Keras layer was made into stands under its own name.
    """
    of_node = roles(graph)
    nodes = (
        NodeReport(node.name, node.layer or node.name, node.label, of_node[node.name])
        for node in graph
    )
    return {"layers": graph.layers, "nodes": tuple(nodes), "shares": shares(graph)}


@dataclass(frozen=True)
class ConversionReport:
    """The report of a conversion: what became of each layer and node.

    Attributes:
        method, options, timesteps: as asked for, defaults filled in.
        samples: the number of calibration samples.
        layers: each Keras layer and what became of it: name, class, parameters, fate.
        populations: each spiking population, in order.
        nodes: each node and its role, in order.
        shares: each role's share of a step's operations (:func:`operations.shares`).
        strict: whether running sums were refused.
        notes: the warnings of the method.
        precision: the precision of the synapses that receive spikes.
        integers: the integers of a network that is made of them; None for others.
        quantized: what is to be said of activations that the ANN rounds to levels.
        heads: the functions that give the outputs' values, by output.
        tasks: what the outputs answer (:mod:`tfsnn_numpy.tasks`), by output, where
            labels or a loss told it at the conversion.
        raw: the inputs whose 8-bit values were kept at 0..255, not divided by 255; None
            if that is not known, as in files of earlier versions.
        ranges: the smallest and the largest value of each input in the calibration.
        part: the part of the model's file that was converted, and its input shapes.
        tuned: the fine-tuning after the conversion; None without one.
        target: the chip that it was converted for; None for none.
    """

    method: str
    options: dict[str, Any]
    timesteps: int
    samples: int
    layers: tuple[LayerRecord, ...]
    populations: tuple[PopulationReport, ...]
    nodes: tuple[NodeReport, ...]
    shares: dict[str, float]
    strict: bool = False
    notes: tuple[str, ...] = ()
    precision: str = "float32"
    integers: IntegerReport | None = None
    quantized: str = ""
    heads: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, str] = field(default_factory=dict)
    raw: tuple[str, ...] | None = None
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    part: Part = WHOLE
    tuned: Tuned | None = None
    target: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> ConversionReport:
        """Make a report from its :meth:`to_dict`.

        Raises:
            ValueError: if it is of another form.
        """
        check_form(config, cls, "report")
        known = {*ROLES}
        complete = known <= config["shares"].keys() or not config["nodes"]
        if not complete or not {node["role"] for node in config["nodes"]} <= known:
            raise ValueError(f"report.shares and nodes have not the roles {ROLES}")
        raw, ranges = config.get("raw"), config.get("ranges", {}).items()
        tuned, integers = config.get("tuned"), config.get("integers")
        return cls(
            **{
                **config,
                "layers": tuple(LayerRecord(*layer) for layer in config["layers"]),
                "populations": tuple(
                    PopulationReport(**population)
                    for population in config["populations"]
                ),
                "nodes": tuple(NodeReport(**node) for node in config["nodes"]),
                "notes": tuple(config.get("notes", ())),
                "raw": None if raw is None else tuple(raw),
                "ranges": {name: tuple(of_input) for name, of_input in ranges},
                "integers": integers and IntegerReport.from_dict(integers),
                "part": Part.from_dict(config.get("part", {})),
                "tuned": None if tuned is None else Tuned(**tuned),
            }
        )

    @property
    def hints(self) -> dict[str, tuple[str]]:
        """The tasks as hints, for :func:`tfsnn_numpy.tasks.find_tasks`."""
        return {output: (task,) for output, task in self.tasks.items()}

    @property
    def warnings(self) -> list[str]:
        """The findings that a user should look at, one text each."""
        found = [*self.notes, *(self.integers.notes if self.integers else ())]
        if not self.populations:
            found.append(
                "nothing of this network spikes: its nodes that are not linear are "
                "running sums, which send analog values"
            )
        for population in self.populations:
            if population.dead > 0.5:
                found.append(
                    f"{population.node}: {population.dead:.0%} of the channels never "
                    "activated on the calibration data; their scale is a guess"
                )
            if population.clipped > 0.05:
                found.append(
                    f"{population.node}: {population.clipped:.1%} of the activations "
                    "are clipped; raise the scale or the levels"
                )
        return found

    def __str__(self) -> str:
        options = {"timesteps": self.timesteps, **self.options}
        chosen = ", ".join(f"{key}={value}" for key, value in options.items())
        used = "nothing to calibrate"
        if self.populations and self.samples:
            used = f"{self.samples} calibration samples"
        if self.precision != "float32" and self.integers is None:
            used += f", synapses in {self.precision}"
        if self.raw:
            used += f", 8-bit values of {', '.join(self.raw)} kept at 0..255"
        used += f", for {self.target}" * (self.target is not None)
        lines = [f"{self.method} ({chosen}), {used}"]
        lines += [self.quantized] * bool(self.quantized)
        lines += [str(self.tuned)] * (self.tuned is not None) + [""]
        header = [spec.name.replace("_", " ") for spec in fields(PopulationReport)]
        rows = [[_text(v) for v in asdict(p).values()] for p in self.populations]
        lines += [*table(header, rows), "", *self._roles(), ""]
        lines += [str(self.integers), ""] if self.integers else []
        lines += [f"warning: {text}" for text in self.warnings]
        return "\n".join(lines)

    def _roles(self) -> list[str]:
        """Return the lines about roles: the nodes of each, and its share."""
        by_role: dict[str, list[NodeReport]] = {role: [] for role in ROLES}
        for node in self.nodes:
            by_role[node.role].append(node)
        texts = {
            SPIKING: "spiking: integers, driven by spikes",
            LINEAR: "exact linear synapses: analog values where no spikes drive them",
            RUNNING_SUM: "running sums: analog values of either sign",
        }
        lines = [
            f"{100 * self.shares[role]:5.1f} % of operations, "
            f"{len(by_role[role])} nodes: {text}"
            for role, text in texts.items()
        ]
        sums = [f"{node.node} ({node.kind})" for node in by_role[RUNNING_SUM]]
        if sums:
            lines.append(f"running sums are {', '.join(sums)}")
        return lines


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def graph_table(graph: Graph) -> str:
    """Return a table of the nodes: kind, output shape, parameters."""
    rows = [
        [
            node.name,
            type(node).__name__,
            "x".join(map(str, node.shape)),
            str(sum(int(np.size(a)) for a in node.arrays().values())),
        ]
        for node in graph
    ]
    return "\n".join(table(["node", "kind", "output shape", "parameters"], rows))
