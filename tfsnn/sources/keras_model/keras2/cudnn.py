"""Weights of CuDNNGRU and CuDNNLSTM, layers of Keras 2, as GRU and LSTM have them.

Their kernels are transposed within each gate, and they have a bias for the inputs and
one for the state.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

GATES = {"CuDNNLSTM": 4, "CuDNNGRU": 3}
NAMES = ["kernel", "recurrent_kernel", "bias"]

Weight = tuple[str, np.ndarray]


def without_cudnn(weights: Sequence[Weight]) -> list[Weight]:
    """Return weights in order, with those of CuDNN layers as GRU and LSTM have them.

    Args:
        weights: names and values.
    """
    found = list(weights)
    for at in range(len(found) - 2):
        names = [name.rpartition("/")[2].partition(":")[0] for name, _ in found[at:]]
        if names[:3] == NAMES:
            values = _converted(*(value for _, value in found[at : at + 3]))
            for i, value in enumerate(values, at):
                found[i] = found[i][0], value
    return found


def _converted(
    kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, ...]:
    units = recurrent.shape[0] if recurrent.ndim == 2 else 0
    gates = next((n for n in GATES.values() if bias.shape == (2 * n * units,)), None)
    if not units or gates is None or recurrent.shape != (units, gates * units):
        return kernel, recurrent, bias
    inputs = [part.T.reshape(part.shape, order="F") for part in _gates(kernel, gates)]
    states = [part.T for part in _gates(recurrent, gates)]
    both = bias.reshape(2, -1)
    return (
        np.concatenate(inputs, 1),
        np.concatenate(states, 1),
        both.sum(0) if gates == GATES["CuDNNLSTM"] else both,
    )


def _gates(kernel: np.ndarray, gates: int) -> list[np.ndarray]:
    return np.split(kernel, gates, axis=1)
