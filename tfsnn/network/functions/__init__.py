"""The functions of running-sum nodes: a closed table, by name.

A function takes its inputs with the axis of samples first, ``(N, ...)``, and may not
mix samples; its options are JSON, and axes in them are those of one sample, from 0.
Most are the function of ``keras.activations`` or ``keras.ops`` with that name.
"""

from tfsnn.network.functions import each_value, images, over_axes, products
from tfsnn.network.functions.table import FUNCTIONS, Formula

__all__ = ["FUNCTIONS", "Formula", "each_value", "images", "over_axes", "products"]
