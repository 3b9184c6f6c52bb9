"""Registries of translators and recognisers, by TensorFlow's operation types.

A translator makes the Keras tensors of one operation. A recogniser looks at the graph
in front of an operation and, where that ends a known composition, tells what the
composition reads and which Keras layer does the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.kinds import (
    HELPERS,
    SHAPE_READERS,
    TRANSPARENT,
)
from tfsnn.sources.saved_model.shapes import Refused
from tfsnn.sources.saved_model.unfused import FUSED


@dataclass(frozen=True)
class Composition:
    """Several operations that are one Keras layer.

    Attributes:
        reads: the graph's tensors that it reads.
        emit: function that makes the result, from the rebuild and the Keras tensors of
            `reads`.
        label: name of the operation that names the layer; if empty, the last one's.
        rounds: whether the layer rounds otherwise, as it computes in another order.
    """

    reads: Sequence[Any]
    emit: Callable[..., Any]
    label: str = ""
    rounds: bool = False


# Called with an operation and the tfsnn.sources.saved_model.rebuild.Rebuild.
Translator = Callable[[Any, Any], Any]
Recogniser = Callable[[Any, Network], Composition | None]

# In the place of a type: a recogniser that looks at all operations, before others.
ANY = ""

_TRANSLATORS: dict[str, Translator] = {}
_RECOGNISERS: dict[str, list[Recogniser]] = {}


def translates(*types: str) -> Callable[[Translator], Translator]:
    """Register a translator of these operation types.

    What has a translator may be run, to compare the result with it: register none for
    an operation that does anything but compute its outputs.

    Raises:
        ValueError: if one of the types has a translator already.
    """

    def register(translator: Translator) -> Translator:
        for kind in types:
            if kind in _TRANSLATORS:
                raise ValueError(
                    f"{kind} has a translator already: an operation has one; leave "
                    "yours out"
                )
            _TRANSLATORS[kind] = translator
        return translator

    return register


def recognises(*types: str) -> Callable[[Recogniser], Recogniser]:
    """Register a recogniser of compositions that end in one of these types.

    Recognisers are tried in the order in which they were registered.
    """

    def register(recogniser: Recogniser) -> Recogniser:
        for kind in types:
            _RECOGNISERS.setdefault(kind, []).append(recogniser)
        return recogniser

    return register


def translator_of(kind: str) -> Translator | None:
    """Return the translator of an operation type, None if there is none."""
    return _TRANSLATORS.get(kind)


def translated() -> dict[str, Translator]:
    """Return all translators, by the operation types that they translate."""
    return dict(_TRANSLATORS)


def is_pure(kind: str) -> bool:
    """Whether operations of this type compute their outputs and do no more."""
    listed = kind in HELPERS or kind in TRANSPARENT or kind in SHAPE_READERS
    return listed or known(kind)


def known(kind: str) -> bool:
    """Whether an operation type has a translator, or is made of some that have."""
    return kind in _TRANSLATORS or kind in FUSED


def recognise(operation: Any, network: Network, exact: bool) -> Composition | None:
    """Find the composition that ends in an operation; if exact, none that rounds."""
    given = (_RECOGNISERS.get(kind, ()) for kind in (ANY, operation.type))
    for recogniser in itertools.chain(*given):
        try:
            found = recogniser(operation, network)
        except Refused:  # a shape does not fit this composition
            continue
        if found is not None and not (exact and found.rounds):
            return found
    return None
