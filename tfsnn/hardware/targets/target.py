"""What a chip, or a tool that writes for one, can do: numbers, rules and memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tfsnn.hardware.stages import Stage


class Memory(NamedTuple):
    """Words of memory, that a core has or that a stage needs.

    Attributes:
        weights: words for the weights of a kernel.
        neurons: words for potentials, one for each neuron.
        biases: words for biases, one for each filter or unit.
    """

    weights: int
    neurons: int
    biases: int

    def holds(self, needed: Memory) -> bool:
        """Return whether a core of this memory has room for what is needed."""
        return all(has >= needs for has, needs in zip(self, needed, strict=True))


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Which layers a chip takes.

    Attributes:
        forms: forms of weights: "dense", "conv", "depthwise", "transposed".
        axes: numbers of axes that a window may have.
        largest_window: the longest side of a window; None for any.
        square: whether windows have to be square.
        groups: whether convolutions may be grouped.
        dilation: whether windows may be dilated.
        pools: kinds of pooling: "average", "max".
        tiles: whether pooling windows have to be square, side by side, and unpadded.
        global_only: whether a pooling has to take the whole map.
        merges: how branches may be joined: "add", "concat".
        skips: whether neurons may read neurons without weights between.
        weights_in_a_row: whether weights may read weights without neurons between.
        movements: kinds of nodes that only move values; None for all.
        input_axes: numbers of axes that a sample may have; None for any.
    """

    forms: frozenset[str]
    axes: frozenset[int] = frozenset({2})
    largest_window: int | None = None
    square: bool = False
    groups: bool = True
    dilation: bool = True
    pools: frozenset[str] = frozenset()
    tiles: bool = False
    global_only: bool = False
    merges: frozenset[str] = frozenset()
    skips: bool = True
    weights_in_a_row: bool = True
    movements: frozenset[str] | None = frozenset({"Reshape", "Pad"})
    input_axes: frozenset[int] | None = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """A chip, or a tool that writes programs for one.

    Attributes:
        name: the name by which it is looked up.
        about: what it is, in a sentence.
        sources: where the numbers are from.
        weight_bits, bias_bits, threshold_bits, potential_bits: bits of the signed
            integers that it keeps; None for what its sources do not say.
        scale: whether integers have one scale for each output "channel", or one for
            all of a "layer".
        spikes: what a spike may carry: "binary", "ternary" (of either sign) or
            "graded"; "none" for a chip without time.
        resets: what a spike does to the potential: "subtract", "zero".
        fires_above: whether neurons fire above their threshold, and not at it.
        saturates: whether potentials that leave their bits stay at the ends; else
            they wrap around, and a network that leaves them is refused.
        input_bits: bits of the signed integers that inputs come as, where they are no
            spikes; None for any 8 bits.
        spiking_input: whether inputs have to be spikes.
        spiking_output: whether every output has to be spikes, read by counts.
        initial_potentials: whether neurons may start from potentials other than 0, in
            what is written for it.
        rules: which layers it takes.
        cores: the memory of each core; empty where it is not known, or is that of a
            computer.
        needs: the words of a core that a stage takes, by the rule of its mapping.
        most_neurons: neurons of the whole chip; None where that is not known.
        not_known: what this check cannot say, each a sentence.
    """

    name: str
    about: str
    sources: tuple[str, ...]
    weight_bits: int
    bias_bits: int | None
    threshold_bits: int | None
    potential_bits: int | None
    scale: str
    spikes: str
    resets: tuple[str, ...]
    fires_above: bool = False
    saturates: bool = True
    input_bits: int | None = None
    spiking_input: bool
    spiking_output: bool
    initial_potentials: bool = True
    rules: Rules
    cores: tuple[Memory, ...] = ()
    needs: Callable[[Stage], Memory] = field(
        default=lambda stage: plain_memory(stage), repr=False
    )
    most_neurons: int | None = None
    not_known: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what the target is, as a JSON-ready dict."""
        return {
            "name": self.name,
            "about": self.about,
            "sources": list(self.sources),
            "bits": {
                "weights": self.weight_bits,
                "biases": self.bias_bits,
                "thresholds": self.threshold_bits,
                "potentials": self.potential_bits,
            },
            "scale": self.scale,
            "spikes": self.spikes,
            "resets": list(self.resets),
            "fires_above": self.fires_above,
            "saturates": self.saturates,
            "input_bits": self.input_bits,
            "spiking_input": self.spiking_input,
            "spiking_output": self.spiking_output,
            "cores": [core._asdict() for core in self.cores],
            "most_neurons": self.most_neurons,
            "not_known": list(self.not_known),
        }

    def __str__(self) -> str:
        def bits(name: str, count: int | None) -> str:
            return f"{name} {'?' if count is None else count}"

        lines = [f"{self.name}: {self.about}", ""]
        integers = [
            bits("weights", self.weight_bits),
            bits("biases", self.bias_bits),
            bits("thresholds", self.threshold_bits),
            bits("potentials", self.potential_bits),
        ]
        lines.append(f"bits: {', '.join(integers)}; one scale for each {self.scale}")
        lines.append(f"spikes: {self.spikes}" + "; reset: " * bool(self.resets))
        lines[-1] += " or ".join(self.resets)
        lines[-1] += "; neurons fire above the threshold, not at it" * self.fires_above
        ends = ("analog values", "spikes")
        lines.append(
            f"input: {ends[self.spiking_input]}; output: {ends[self.spiking_output]}"
        )
        if self.cores:
            lines.append("cores, words of weights / neurons / biases:")
            lines += [
                f"  {i}: {core.weights:,} / {core.neurons:,} / {core.biases:,}"
                for i, core in enumerate(self.cores)
            ]
        if self.most_neurons is not None:
            lines.append(f"neurons: {self.most_neurons:,} at most")
        lines += [f"not known: {sentence}" for sentence in self.not_known]
        return "\n".join([*lines, "", *(f"source: {each}" for each in self.sources)])


def plain_memory(stage: Stage) -> Memory:
    """Return what a stage takes where memory is used word by word."""
    return Memory(stage.weights, stage.neurons, stage.filters)
