"""The tables of ``docs/layers.md``: what layers and operations become, or why not.

:mod:`generate` writes them. What a layer becomes is read from ``tfsnn inspect`` of the
examples by which the tests check its handler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from examples_layers import ACTIVATIONS, LAYERS
from examples_operations import OPERATIONS
from keras import layers
from keras_operations import NO_OPERATION, by_operation

from tfsnn.conversion.methods.few_spikes import FewSpikes
from tfsnn.sources.handlers import (
    operation_refusals,
    refusals,
    registered,
    registered_operations,
)
from tfsnn.sources.inspect import inspect_model
from tfsnn.sources.saved_model.families import FAMILIES as FAMILIES_OF_TENSORFLOW
from tfsnn.sources.saved_model.kinds import SHAPE_READERS, TRANSPARENT
from tfsnn.sources.saved_model.registry import translated
from tfsnn.sources.saved_model.unfused import FUSED

# The heading of each module of tfsnn.sources.handlers.
FAMILIES = {
    "linear": "Weights",
    "locally_connected": "Weights",
    "activation": "Activations",
    "qcfs": "Activations",
    "quantised": "Activations",
    "rate_norm": "Activations",
    "normalization": "Normalisation",
    "norm_matters": "Normalisation",
    "pooling": "Pooling",
    "merge": "Several inputs",
    "attention": "Attention",
    "recurrent": "Sequences and masks",
    "model_rnn": "Sequences and masks",
    "masks": "Sequences and masks",
    "attention_variants": "Attention",
    "tied_embedding": "Weights",
    "preprocessing": "In front of a network",
    "structure": "Shapes, and what acts in training only",
    "wrappers": "Around other layers",
}
# What the modules of tfsnn.sources.handlers.ops are about.
SUBJECTS = {
    "arithmetic": "arithmetic, comparisons, logic",
    "elementwise": "functions of each value",
    "encoding": "classes and bins",
    "constants": "constants",
    "reduce": "over axes",
    "along": "along one axis",
    "algebra": "products",
    "normalization": "normalisation",
    "windows": "windows",
    "attention": "attention",
    "shapes": "shapes",
    "indexing": "parts",
    "joining": "joining and splitting",
    "movement": "repeating, shifting, padding",
    "images": "images",
    "spectra": "spectra",
}
LINEAR, SPIKING, RUNNING_SUM, DROPPED = "linear", "spiking", "running sum", "dropped"
# What depends on the example, and what is said in its place.
PARTICULAR = (
    (r" for at most [\d.e+-]+( to [\d.e+-]+)?", ""),
    (r" of \d+ bits \(\d+ levels, at most [\d.e+-]+( to [\d.e+-]+)?\)", ""),
    (r"folded into \S+", "folded into the weights beside it"),
    (r"dropped: \S+ bounds it already", "dropped: a ReLU before bounds it already"),
    # A head is such a function right before an output; an output adds nothing.
    (r"readout with (\w+) head", r"running sum of \1"),
    (r" \+ readout\b|\breadout \+ ", ""),
    (r" as a running sum", ""),
)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def apart(sections: Iterable[str]) -> str:
    return "\n" + "\n\n".join(sections) + "\n"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _becomes(kind: type | str, examples: Iterable[Any]) -> list[list[str]]:
    """The parts that a layer or operation becomes, in each of its examples."""
    name = kind if isinstance(kind, str) else kind.__name__
    found = []
    for example in examples:
        for layer in inspect_model(example.model).layers:
            if layer.layer_class == name:
                text = layer.becomes
                for pattern, replacement in PARTICULAR:
                    text = re.sub(pattern, replacement, text)
                found.append(text.split(" + "))
    return found


def _role(part: str) -> str:
    """The role of a node (:mod:`tfsnn.network.roles`) from what is said of it."""
    if part.startswith(("spiking", "max pooling of spikes")):
        return SPIKING
    if part.startswith(("running sum", "max pooling")):
        return RUNNING_SUM
    return DROPPED if part.startswith("dropped") else LINEAR


def _of(role: str, parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if _role(part) == role)


def layers_by_family() -> str:
    """A table for each family of handlers: what each layer becomes, by role."""
    found: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for kind, registration in registered().items():
        package, _, family = registration.handler.__module__.rpartition(".")
        if package != "tfsnn.sources.handlers":
            continue  # of an example of the tests
        variants = _becomes(kind, LAYERS[kind])
        parts = list(dict.fromkeys(part for variant in variants for part in variant))
        only = [
            f"`{argument}={' or '.join(map(repr, values))}`"
            for argument, values in registration.only.items()
        ]
        cells = (
            "; ".join(filter(None, [_of(LINEAR, parts), _of(DROPPED, parts)])),
            _of(SPIKING, parts),
            re.sub(r"running sum of (\w+)", r"`\1`", _of(RUNNING_SUM, parts)),
            ", ".join(only),
        )
        alike = found.setdefault(FAMILIES[family], {})
        alike.setdefault(cells, []).append(kind.__name__)
    header = ["layer", LINEAR, SPIKING, RUNNING_SUM, "only with"]
    sections = []
    for title in dict.fromkeys(FAMILIES.values()):
        rows = [[_codes(names), *cells] for cells, names in found[title].items()]
        sections.append(f"### {title}\n\n{table(header, rows)}")
    return apart(sections)


def activations() -> str:
    """What each activation becomes."""
    rows = []
    for name, example in zip(ACTIVATIONS, LAYERS[layers.Activation], strict=True):
        (parts,) = _becomes(layers.Activation, [example])
        by_role = {_role(part) for part in parts}
        becomes = " + ".join(parts)
        if by_role == {RUNNING_SUM}:
            becomes = RUNNING_SUM
        elif SPIKING in by_role:
            becomes = "spiking neurons"
        few = "spiking neurons" if name in FewSpikes.spiking_functions else becomes
        rows.append([f"`{name}`", becomes, few])
    return table(["activation", "becomes", "with the method `few_spikes`"], rows)


def operations() -> str:
    """The functions of ``keras.ops`` by subject, and by what they become."""
    found: dict[str, dict[str, list[str]]] = {}
    order = (RUNNING_SUM, SPIKING, LINEAR, DROPPED)
    functions = by_operation()
    for name, handler in registered_operations().items():
        strongest = {
            min((_role(part) for part in parts), key=order.index)
            for parts in _becomes(name, OPERATIONS[name])
        }
        roles = " or ".join(role for role in reversed(order) if role in strongest)
        subject = SUBJECTS[handler.__module__.rpartition(".")[2]]
        found.setdefault(subject, {}).setdefault(roles, []).extend(functions[name])
    rows = [
        [subject, roles, _codes(sorted(names))]
        for subject in SUBJECTS.values()
        for roles, names in sorted(found[subject].items())
    ]
    return table(["subject", "becomes", "functions"], rows)


def refused_operations() -> str:
    """The functions of ``keras.ops`` that are refused, by reason."""
    reasons: dict[str, list[str]] = {}
    functions = by_operation()
    for name, reason in operation_refusals().items():
        reasons.setdefault(reason, []).extend(functions[name])
    rows = [
        [_codes(sorted(names)), f"it {reason}"] for reason, names in reasons.items()
    ]
    computed = (
        "it is computed at once when the model is built, and is no operation of it"
    )
    rows.append([_codes(sorted(NO_OPERATION)), computed])
    return table(["function", "why, and the way out"], rows)


def refused() -> str:
    """The layers that are refused, and why."""
    reasons: dict[str, list[str]] = {}
    for kind, reason in refusals().items():
        reasons.setdefault(reason, []).append(kind.__name__)
    rows = [[_codes(names), reason] for reason, names in reasons.items()]
    return table(["layer", "why, and the way out"], rows)


def saved_model_operations() -> str:
    """The operations of SavedModels and frozen graphs that are translated."""
    found: dict[str, list[str]] = {}
    for name, translator in translated().items():
        summary = (translator.__doc__ or "").strip().splitlines()[0]
        summary = summary.replace("``", "`")
        found.setdefault(summary.removeprefix("Translate ").rstrip("."), []).append(
            name
        )
    found["the operations that they are made of"] = sorted(FUSED)
    found["dropped: they change nothing at inference"] = list(TRANSPARENT)
    found["constants: shapes are fixed"] = list(SHAPE_READERS)
    rows = [[_codes(names), summary] for summary, names in found.items()]
    return table(["operations", "become"], rows)


def saved_model_refused() -> str:
    """The families of operations that are refused, and why."""
    rows = []
    for family in FAMILIES_OF_TENSORFLOW:
        shown = family.names.split()[:4]
        such = f", such as {_codes(shown)}" if shown else ""
        rows.append([f"{family.title}{such}", f"it {family.why}", family.way])
    return table(["operations", "why", "the way out"], rows)


LAYER_PARTS = {
    "layers": layers_by_family,
    "activations": activations,
    "operations": operations,
    "refused_operations": refused_operations,
    "refused": refused,
    "saved_model_operations": saved_model_operations,
    "saved_model_refused": saved_model_refused,
}
