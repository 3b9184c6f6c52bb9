"""The kinds of nodes: a small closed set; Keras layers are translated into them.

| kind | what it computes | over time |
| --- | --- | --- |
| `Source` | an input | constant current |
| `Constant` | values of the model | constant current |
| `Linear` | a dense layer, a convolution in any of its forms, with its bias | exact |
| `Lookup` | an embedding: rows of a table by number | constant current |
| `Affine` | a gain and an offset for each channel | exact |
| `Merge` | the sum or the concatenation of its inputs | exact |
| `Reshape`, `Transpose`, `Slice`, `Take`, `Pad` | the same values elsewhere | exact |
| `Average`, `Reduce`, `Resize` | average pooling, sum or mean, interpolation | exact |
| `Max` | max pooling | running sum |
| `Function` | anything else: a smooth activation, a product of signals | running sum |
| `Rate` | ReLU, with or without an upper bound | spiking neurons |
| `SmoothRate` | a smooth activation that neurons compute | spiking neurons |
| `Readout` | an output: the head (softmax, ...) of what reaches it | mean so far |

A running-sum node sends, in each step, the change of ``t * f(mean of its inputs so
far)``, so that what it has sent by step t is exactly that.

All are channels-last; ``N`` below is any number of samples, or of samples times steps.
"""

from tfsnn.network.nodes.arithmetic import Affine, Merge
from tfsnn.network.nodes.ends import Constant, Rate, Readout, Source, without_heads
from tfsnn.network.nodes.function import Function
from tfsnn.network.nodes.linear import Linear, Lookup
from tfsnn.network.nodes.movement import Pad, Reshape, Slice, Take, Transpose
from tfsnn.network.nodes.passing import Passing
from tfsnn.network.nodes.pooling import Average, Max, Pool, Reduce, Resize
from tfsnn.network.nodes.smooth import SmoothRate

__all__ = [
    "Affine",
    "Average",
    "Constant",
    "Function",
    "Linear",
    "Lookup",
    "Max",
    "Merge",
    "Pad",
    "Passing",
    "Pool",
    "Rate",
    "Readout",
    "Reduce",
    "Reshape",
    "Resize",
    "Slice",
    "SmoothRate",
    "Source",
    "Take",
    "Transpose",
    "without_heads",
]
