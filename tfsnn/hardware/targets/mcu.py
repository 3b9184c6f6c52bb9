"""A microcontroller, through snn-mlir, which writes C of integers from NIR."""

from tfsnn.hardware.targets.target import Rules, Target

MCU = Target(
    name="mcu",
    about="a microcontroller: C of integers, written by snn-mlir from NIR",
    sources=("snn-mlir, check and export -q",),
    weight_bits=8,
    bias_bits=None,
    threshold_bits=None,
    potential_bits=32,
    scale="layer",
    spikes="binary",
    resets=("subtract",),
    spiking_input=False,
    spiking_output=True,
    rules=Rules(
        forms=frozenset({"dense", "conv"}),
        axes=frozenset({1, 2}),
        pools=frozenset({"average"}),
    ),
    not_known=(
        "the memory of your microcontroller: weights take a byte each, potentials four",
        "potentials are kept in twelve binary places (Q12), inputs as 8 bits a step",
    ),
)
