"""The check that a loss of Keras takes what the heads of a network give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from tfsnn.errors import OptionError
from tfsnn_numpy.tasks import Output

PROBABILITIES = ("softmax", "sigmoid")


def check_from_logits(loss: Any, outputs: Sequence[Output]) -> None:
    """Refuse a cross entropy that reads probabilities as logits, or the reverse.

    Args:
        loss: as for ``compile``: a name, a loss, a list or a dict of them, or None.
        outputs: the outputs of the network, in order.

    Raises:
        OptionError: for a loss with ``from_logits=True`` and an output with a softmax
            or sigmoid head, and for one without it where there is no head.
    """
    for output, of_output in _pairs(loss, outputs):
        from_logits = _from_logits(of_output)
        if from_logits is None:
            continue
        if from_logits and output.head in PROBABILITIES:
            raise OptionError(
                f"the loss takes logits (from_logits=True), but the output "
                f"{output.name} has a {output.head} head and gives probabilities: "
                "leave from_logits out"
            )
        if not from_logits and output.head == "linear":
            raise OptionError(
                f"the loss takes probabilities, but the output {output.name} has no "
                "head and gives logits: give the loss as an object with "
                "from_logits=True"
            )


def _pairs(loss: Any, outputs: Sequence[Output]) -> list[tuple[Output, Any]]:
    if isinstance(loss, Mapping):
        return [(output, loss.get(output.name)) for output in outputs]
    if isinstance(loss, list | tuple):
        return list(zip(outputs, loss, strict=False))
    return [(output, loss) for output in outputs]


def _from_logits(loss: Any) -> bool | None:
    """Return whether a loss takes logits; None for one that has no such choice."""
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    if isinstance(loss, keras.losses.Loss):
        found = getattr(loss, "from_logits", None)
        return None if found is None else bool(found)
    name = getattr(loss, "__name__", "")
    return False if name.endswith("crossentropy") else None
