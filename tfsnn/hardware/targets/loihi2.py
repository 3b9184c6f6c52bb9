"""Loihi 2 of Intel: a check alone, for its public tools (lava) are archived."""

from tfsnn.hardware.targets.target import Rules, Target

LOIHI2 = Target(
    name="loihi2",
    about="Loihi 2 of Intel, as lava-dl writes for it (check only: archived tools)",
    sources=(
        "lava-dl, netx and neuron models (weights, biases, states, messages)",
        "Intel, Loihi 2 technology brief (neurons of a chip)",
    ),
    weight_bits=8,
    bias_bits=16,
    threshold_bits=24,
    potential_bits=24,
    scale="layer",
    spikes="graded",
    resets=("subtract", "zero"),
    spiking_input=False,
    spiking_output=False,
    rules=Rules(
        forms=frozenset({"dense", "conv"}),
        pools=frozenset({"average"}),
        merges=frozenset({"add"}),
    ),
    most_neurons=1_000_000,
    not_known=(
        "how a layer is cut over the 128 cores: the tool that does it is not public",
        "messages have 16 bits: larger graded spikes are cut off",
    ),
)
