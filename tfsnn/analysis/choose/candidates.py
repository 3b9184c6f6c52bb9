"""Settings that are worth trying, for each alphabet of spikes, the best first.

Nobody knows beforehand which method is the cheapest for a network; these are the ones
that were, or came close, on those that were measured. Methods of other packages come
after them, if they ask for it (:class:`tfsnn.methods.Method`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tfsnn.conversion.methods import make
from tfsnn.conversion.methods import methods as registered
from tfsnn.conversion.methods.alphabet import Alphabet, options_for, parse
from tfsnn.conversion.methods.few_spikes import FewSpikes
from tfsnn.errors import OptionError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Function

ANY = ("graded:4", "ternary", "binary")  # tried where no alphabet is given
Table = tuple[tuple[str, dict[str, Any]], ...]
FITTED = {"correct": "weights+bias"}
PACED: Table = (
    ("paced", {"lookahead": 1, **FITTED}),
    ("paced", {"lookahead": 0, **FITTED}),
)
GRADED: Table = (
    *PACED,
    ("augmapping", FITTED),  # signed, where paced is not
    ("hmt", FITTED),  # thresholds for Gaussian currents
    ("radix", FITTED),
    ("differential", FITTED),
)
TERNARY: Table = (*PACED, ("termapping", FITTED), ("differential", FITTED))
BINARY: Table = (
    ("ttfs", {}),
    *PACED,
    ("radix", FITTED),
    ("few_spikes", FITTED),
    ("snn_calibration", {}),
)
TABLES = {"binary": BINARY, "ternary": TERNARY}  # all other alphabets use GRADED

# Thresholds for Gaussian currents take memory for all levels of all channels.
GAUSSIAN_LEVELS = 255


class Candidate(NamedTuple):
    """A method with options, to be tried at several T."""

    method: str
    options: Mapping[str, Any]


def candidates(
    graph: Graph, alphabet: str | None = None, methods: Sequence[str] | None = None
) -> list[Candidate]:
    """List the settings to try for a network.

    Args:
        graph: the graph of the ANN.
        alphabet: that of spikes (:func:`tfsnn.conversion.methods.alphabet.parse`); any
            if None.
        methods: names of methods to try, with their defaults if no table has them.

    Raises:
        OptionError: for unknown methods or alphabets, and if nothing is left to try.
    """
    found: list[Candidate] = []
    for text in ANY if alphabet is None else (alphabet,):
        wanted = parse(text)
        for name, options in TABLES.get(text, GRADED):
            needed = options_for(registered()[name], wanted)
            if needed is not None and _sensible(name, wanted, graph):
                found.append(Candidate(name, {**needed, **options}))
        found += _volunteers(wanted, {name for name, _ in TABLES.get(text, GRADED)})
    if methods is not None:
        listed = [c for c in found if c.method in methods]
        others = [m for m in methods if m not in {c.method for c in listed}]
        found = listed + _defaults(others, alphabet)
    if not found:
        sends = "" if alphabet is None else f" that can send {alphabet} spikes"
        raise OptionError(
            f"there is no method{sends} among {', '.join(methods or ()) or 'none'}; "
            "name others, or another alphabet"
        )
    return found


def _sensible(name: str, alphabet: Alphabet, graph: Graph) -> bool:
    """Return whether a method differs from those before, and can be computed."""
    if name == "hmt":
        return alphabet.levels <= GAUSSIAN_LEVELS
    if name == "few_spikes":  # is radix encoding, but for smooth activations
        functions = FewSpikes.spiking_functions
        return any(node.op in functions for node in graph.of_kind(Function))
    return True


def _volunteers(alphabet: Alphabet, listed: set[str]) -> list[Candidate]:
    """List the methods outside the tables whose `candidate` asks to be tried."""
    found = []
    for name, cls in registered().items():
        needed = options_for(cls, alphabet)
        if cls.candidate is not None and needed is not None and name not in listed:
            found.append(Candidate(name, {**needed, **cls.candidate}))
    return found


def _defaults(names: Sequence[str], alphabet: str | None) -> list[Candidate]:
    """List methods with their own options, where these can send the alphabet."""
    found = []
    for name in names:
        method = type(make(name, {}))
        needed = {} if alphabet is None else options_for(method, parse(alphabet))
        if needed is not None:
            found.append(Candidate(name, needed))
    return found
