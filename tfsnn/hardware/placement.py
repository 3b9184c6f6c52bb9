"""Whether a network fits a target: core by core, with what would help where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tfsnn.extras import require
from tfsnn.hardware.refusals import Misfit, on_input, refusals
from tfsnn.hardware.stages import Stage, stages
from tfsnn.hardware.targets import target as looked_up
from tfsnn.hardware.targets.target import Memory, Target
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Affine, Readout
from tfsnn_numpy.results import table

WORDS = {"weights": "kernel words", "neurons": "neuron words", "biases": "biases"}


@dataclass(frozen=True)
class Placed:
    """A stage of a network on a target.

    Attributes:
        layer: name of the Keras layer.
        needs: the words that it takes.
        core: number of the core that it is given; None where there is none for it, or
            the target's cores are not known.
    """

    layer: str
    needs: Memory
    core: int | None


@dataclass(frozen=True)
class Fit:
    """Whether a network fits a target; the result of :func:`tfsnn.fit_target`.

    Attributes:
        model: name of the model.
        target: the target.
        placed: every stage: weights and the neurons that they drive.
        problems: what does not fit, with what would help.
        changes: what has to be spikes, or to happen outside, for the target.
    """

    model: str
    target: Target
    placed: tuple[Placed, ...]
    problems: tuple[Misfit, ...]
    changes: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether the target takes the network."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dict."""
        return {
            "model": self.model,
            "target": self.target.name,
            "fits": self.fits,
            "layers": [
                {**asdict(each), "needs": each.needs._asdict()} for each in self.placed
            ],
            "problems": [each._asdict() for each in self.problems],
            "changes": list(self.changes),
            "not_known": list(self.target.not_known),
        }

    def __str__(self) -> str:
        cores = self.target.cores
        header = ["layer", *(["core"] if cores else []), *WORDS.values()]
        rows = []
        for each in self.placed:
            core = None if each.core is None else cores[each.core]
            words = [
                f"{need:,}" + (f" of {has:,}" if core else "")
                for need, has in zip(each.needs, core or each.needs, strict=True)
            ]
            number = ["-" if each.core is None else str(each.core)] if cores else []
            rows.append([each.layer, *number, *words])
        verdict = "fits" if self.fits else f"does not fit, {len(self.problems)} reasons"
        lines = [*table(header, rows), "", f"{self.model} on {self.target.name}: "]
        lines[-1] += verdict.replace("1 reasons", "1 reason")
        lines += [f"  {each.layer}: {each.reason}" for each in self.problems]
        lines += [f"to be changed: {change}" for change in self.changes]
        return "\n".join(
            [*lines, *(f"not known: {each}" for each in self.target.not_known)]
        )


def fit(graph: Graph, wanted: str | Target, name: str) -> Fit:
    """Place the stages of a network on the cores of a target.

    Args:
        graph: the network, normalisations folded.
        wanted: the target, or its name.
        name: that of the model, for the result.

    Raises:
        OptionError: for an unknown target.
        MissingPackageError: where cores differ and scipy is not installed.
    """
    target = looked_up(wanted)
    found = stages(graph)
    needs = [target.needs(stage) for stage in found]
    problems = refusals(graph, target)
    problems += [
        Misfit(stage.layer, reason)
        for stage, need in zip(found, needs, strict=True)
        if (reason := _too_large(stage, need, target))
    ]
    cores: list[int | None] = [None] * len(found)
    if target.cores:
        cores, left = _assigned(found, needs, target.cores)
        problems += left
    problems += _too_many_neurons(graph, target)
    placed = tuple(
        Placed(stage.layer, need, core)
        for stage, need, core in zip(found, needs, cores, strict=True)
    )
    return Fit(name, target, placed, tuple(problems), _changes(graph, target))


def _too_large(stage: Stage, need: Memory, target: Target) -> str | None:
    """Say what of a stage is too large for every core, and what would fit."""
    cores = target.cores
    if not cores or any(core.holds(need) for core in cores):
        return None

    def holds(filters: int) -> bool:
        fewer = target.needs(replace(stage, filters=filters))
        return any(core.holds(fewer) for core in cores)

    largest = Memory(*(max(words) for words in zip(*cores, strict=True)))
    over = [
        f"needs {need[i]:,} {words}, the largest core has {largest[i]:,}"
        for i, words in enumerate(WORDS.values())
        if need[i] > largest[i]
    ] or ["needs more of one core than any has: no core has both so many words"]
    fitting, too_many = 0, stage.filters
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        fitting, too_many = (middle, too_many) if holds(middle) else (fitting, middle)
    if fitting:
        help_ = f"{fitting} {stage.unit} would fit"
    else:
        help_ = (
            "not one filter would fit: pool before it, or give it fewer input channels"
        )
    return f"{'; '.join(over)}; {help_}"


def _assigned(
    found: Sequence[Stage], needs: Sequence[Memory], cores: Sequence[Memory]
) -> tuple[list[int | None], list[Misfit]]:
    """Give each stage a core of its own, to as many as can have one.

    Returns:
        The number of each stage's core, or None, and the stages that fit a core, but
        whose cores others have.
    """
    scipy = "scipy.sparse.csgraph"
    csgraph = require(scipy, "targets", "the assignment of layers to cores")
    sparse = require("scipy.sparse", "targets", "the assignment of layers to cores")
    holds = np.array([[core.holds(need) for core in cores] for need in needs])
    chosen = csgraph.maximum_bipartite_matching(
        sparse.csr_matrix(holds), perm_type="column"
    )
    given = [None if core < 0 else int(core) for core in chosen]
    homeless = [i for i in range(len(found)) if given[i] is None and holds[i].any()]
    if homeless and len(found) > len(cores):
        reason = (
            f"{len(found)} layers have weights, and there are {len(cores)} cores, one "
            f"for each: leave {len(found) - len(cores)} out"
        )
        return given, [Misfit("the network", reason)]
    return given, [Misfit(found[i].layer, _crowded(holds[i])) for i in homeless]


def _crowded(fitting: np.ndarray) -> str:
    names = ", ".join(map(str, np.flatnonzero(fitting)))
    return (
        f"fits core {names} alone, which other layers have: make it, or one of those, "
        "smaller"
    )


def _too_many_neurons(graph: Graph, target: Target) -> list[Misfit]:
    neurons = sum(int(np.prod(node.shape)) for node in graph if node.spikes)
    if target.most_neurons is None or neurons <= target.most_neurons:
        return []
    return [
        Misfit(
            "the network",
            f"has {neurons:,} neurons, the chip {target.most_neurons:,}: take fewer "
            "filters, or smaller maps",
        )
    ]


def _changes(graph: Graph, target: Target) -> tuple[str, ...]:
    """Say what has to be spikes there, or done outside, that is analog here."""
    changes = [
        f"{node.layer or node.name} is applied to the data, outside of the target"
        for node in graph.of_kind(Affine)
        if on_input(graph, node) and not target.spiking_input
    ]
    if target.spiking_input:
        changes.append(f"inputs become spikes ({', '.join(graph.inputs)})")
    analog = [
        graph[node.inputs[0]].layer or node.name
        for node in graph.of_kind(Readout)
        if not graph[node.inputs[0]].spikes
    ]
    if target.spiking_output and analog:
        changes.append(f"neurons behind {', '.join(analog)}, read by counts")
    return tuple(changes)
