"""The part of a kind of neuron that NIR can write: all, not all, or nothing.

NIR (:mod:`tfsnn.export.nir`) has an integrate-and-fire neuron, IF: binary spikes that
take the threshold away, no leak, V(0) = 0; and leaky ones, LIF and CubaLIF. What is
lost of parameters that every kind shares, such as negative spikes, the exporter finds
by itself.
"""

from __future__ import annotations

from typing import NamedTuple


class Lost(NamedTuple):
    """Something that a neuron does and NIR's IF does not.

    Attributes:
        what: its name, for messages.
        instead: what the file has in its place.
        way_out: how to convert so that nothing is lost.
        clock: the fields of :class:`tfsnn.network.clock.Clock` that mean nothing
            without it.
    """

    what: str
    instead: str
    way_out: str
    clock: tuple[str, ...] = ()


class Written(NamedTuple):
    """The neuron is written, without what is `lost`: nothing, by default.

    Attributes:
        lost: what NIR's neuron does not do.
        neuron: NIR's name of it: "IF"; "LIF" or "CubaLIF" for leaky neurons.
    """

    lost: tuple[Lost, ...] = ()
    neuron: str = "IF"


class Never(NamedTuple):
    """The neuron cannot be written: the reason, a verb first, with the way out."""

    reason: str
