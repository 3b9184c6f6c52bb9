"""Outputs that are NaN or infinite: refused of a spiking network, told of an ANN."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.errors import ModelError

LOG = logging.getLogger(__name__)


class FiniteOutputs:
    """A check of the outputs of one network, batch by batch, which warns once."""

    def __init__(self, name: str, *, spiking: bool) -> None:
        """Take the name of the network, and whether its outputs have to be finite."""
        self.name, self.spiking, self.told = name, spiking, False

    def check(self, outputs: Sequence[Any], where: Any) -> None:
        """Look at the outputs of a batch.

        Args:
            outputs: each ``(B, ...)``.
            where: what each sample is called, a sequence or an array ``(B,)``.

        Raises:
            ModelError: if they are not finite, of a spiking network.
        """
        for values in outputs:
            flat = np.asarray(values)[: len(where)].reshape(len(where), -1)
            wrong = ~np.isfinite(flat).all(1)
            if not wrong.any():
                continue
            said = (
                f"the outputs of {self.name} are NaN or infinite, first in "
                f"{where[int(wrong.argmax())]}: check that its weights are finite and "
                "that the data is scaled as in training"
            )
            if self.spiking:
                raise ModelError(said)
            if not self.told:
                LOG.warning(said)
            self.told = True
