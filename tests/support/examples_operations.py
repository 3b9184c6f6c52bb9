"""Examples of every operation of keras.ops that can be converted."""

from examples_arrays import ARRAYS
from examples_axes import AXES
from examples_each_value import EACH_VALUE
from examples_signals import SIGNALS

OPERATIONS = {**EACH_VALUE, **AXES, **ARRAYS, **SIGNALS}
# Where an output jumps, an error of the input, however small, is one of the output.
JUMPING = (
    *("All", "Any", "Cast", "Ceil", "CountNonzero", "Digitize", "Equal", "Floor"),
    *("FloorDivide", "Fmod", "Greater", "GreaterEqual", "HardShrink", "Heaviside"),
    *("Isclose", "IsIn", "Less", "LessEqual", "LogicalAnd", "LogicalNot", "LogicalOr"),
    *("LogicalXor", "Mod", "NotEqual", "RGBToHSV", "Round", "SearchSorted", "Select"),
    *("Sign", "Signbit", "Threshold", "Trunc"),
)
