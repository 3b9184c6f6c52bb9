"""Few-spikes neurons: a smooth activation in K steps, by a table of three rows.

C. Stoeckl, W. Maass, "Optimized spiking neurons can classify images with high accuracy
through temporal coding with two spikes", Nature Machine Intelligence 3, 2021, arXiv
2002.00860.

The population has its complete input x first; then, with the table's thresholds T,
resets h and outputs d::

    v = clip(x, low, high)
    z(t) = 1 if v > T(t);  v <- v - h(t) z(t)          t = 1..K
    f(x) ~ sum d(t) z(t)

x is the mean of the currents of the T steps before by a clock of base 2
(:class:`tfsnn.network.clock.Clock`). So that the mean of what is sent is the table's
sum, the value of a spike at step t is d(t) (2^T - 1) / 2^(T-t): a receiver that doubles
its potential in each step receives d(t) itself. There are tables of K = 1, 2, 4, 8, 12
and 16 steps; for another T the largest below it serves, and the steps behind are
silent.

For a ReLU, T(t) = h(t) = d(t) = alpha 2^-t is the
:class:`~tfsnn.network.neurons.radix.Radix` neuron of base 2. The tables, their errors
and how they were fitted: :mod:`tfsnn.network.neurons.few_spikes_tables`. Departs from
the paper in clipping x to the interval [low, high] of the table, that is, in a
potential that saturates.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.functions import FUNCTIONS
from tfsnn.network.neurons.few_spikes_tables import TABLES, UNIT
from tfsnn.network.neurons.in_nir import Never
from tfsnn.network.neurons.population import Emission, neuron_kind
from tfsnn.network.neurons.steps import total_current
from tfsnn.network.neurons.thresholded import Thresholded

# The lower end of each function's interval; the upper ends are those of its tables.
LOWEST = {
    "sigmoid": -8.0,
    "tanh": -4.0,
    "softsign": -16.0,
    "negative_elu": -8.0,
    "silu_tail": 0.0,
    "gelu_tail": 0.0,
    "hard_silu": -4.0,
    "mish": -8.0,
    "softplus": -8.0,
}
BOUNDED = (  # by 1, or -1
    *("sigmoid", "tanh", "softsign", "negative_elu", "silu_tail", "gelu_tail"),
)
EVEN = ("silu_tail", "gelu_tail")  # of abs(x): a neuron for x, and one for -x
FUNCTION_NAMES = tuple(LOWEST)
Table = tuple[tuple[float, float, float], ...]  # T, h and d of each step


def table(function: str, high: int, steps: int) -> Table:
    """Return the table of a function on the interval up to `high`, for some steps.

    That is the largest of at most `steps` rows: those for 1, 2, 4, 8, 12 and 16 exist.
    """
    most = max(
        k for name, end, k in TABLES if (name, end) == (function, high) and k <= steps
    )
    rows = TABLES[function, high, most]
    return tuple((t * UNIT, h * UNIT, d * UNIT) for t, h, d in zip(*rows, strict=True))


def upper_ends(function: str) -> list[int]:
    """Return the ends of the intervals for which a function has tables."""
    return sorted({high for name, high, _ in TABLES if name == function})


def largest(function: str, high: int) -> float:
    """Return the largest value of a function on the interval up to `high`, rounded."""
    return 1.0 if function in BOUNDED else float(high)


def places(function: str, high: int, count: int) -> np.ndarray:
    """Return evenly spaced inputs from one end of the interval to the other."""
    return np.linspace(LOWEST[function], high, count)


def importance(x: np.ndarray) -> np.ndarray:
    """Return the weights of inputs: half even, half a Gaussian of deviation 1.5."""
    gaussian = np.exp(-(x**2) / (2 * 1.5**2))
    return 0.5 / len(x) + 0.5 * gaussian / gaussian.sum()


@functools.cache
def square_error(function: str, high: int, steps: int) -> float:
    """Return the mean square error of a table, by :func:`importance`."""
    x = places(function, high, 4001)
    neurons = FewSpikes(function=function, high=high)
    current = tf.constant(x / largest(function, high), tf.float32)
    sent, _ = neurons.advance([current] * steps, neurons.initial_state(x.shape))
    total = sum(v.numpy() * 2.0 ** -(t + 1) for t, v in enumerate(sent.values))
    y = total * largest(function, high) / (1 - 2.0**-steps)
    error = y - FUNCTIONS[function](tf.constant(x, tf.float32)).numpy()
    return float(np.sum(importance(x) * error**2))


@neuron_kind("few_spikes")
@dataclass(frozen=True)
class FewSpikes(Thresholded):
    """Neurons of a smooth activation; their threshold stands for its largest value.

    Attributes:
        function: the activation, one of :data:`FUNCTION_NAMES`.
        high: the upper end of the interval of its table.
    """

    description: ClassVar[str] = "few-spikes neurons"
    whole: ClassVar[bool] = True

    function: str = "sigmoid"
    high: int = 8

    def __post_init__(self) -> None:
        """Refuse a function, or an interval of it, without tables.

        Raises:
            OptionError: naming those that there are.
        """
        if self.high not in upper_ends(self.function):
            known = sorted({f"{name} to {high}" for name, high, _ in TABLES})
            raise OptionError(
                f"few_spikes neurons have no table of {self.function} to {self.high}: "
                f"there are those of {', '.join(known)}; convert the network again"
            )

    @property
    def rectifies(self) -> bool:
        """Whether it sends what a ReLU does: it does not."""
        return False

    def in_nir(self) -> Never:
        """Return that NIR has no spikes that weigh by their step."""
        return Never(
            "has few_spikes neurons, which spike by a table of their own: convert with "
            "a method of plain spikes (data_norm), and use ReLU in the ANN"
        )

    def response(self, current: Any) -> Any:
        """Compute the smooth activation, of the current clipped to its interval."""
        unit = self.threshold / largest(self.function, self.high)
        x = tf.abs(current / unit) if self.function in EVEN else current / unit
        x = tf.clip_by_value(x, LOWEST[self.function], float(self.high))
        return FUNCTIONS[self.function](x) * unit

    def advance(self, currents: list[Any], state: Any) -> tuple[Emission, Any]:
        """Go through the rows of the table, one in each step, from the whole input."""
        steps = len(currents)
        silent = (np.inf, 0.0, 0.0)
        rows = table(self.function, self.high, steps)
        rows += (silent,) * (steps - len(rows))
        total = total_current(currents, 2)
        weight = float(2**steps - 1)
        unit = self.threshold / largest(self.function, self.high)
        v = (total + state.potential) / (weight * unit)
        v = tf.abs(v) if self.function in EVEN else v
        v = tf.clip_by_value(v, LOWEST[self.function], float(self.high))
        sent = Emission([], [], [])
        for t, (threshold, reset, output) in enumerate(rows, 1):
            z = tf.cast(v > threshold, v.dtype)
            v = v - reset * z
            sent.values.append(z * (unit * (output * weight / 2 ** (steps - t))))
            sent.events.append(z)
            sent.potentials.append(v * unit)
        return sent, state
