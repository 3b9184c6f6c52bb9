"""No chip: integers of 8 bits, of which any network of synapses and neurons is made."""

from tfsnn.hardware.targets.target import Rules, Target

GENERIC_INT8 = Target(
    name="generic-int8",
    about="integer arithmetic without a chip's limits: weights of 8 bits",
    sources=("no chip; the integers of tfsnn's own integer networks",),
    weight_bits=8,
    bias_bits=24,
    threshold_bits=24,
    potential_bits=24,
    scale="channel",
    spikes="ternary",
    resets=("subtract",),
    spiking_input=False,
    spiking_output=False,
    rules=Rules(
        forms=frozenset({"dense", "conv", "depthwise", "transposed"}),
        axes=frozenset({1, 2, 3}),
        pools=frozenset({"average"}),
        merges=frozenset({"add", "concat"}),
        movements=None,
    ),
)
