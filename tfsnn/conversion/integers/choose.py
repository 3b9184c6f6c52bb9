"""Weights chosen as integers one after the other, against the currents they cause.

Rounding each weight to the nearest integer is best for each weight, but not for their
sum. Here the inputs of a layer are gone through in turn: the error that rounding the
weights of one input makes is made good, as far as inputs go together, by the weights of
those still to come (GPTQ: E. Frantar, S. Ashkboos, T. Hoefler, D. Alistarh, ICLR 2023,
arXiv 2210.17323; the "optimal brain surgeon" before it). With H the second moments of
the inputs over calibration samples, and U the upper Cholesky factor of its inverse::

    q_i = round(w_i);   w_j -= (w_i - q_i) U_ij / U_ii     for all j > i

The last input is a constant, whose weight is the bias, which is free.
"""

from __future__ import annotations

import numpy as np

from tfsnn.hardware.integers import IntegerFormat

DAMPING = 0.01  # of the mean diagonal of H, added to it
BLOCK = 128  # inputs whose changes are passed on together


def chosen_integers(
    weights: np.ndarray, moments: np.ndarray, form: IntegerFormat
) -> tuple[np.ndarray, np.ndarray]:
    """Return integers in place of weights, and what is to be added to the bias.

    Args:
        weights: in units of the integers, ``(n, channels)``.
        moments: second moments of n inputs and a constant 1, ``(n + 1, n + 1)``.
        form: the integers that may be taken.

    Returns:
        The integers, ``(n, channels)``, and the change of the bias in their units.
    """
    count = len(weights)
    moments = np.array(moments, np.float64)
    mean = np.trace(moments[:-1, :-1]) / count
    moments[np.arange(count), np.arange(count)] += DAMPING * mean + 1e-12
    # Inputs that vary most come first: what they cannot mend, the others can.
    order = np.argsort(-np.diag(moments)[:-1], kind="stable")
    whole = np.append(order, count)
    moments = moments[np.ix_(whole, whole)]
    moments[-1, -1] += 1e-9 * max(moments[-1, -1], 1.0)
    inverse = np.linalg.inv(moments)
    upper = np.linalg.cholesky((inverse + inverse.T) / 2).T
    left = np.concatenate([weights[order], np.zeros((1, weights.shape[1]))])
    found = np.zeros_like(weights)
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        errors = np.zeros((stop - start, weights.shape[1]))
        for i in range(start, stop):
            found[i] = np.clip(np.rint(left[i]), form.low, form.high)
            errors[i - start] = (left[i] - found[i]) / upper[i, i]
            rest = upper[i, i + 1 : stop]
            left[i + 1 : stop] -= np.outer(rest, errors[i - start])
        left[stop:] -= upper[start:stop, stop:].T @ errors
    back = np.empty_like(found)
    back[order] = found
    return back, left[-1]
