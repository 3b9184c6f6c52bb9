"""The part of a file or model that is the network: between which layers, which shapes.

Networks that people own often begin with look-ups of text and end with decisions, and
take images or sequences of any size; a spiking network is converted for one size.
"""

from __future__ import annotations

import difflib
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import keras

from tfsnn.errors import ModelError, OptionError
from tfsnn_numpy.json_text import check_form

Shape = tuple[int, ...]
# Shapes of samples by input name; "" is the name of the only input.
ONLY = ""
# More would not fit into memory, and products of larger sizes overflow.
LARGEST_SIZE = 2**24


@dataclass(frozen=True)
class Part:
    """The part of a file that is the network.

    Attributes:
        signature: name of a SavedModel's signature; None for its default.
        inputs: layers, operations or tensors whose outputs are the network's inputs;
            they, and what leads to them alone, are left out.
        outputs: layers, operations or tensors whose outputs are the network's outputs;
            the model's own if there are none.
        input_shapes: shape of a sample by input, without the batch; "" stands for the
            only input.
    """

    signature: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    input_shapes: Mapping[str, Shape] = field(default_factory=dict)

    @property
    def cuts(self) -> bool:
        """Whether layers are left out."""
        return bool(self.inputs or self.outputs)

    @property
    def whole(self) -> bool:
        """Whether the file is taken as it is."""
        return self == WHOLE

    def to_dict(self) -> dict[str, Any]:
        """Return the part as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> Part:
        """Make a part from its :meth:`to_dict`.

        Raises:
            ValueError: if it is of another form.
        """
        check_form(config, cls, "part")
        return make_part(
            config.get("signature"),
            config.get("inputs", ()),
            config.get("outputs", ()),
            config.get("input_shapes", {}),
        )

    def shapes(self, stated: Mapping[str, Sequence[int | None]]) -> dict[str, Any]:
        """Return the shapes of the inputs, where given instead of what they state.

        Args:
            stated: shape of a sample by input, as the model states it; free sizes are
                None, and a shape of unknown rank is None itself.

        Raises:
            OptionError: if a shape is given for an input that does not exist, or does
                not fit what the model states.
        """
        given = dict(self.input_shapes)
        if ONLY in given and len(stated) == 1:
            given = {next(iter(stated)): given[ONLY]}
        elif ONLY in given:
            names = ", ".join(f"{name}={_text(s)}" for name, s in stated.items())
            raise OptionError(
                f"input_shape={_text(given[ONLY])}: the network has several inputs, "
                f"{names}: give each its name, as in {next(iter(stated), 'x')}="
                f"{_text(given[ONLY])}"
            )
        for name, shape in given.items():
            if name not in stated:
                raise OptionError(
                    f"input_shape of {name!r}: there is no such input; the network has "
                    f"{', '.join(stated)}"
                )
            _check_fit(name, shape, stated[name])
        return {name: given.get(name, shape) for name, shape in stated.items()}


WHOLE = Part()


def make_part(
    signature: str | None = None,
    inputs: str | Iterable[str] | None = None,
    outputs: str | Iterable[str] | None = None,
    input_shape: Any = None,
) -> Part:
    """Make a part of what users give, a name or several, a shape or shapes by name.

    Raises:
        OptionError: for a shape that is none.
    """
    shapes = input_shape if isinstance(input_shape, Mapping) else {ONLY: input_shape}
    if input_shape is None:
        shapes = {}
    return Part(
        signature,
        _names(inputs),
        _names(outputs),
        {str(name): _shape(shape) for name, shape in shapes.items()},
    )


def free_shape(name: str, shape: Sequence[int | None] | None) -> ModelError:
    """Return the error for an input that has no fixed shape."""
    sizes = [n or 128 for n in shape or (128,)]
    stated = "of unknown rank" if shape is None else f"of free size, {_text(shape)}"
    first, *rest = shape or (1,)
    sequence = first is None and rest and None not in rest
    over_time = (
        ". If recurrent layers read it, convert over time (over_time=True), for "
        "sequences of any length"
    )
    return ModelError(
        f"the input {name} is {stated}; a spiking network has one size: "
        f"choose it with input_shape={tuple(sizes)} of load_model or tfsnn.part "
        f"(--input-shape {','.join(map(str, sizes))})" + over_time * bool(sequence)
    )


def unneeded_input(name: str) -> OptionError:
    """Return the error for a layer behind which a network does not begin."""
    return OptionError(
        f"inputs={name!r} (--from): no output needs it; leave it out, or choose "
        "outputs (--to) behind it"
    )


def names_like(name: str, known: Iterable[str]) -> str:
    """Return what a message proposes in place of a name that does not exist."""
    close = difflib.get_close_matches(name, list(known), 3, 0.4)
    return f"; did you mean {', '.join(close)}?" if close else ""


# The part of its file that each model that was loaded is.
_PARTS: weakref.WeakKeyDictionary[keras.Model, Part] = weakref.WeakKeyDictionary()


def remember_part(model: keras.Model, part: Part) -> keras.Model:
    """Remember which part of its file a model is, and return the model."""
    if not part.whole:
        _PARTS[model] = part
    return model


def part_of(model: keras.Model) -> Part:
    """Return the part of its file that a model is, as far as that is known."""
    return _PARTS.get(model, WHOLE)


def _names(given: str | Iterable[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(map(str, given))


def _shape(given: Any) -> Shape:
    sizes = (given,) if isinstance(given, int) else given
    fits = isinstance(sizes, Sequence) and not isinstance(sizes, str)
    if not fits or not all(
        isinstance(n, int) and not isinstance(n, bool) and 0 < n <= LARGEST_SIZE
        for n in sizes
    ):
        raise OptionError(
            f"input_shape={given!r}: not the shape of a sample, such as (256, 256, 3), "
            "without the batch"
        )
    return tuple(sizes)


def _check_fit(name: str, shape: Shape, stated: Sequence[int | None] | None) -> None:
    if stated is None:
        return
    fits = len(shape) == len(stated) and all(
        b in (None, a) for a, b in zip(shape, stated, strict=True)
    )
    if not fits:
        raise OptionError(
            f"input_shape={_text(shape)} does not fit the input {name}, which is "
            f"{_text(stated)}, where ? may be any size"
        )


def _text(shape: Sequence[int | None] | None) -> str:
    if shape is None:
        return "of unknown rank"
    return ",".join("?" if n is None else str(n) for n in shape) or "a number"
