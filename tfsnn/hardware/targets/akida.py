"""Akida 2 of BrainChip: a check alone, for its networks know no time."""

from tfsnn.hardware.targets.target import Rules, Target

AKIDA = Target(
    name="akida",
    about="Akida 2 of BrainChip: quantised activations, no time (check only)",
    sources=("Akida's documentation of layers and hardware, and its own converter",),
    weight_bits=8,
    bias_bits=None,
    threshold_bits=None,
    potential_bits=None,
    scale="channel",
    spikes="none",
    resets=(),
    spiking_input=False,
    spiking_output=False,
    rules=Rules(
        forms=frozenset({"dense", "conv", "depthwise"}),
        largest_window=7,
        square=True,
        groups=False,
        dilation=False,
        pools=frozenset({"average", "max"}),
        global_only=True,
        merges=frozenset({"add", "concat"}),
    ),
    not_known=(
        "the memory of its nodes",
        "max pooling has to have the padding of the convolution before it",
        "inputs are 8-bit values, activations of 8 or 4 bits: train or convert with "
        "its own tools",
    ),
)
