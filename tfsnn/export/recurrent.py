"""Recurrent networks, whose states only a SavedModel carries from frame to frame."""

from __future__ import annotations

from tfsnn.errors import OptionError
from tfsnn.simulation.model import SpikingModel


def refuse_recurrent(snn: SpikingModel, form: str) -> None:
    """Refuse a network that takes one element of a sequence after the other.

    Args:
        snn: the network.
        form: the form that it was to be written in, which has whole samples alone.

    Raises:
        OptionError: if it is recurrent.
    """
    if snn.graph.states:
        raise OptionError(
            f"{snn.name} is recurrent and keeps a state from one element of a sequence "
            f"to the next, and {form} takes whole samples: write a SavedModel "
            "(tfsnn export saved_model --over-time), whose signature step takes the "
            "state and returns it"
        )
