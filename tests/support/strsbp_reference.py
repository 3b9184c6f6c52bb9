"""ST-RSBP step by step in NumPy, as its authors' code goes: no matrices, no shares."""

from __future__ import annotations

import numpy as np


def forward(trains, kernel, recurrent, neuron):
    """Return spikes ``(T, units)`` and the potentials just before each reset, summed.

    `neuron` is ``(threshold, tau_m, tau_s, refractory)``; trains ``(T, inputs)``.
    """
    threshold, tau_m, tau_s, refractory = neuron
    units = kernel.shape[1]
    p, v, before = np.zeros(units), np.zeros(units), np.zeros(units)
    waiting, totals = np.zeros(units), np.zeros(units)
    sent = []
    for s in trains:
        p = p * (1 - 1 / tau_s) + s @ kernel + before @ recurrent
        v = v * (1 - 1 / tau_m) + p / tau_s
        v = np.where(waiting > 0, 0.0, v)
        before = (v >= threshold).astype(float)
        waiting = np.where(before > 0, refractory, np.maximum(waiting - 1, 0))
        totals += before * v
        v = np.where(before > 0, 0.0, v)
        sent.append(before)
    return np.array(sent), totals


def s_psp(train, post, neuron):
    """Return e of one input train and the train of one neuron behind it."""
    _, tau_m, tau_s, refractory = neuron
    p = v = e = 0.0
    waiting = 0
    for s, fired in zip(train, post, strict=True):
        p = p * (1 - 1 / tau_s) + s
        v = v * (1 - 1 / tau_m) + p / tau_s
        if waiting:
            v, waiting = 0.0, waiting - 1
        if fired:
            e, v, waiting = e + v, 0.0, refractory
    return e
