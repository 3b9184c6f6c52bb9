"""The kinds of nodes: what Keras layers are translated into, and populations.

Everything about a kind is in its class (:mod:`tfsnn.network.node`). Another kind is
another subclass of ``Node``, in a module that is imported before models are loaded.

| kind | what it computes | over time |
| --- | --- | --- |
| `Source` | an input | constant current |
| `Rounded` | an input, rounded to integers | constant current |
| `Constant` | values of the model | constant current |
| `Linear` | a dense layer, a convolution in any of its forms, with its bias | exact |
| `Lookup` | an embedding: rows of a table by number | constant current |
| `Affine` | a gain and an offset for each channel | exact |
| `Merge` | the sum or the concatenation of its inputs | exact |
| `Reshape`, `Transpose`, `Slice`, `Take`, `Pad` | the same values elsewhere | exact |
| `Average`, `Reduce`, `Resize` | average pooling, sum or mean, interpolation | exact |
| `Max` | max pooling, of some channels the minimum | running sum |
| `StepMax` | max pooling, in networks of spiking layers | of each step alone |
| `Function` | anything else: a smooth activation, a product of signals | running sum |
| `Recurrence` | a recurrent layer, over a whole sequence | running sum |
| `Gate` | a signal where a mask lets it through | exact |
| `Known` | a function of what does not change, such as a mask | constant |
| `Product` | a product of two spike trains whose spikes are digits | exact |
| `DigitMax` | the largest of values whose spikes are digits | exact, sends digits |
| `Rate` | ReLU, with or without an upper bound | becomes `Spiking` |
| `SmoothRate` | a smooth activation that neurons compute | becomes `Spiking` |
| `Coder` | a value that is sent as spikes | becomes `Spiking` |
| `Spiking` | nothing in the ANN | a population of neurons |
| `Readout` | an output: the head (softmax, ...) of what reaches it | mean so far |

A running-sum node sends, in each step, the change of ``t * f(mean of its inputs so
far)``, so that what it has sent by step t is exactly that.

All are channels-last; ``N`` below is any number of samples, or of samples times steps.
"""

from tfsnn.network.nodes.arithmetic import Affine, Merge
from tfsnn.network.nodes.ends import (
    Constant,
    Readout,
    Rounded,
    Source,
    without_heads,
)
from tfsnn.network.nodes.events import DigitMax, Gate, Known, Product
from tfsnn.network.nodes.function import Function
from tfsnn.network.nodes.linear import Linear, Lookup
from tfsnn.network.nodes.movement import Pad, Reshape, Slice, Take, Transpose
from tfsnn.network.nodes.passing import Passing
from tfsnn.network.nodes.pooling import Average, Max, Pool, Reduce, Resize, StepMax
from tfsnn.network.nodes.rate import Coder, Rate, SmoothRate
from tfsnn.network.nodes.recurrence import Recurrence
from tfsnn.network.nodes.spiking import Spiking

__all__ = [
    "Affine",
    "Average",
    "Coder",
    "Constant",
    "DigitMax",
    "Function",
    "Gate",
    "Known",
    "Linear",
    "Lookup",
    "Max",
    "Merge",
    "Pad",
    "Passing",
    "Pool",
    "Product",
    "Rate",
    "Readout",
    "Recurrence",
    "Reduce",
    "Reshape",
    "Resize",
    "Rounded",
    "Slice",
    "SmoothRate",
    "Source",
    "Spiking",
    "StepMax",
    "Take",
    "Transpose",
    "without_heads",
]
