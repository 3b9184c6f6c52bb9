"""Where a network begins and ends in a program: a signature's ends, or a cut's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.parts import Part, names_like, unneeded_input
from tfsnn.sources.saved_model.names import layer_names
from tfsnn.sources.saved_model.program import Place, Program, Source
from tfsnn.sources.saved_model.signature import TYPES, Signature, stated_shape
from tfsnn.sources.saved_model.trace import Trace, trace


@dataclass(frozen=True)
class Ends:
    """The tensors between which a network is.

    Attributes:
        name: what they are called in messages.
        specs: shape and type of each input, by name.
        fed: where each input is, by name.
        fetched: where each output is, by name.
    """

    name: str
    specs: dict[str, tf.TensorSpec]
    fed: dict[str, Source]
    fetched: dict[str, Source]

    def traced(self, program: Program) -> Trace:
        """Find the operations that lead to the outputs."""
        return trace(program, self.name, self.fed, self.fetched)


def ends_of(program: Program, signature: Signature, part: Part) -> Ends:
    """Return the ends of the part of a signature that is the network.

    Raises:
        ModelError: if a tensor does not exist.
        OptionError: if an input that is wanted leads to no output, or a shape does not
            fit.
    """
    fed = {name: _named(program.graph, text) for name, text in signature.fed.items()}
    fetched = {
        name: program.source(program.graph, text)
        for name, text in signature.fetched.items()
    }
    named = f"the signature {signature.name!r}"
    ends = Ends(named, signature.inputs, fed, fetched)
    if part.cuts:
        ends = cut(program, ends, part)
    return with_shapes(ends, part)


def cut(program: Program, ends: Ends, part: Part) -> Ends:
    """Return the ends of a part between operations, tensors or layers, by name."""
    whole = ends.traced(program)
    inputs = {key_of(name): find(program, whole, name) for name in part.inputs}
    outputs = {key_of(name): find(program, whole, name) for name in part.outputs}
    fetched = outputs or ends.fetched
    found = trace(program, ends.name, ends.fed | inputs, fetched)
    read = {(s.key, s.index) for step in found.steps.values() for s in step.reads}
    read |= {(source.key, source.index) for source in fetched.values()}
    for name, source in inputs.items():
        if (source.key, source.index) not in read:
            raise unneeded_input(name)
    own = {n: s for n, s in ends.fed.items() if (s.key, s.index) in read}
    specs = {name: spec_of(program, name, source) for name, source in inputs.items()}
    specs |= {name: ends.specs[name] for name in own}
    return Ends(f"the part of {ends.name}", specs, inputs | own, fetched)


def with_shapes(ends: Ends, part: Part) -> Ends:
    """Return the ends with the input shapes that are given."""
    if not part.input_shapes:
        return ends
    stated = {
        name: None if spec.shape.rank is None else spec.shape.as_list()[1:]
        for name, spec in ends.specs.items()
    }
    shapes = part.shapes(stated)  # type: ignore[arg-type]
    specs = dict(ends.specs)
    for name, shape in shapes.items():
        if shape is not None:
            batch = specs[name].shape[0] if specs[name].shape.rank else None
            specs[name] = tf.TensorSpec([batch, *shape], specs[name].dtype, name)
    return replace(ends, specs=specs)


def find(program: Program, whole: Trace, name: str) -> Source:
    """Return the tensor of a name: a tensor's, an operation's or a layer's.

    Raises:
        ModelError: if there is none, or there are several.
    """
    text, _, number = name.partition(":")
    index = int(number) if number.isdecimal() and len(number) < 9 else 0
    sources = [step.source for step in whole.steps.values()]
    by_name = {s.place.prefix + s.node.name: s for s in sources}
    if text in by_name:
        return replace(by_name[text], index=index)
    if (node := program.graph.body.nodes.get(text)) is not None:
        return Source(program.graph, node, index)
    live = [step.source for step in whole.steps.values() if step.live]
    layers = layer_names(s.place.prefix + s.node.name for s in live)
    inside = {by_name[each].key for each, layer in layers.items() if layer == name}
    leaving = {(s.key, s.index): s for s in _leaving(whole, inside)}
    found = list(leaving.values())
    if len(found) == 1:
        return found[0]
    if found:
        tensors = ", ".join(f"{s.place.prefix}{s.node.name}:{s.index}" for s in found)
        raise ModelError(f"{name} has several outputs: name one of {tensors}")
    known = [*dict.fromkeys(layers.values()), *by_name]
    raise ModelError(
        f"there is no layer, operation or tensor {name!r} before the outputs"
        f"{names_like(name, known)}"
    )


def _leaving(whole: Trace, inside: set[Any]) -> Iterator[Source]:
    """Yield the tensors that operations hand to others outside."""
    for step in whole.steps.values():
        if step.source.key not in inside:
            yield from (source for source in step.reads if source.key in inside)
    yield from (s for s in whole.outputs.values() if s.key in inside)


def spec_of(program: Program, name: str, source: Source) -> tf.TensorSpec:
    """Return shape and type of a tensor, as far as the file states them."""
    kind = _type(program, source)
    shapes = source.node.attr["_output_shapes"].list.shape
    shape = tf.TensorShape(None)
    if source.node.op.startswith("Placeholder"):
        shape = stated_shape(source.node.attr["shape"].shape)
    elif source.index < len(shapes):
        shape = stated_shape(shapes[source.index])
    return tf.TensorSpec(shape, kind, name)


def _type(program: Program, source: Source) -> tf.DType:
    definition = program.definitions.get(source.node.op)
    kinds: list[int] = []
    for each in definition.output_arg if definition else ():
        if each.type_list_attr:
            kinds += source.node.attr[each.type_list_attr].list.type
            continue
        kind = source.node.attr[each.type_attr].type if each.type_attr else each.type
        number = source.node.attr[each.number_attr].i if each.number_attr else 1
        kinds += [kind] * min(number, 2**16)
    if source.index >= len(kinds) or kinds[source.index] not in TYPES:
        raise ModelError(
            f"{source.node.name} ({source.node.op}) has no output {source.index} of a "
            "known type: name another tensor"
        )
    return tf.as_dtype(kinds[source.index])


def key_of(name: str) -> str:
    """Return the name of an input or output that is a tensor of this name."""
    return re.sub(r"[^A-Za-z0-9_.-]", ".", name.removesuffix(":0"))


def _named(graph: Place, text: str) -> Source:
    """Return a tensor of the graph that is fed, whatever operation it is of."""
    name, _, number = text.partition(":")
    node = graph.body.nodes.get(name)
    if node is None or (number and not (number.isdecimal() and len(number) < 9)):
        raise ModelError(
            f"an input of the signature is the tensor {text!r}, which does not exist: "
            "the SavedModel is damaged, export it again"
        )
    return Source(graph, node, int(number or 0))
