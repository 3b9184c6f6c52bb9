"""Tables of few-spikes neurons: a module for each function, with its errors.

They were made by ``examples/fit_few_spikes.py``. The fit counts small inputs more
(:func:`tfsnn.network.neurons.few_spikes.importance`).
"""

from tfsnn.network.neurons.few_spikes_tables import (
    gelu_tail,
    hard_silu,
    mish,
    negative_elu,
    sigmoid,
    silu_tail,
    softplus,
    softsign,
    tanh,
)

UNIT = 2.0**-12

# By function, upper end of the interval and K: the rows T, h and d, in units of UNIT.
TABLES: dict[
    tuple[str, int, int],
    tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
] = {
    (module.__name__.rpartition(".")[2], *key): rows
    for module in (
        *(sigmoid, tanh, softsign, negative_elu),
        *(silu_tail, gelu_tail, hard_silu, mish, softplus),
    )
    for key, rows in module.TABLES.items()
}
