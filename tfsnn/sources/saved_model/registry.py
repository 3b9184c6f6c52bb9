"""Who translates which operation: decorators, keyed on TensorFlow's operation types.

A translator makes Keras tensors of one operation; a recogniser looks at the graph in
front of one and, where it is the end of a known composition, says what that reads and
which Keras layer does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.shapes import Refused


@dataclass(frozen=True)
class Composition:
    """Several operations that are one Keras layer.

    Attributes:
        reads: the graph's tensors that it reads.
        emit: from the rebuild and the Keras tensors of `reads` to the result.
        label: name of the operation that names the layer; the last one if empty.
        rounds: the layer computes the same in another order, so it rounds otherwise.
    """

    reads: Sequence[Any]
    emit: Callable[..., Any]
    label: str = ""
    rounds: bool = False


# An operation and the rebuild (tfsnn.sources.saved_model.rebuild), which asks for it.
Translator = Callable[[Any, Any], Any]
Recogniser = Callable[[Any, Network], Composition | None]

_TRANSLATORS: dict[str, Translator] = {}
_RECOGNISERS: dict[str, list[Recogniser]] = {}


def translates(*types: str) -> Callable[[Translator], Translator]:
    """Register the translator of these operation types.

    Raises:
        ValueError: if a type has one already.
    """

    def register(translator: Translator) -> Translator:
        for kind in types:
            if kind in _TRANSLATORS:
                raise ValueError(f"{kind} has a translator already")
            _TRANSLATORS[kind] = translator
        return translator

    return register


def recognises(*types: str) -> Callable[[Recogniser], Recogniser]:
    """Register a recogniser of compositions that end in one of these types.

    Those registered first are asked first.
    """

    def register(recogniser: Recogniser) -> Recogniser:
        for kind in types:
            _RECOGNISERS.setdefault(kind, []).append(recogniser)
        return recogniser

    return register


def translator_of(kind: str) -> Translator | None:
    """The translator of an operation type."""
    return _TRANSLATORS.get(kind)


def known(kind: str) -> bool:
    """Whether this operation type can be translated, alone or in a composition."""
    return kind in _TRANSLATORS


def recognise(operation: Any, network: Network, exact: bool) -> Composition | None:
    """The composition that ends here, if one is known; if exact, none that rounds."""
    for recogniser in _RECOGNISERS.get(operation.type, ()):
        try:
            found = recogniser(operation, network)
        except Refused:  # a shape in it is unlike that of the composition
            continue
        if found is not None and not (exact and found.rounds):
            return found
    return None
