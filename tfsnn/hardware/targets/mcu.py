"""A microcontroller, through snn-mlir, which writes C of integers from NIR."""

from tfsnn.hardware.targets.target import Rules, Target

MCU = Target(
    name="mcu",
    about="a microcontroller: C of integers, written by snn-mlir from NIR",
    sources=(
        "snn-mlir: nodes/lif.py, nodes/linear.py, _codegen.py, and the lowering of "
        "snn.lif in SNNToLinalg.cpp",
    ),
    weight_bits=8,
    bias_bits=None,
    threshold_bits=None,
    potential_bits=20,
    scale="layer",
    spikes="binary",
    resets=("zero",),
    fires_above=True,
    saturates=False,
    input_bits=8,
    spiking_input=False,
    spiking_output=True,
    initial_potentials=False,
    rules=Rules(
        forms=frozenset({"dense", "conv"}),
        axes=frozenset({1, 2}),
        pools=frozenset({"average"}),
    ),
    not_known=(
        "the memory of your microcontroller: weights take a byte each, potentials four",
        "weights of fewer than 7 bits are doubled there until they have 7, which "
        "changes no spike",
    ),
)
