"""The part of a Keras model between layers, and with inputs of fixed shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.keras_model.config import (
    Reference,
    calls,
    rebuilt,
    reference,
    references,
)
from tfsnn.sources.keras_model.left_out import refuse_left_out
from tfsnn.sources.keras_model.nesting import (
    in_key_order,
    nested_inputs,
    output_references,
)
from tfsnn.sources.keras_model.structure import (
    arranged_outputs,
    config_of,
    functional,
    output_keys,
)
from tfsnn.sources.parts import (
    Part,
    free_shape,
    make_part,
    names_like,
    remember_part,
    unneeded_input,
)

# The output of a call: name of the layer with those of the models around it, index of
# the call in each of them, and index of the output.
Place = tuple[str, tuple[int, ...], int]


def part(
    model: keras.Model,
    *,
    inputs: str | Sequence[str] | None = None,
    outputs: str | Sequence[str] | None = None,
    input_shape: Any = None,
) -> keras.Model:
    """Return a part of a model as a model of its own, over the same layers.

    Args:
        model: Functional or Sequential.
        inputs: names of layers whose outputs become inputs, of their names; the layers,
            and what leads to them alone, are left out. A layer of a nested model has
            that model's name in front, ``backbone/conv1``. Inputs of the model that
            are still needed stay.
        outputs: names of layers whose outputs become the outputs, in this order; the
            model's own if None.
        input_shape: shape of a sample, without the batch, where the model leaves it
            open; a dict of shapes by name if there are several inputs.

    Raises:
        ModelError: if the model is of another form, or a layer does not exist.
        OptionError: if a shape does not fit, or the outputs do not need an input.
    """
    wanted = make_part(None, inputs, outputs, input_shape)
    return remember_part(taken_part(model, wanted), wanted)


def taken_part(model: keras.Model, wanted: Part) -> keras.Model:
    """Return a part of a model as :func:`part` does."""
    if isinstance(model, keras.Sequential) and not model.built:
        model = _built(model, wanted)
    whole = functional(model, "the model")
    if not wanted.cuts and not wanted.input_shapes:
        return model
    return _Part(whole, wanted).model(model)


def _built(model: keras.Sequential, wanted: Part) -> keras.Sequential:
    """Build a Sequential model that was never given a shape."""
    if not wanted.input_shapes:
        raise free_shape(f"of {model.name}", None)
    (shape,) = wanted.input_shapes.values()
    model.build((None, *shape))
    return model


class _Part:
    """The calls of a Functional model, those of nested models among them, as a list.

    Only models in which a wanted layer lies are opened; others are called as they are.
    """

    def __init__(self, whole: keras.Model, wanted: Part) -> None:
        self._whole, self._wanted = whole, wanted
        self._calls: dict[tuple[str, tuple[int, ...]], _Call] = {}
        self._named: dict[str, list[Place]] = {}
        config = config_of(whole)
        self._own = list(references(config["input_layers"]))
        given = {ref: (ref[0], (0,), 0) for ref in self._own}
        self._named |= {name: [place] for (name, *_), place in given.items()}
        self._ends = self._list(whole, "", (), given)

    def _list(
        self,
        model: keras.Model,
        prefix: str,
        path: tuple[int, ...],
        given: Mapping[Reference, Place],
    ) -> list[Place]:
        """List the calls of a model; return where its outputs come from."""
        config = config_of(model)
        operations = {op.name: op for op in model.operations}
        places = dict(given)
        for name, call, arguments in calls(config, set(given)):
            operation, where = operations[name], (prefix + name, (*path, call))

            def read(tensor: Any, places: dict[Reference, Place] = places) -> _Read:
                return _Read(places[reference(tensor)])

            args = rebuilt(arguments["args"], read)
            kwargs = rebuilt(arguments["kwargs"], read)
            if self._opens(operation, prefix + name):
                nested = functional(operation, prefix + name)
                sources = references(config_of(nested)["input_layers"])
                inputs = [read.place for read in nested_inputs(nested, args, kwargs)]
                inner = dict(zip(sources, inputs, strict=True))
                ends = self._list(nested, f"{prefix}{name}/", where[1], inner)
                found = in_key_order(nested, ends)
            else:
                self._calls[where] = _Call(operation, args, kwargs)
                count = len(keras.tree.flatten(operation.output))
                found = [(*where, i) for i in range(count)]
            places.update(((name, call, i), place) for i, place in enumerate(found))
            self._named[prefix + name] = found
        return [places[ref] for ref in output_references(model, config)]

    def _opens(self, operation: Any, name: str) -> bool:
        wanted = (*self._wanted.inputs, *self._wanted.outputs)
        inside = any(each.startswith(f"{name}/") for each in wanted)
        return inside and isinstance(operation, keras.Model)

    def model(self, model: keras.Model) -> keras.Model:
        """Return the part as a Functional model of the same name."""
        cut = {self._place(name, "inputs"): name for name in self._wanted.inputs}
        ends = [self._place(name, "outputs") for name in self._wanted.outputs]
        ends = ends or self._ends
        needed, sources = self._needed(ends, cut)
        if lost := [name for place, name in cut.items() if place not in sources]:
            raise unneeded_input(lost[0])
        refuse_left_out([self._calls[where].operation for where in needed])
        fed = self._inputs([*cut, *(p for p in sources if p not in cut)], cut)
        tensors: dict[Place, Any] = dict(fed)
        for where in needed:
            results = self._calls[where].run(tensors, where[0])
            tensors.update(((*where, i), y) for i, y in enumerate(results))
        keys = output_keys(model) if not self._wanted.outputs else len(ends) > 1
        arranged = arranged_outputs(keys, [tensors[place] for place in ends])
        return keras.Model(self._arranged(fed), arranged, name=model.name)

    def _place(self, name: str, option: str) -> Place:
        """Return the output of a layer; of a shared one, that of its last call."""
        found = self._named.get(name, [])
        if len(found) == 1:
            return found[0]
        if found:
            raise ModelError(
                f"{option}={name!r}: this layer has {len(found)} outputs; name a layer "
                "with one"
            )
        raise ModelError(
            f"{option}={name!r}: {self._whole.name} has no layer of that name"
            f"{names_like(name, self._named)} (tfsnn inspect lists all)"
        )

    def _needed(
        self, ends: Sequence[Place], cut: Collection[Place]
    ) -> tuple[list[tuple[str, tuple[int, ...]]], list[Place]]:
        """Return the calls that the outputs need, in order, and the inputs."""
        waiting, seen, sources = list(ends), set(), []
        while waiting:
            place = waiting.pop()
            where = place[:2]
            if place in cut or where not in self._calls:
                if place not in sources:
                    sources.append(place)
            elif where not in seen:
                seen.add(where)
                waiting += self._calls[where].reads
        order: dict[Place, int] = {
            (name, (0,), 0): i for i, (name, *_) in enumerate(self._own)
        }
        sources.sort(key=lambda place: order.get(place, -1))
        return [where for where in self._calls if where in seen], sources

    def _inputs(
        self, places: Sequence[Place], cut: Mapping[Place, str]
    ) -> dict[Place, Any]:
        """Make the inputs of the part, of the shapes that are wanted."""
        origins = {
            (cut.get(place) or place[0]).replace("/", "."): self._tensor(place)
            for place in places
        }
        stated = {name: tuple(x.shape[1:]) for name, x in origins.items()}
        shapes = self._wanted.shapes(stated)
        return {
            place: keras.Input(shapes[name], dtype=x.dtype, name=name)
            for place, (name, x) in zip(places, origins.items(), strict=True)
        }

    def _tensor(self, place: Place) -> Any:
        """Return the tensor of the model that is at a place."""
        name, path, index = place
        if (name, path) in self._calls:
            operation = self._calls[name, path].operation
        else:
            operation = self._whole.get_layer(name)
        return keras.tree.flatten(operation.output)[index]

    def _arranged(self, fed: Mapping[Place, Any]) -> Any:
        """Arrange the inputs as the model does, if they are the same."""
        structure = config_of(self._whole)["input_layers"]
        own = [(name, (0,), 0) for name, *_ in self._own]
        if isinstance(structure, Mapping) and set(own) == set(fed):
            return dict(zip(structure, map(fed.__getitem__, own), strict=True))
        return list(fed.values()) if len(fed) > 1 else next(iter(fed.values()))


@dataclass(frozen=True)
class _Read:
    """A tensor in the arguments of a call."""

    place: Place


@dataclass
class _Call:
    """A call of a layer or operation, with reads in place of tensors."""

    operation: Any
    args: Any
    kwargs: Any

    @property
    def reads(self) -> list[Place]:
        """The places that the call reads."""
        leaves = keras.tree.flatten([self.args, self.kwargs])
        return [leaf.place for leaf in leaves if isinstance(leaf, _Read)]

    def run(self, tensors: Mapping[Place, Any], name: str) -> list[Any]:
        """Call the operation on other tensors; return its outputs as a list."""

        def filled(leaf: Any) -> Any:
            return tensors[leaf.place] if isinstance(leaf, _Read) else leaf

        args, kwargs = keras.tree.map_structure(filled, [self.args, self.kwargs])
        try:
            return keras.tree.flatten(self.operation(*args, **kwargs))
        # What Keras raises for shapes that a layer does not take.
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            shapes = ", ".join(str(tuple(tensors[p].shape[1:])) for p in self.reads)
            why = str(error).strip().splitlines() or [type(error).__name__]
            raise ModelError(
                f"{name} ({type(self.operation).__name__}) does not take the shape "
                f"{shapes} ({why[0]}): choose another input_shape (--input-shape)"
            ) from error
