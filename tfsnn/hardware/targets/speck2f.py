"""Speck 2f of SynSense: nine cores of convolution, neurons and sum pooling."""

import math

from tfsnn.hardware.stages import Stage
from tfsnn.hardware.targets.target import Memory, Rules, Target

KI = 1024
WEIGHTS = (16, 16, 16, 32, 32, 64, 64, 16, 16)
NEURONS = (64, 64, 64, 32, 32, 16, 16, 16, 16)
BIASES = 1024


def speck_memory(stage: Stage) -> Memory:
    """Return the words of a core that a stage takes: powers of two in each address.

    With c channels, f filters, a window k_x x k_y and an output of f_x x f_y::

        weights = c 2^(ceil log2(k_x k_y) + ceil log2 f)
        neurons = f 2^(ceil log2 f_x + ceil log2 f_y)

    (sinabs, backend/dynapcnn/dynapcnn_layer.py.)
    """
    window = _bits(math.prod(stage.window))
    return Memory(
        stage.channels << (window + _bits(stage.filters)),
        stage.filters << sum(map(_bits, stage.places)),
        stage.filters,
    )


def _bits(count: int) -> int:
    """Return the bits of an address of `count` places: ceil log2."""
    return (count - 1).bit_length()


SPECK2F = Target(
    name="speck2f",
    about="Speck 2f of SynSense: a camera of events and nine convolutional cores",
    sources=("sinabs, backend/dynapcnn: chips/dynapcnn.py, mapping.py, discretize.py",),
    weight_bits=8,
    bias_bits=8,
    threshold_bits=16,
    potential_bits=16,
    scale="layer",
    spikes="binary",
    resets=("subtract", "zero"),
    spiking_input=True,
    spiking_output=True,
    initial_potentials=False,
    rules=Rules(
        forms=frozenset({"dense", "conv"}),
        square=True,
        groups=False,
        dilation=False,
        pools=frozenset({"average"}),
        tiles=True,
        merges=frozenset({"add"}),
    ),
    cores=tuple(
        Memory(weights * KI, neurons * KI, BIASES)
        for weights, neurons in zip(WEIGHTS, NEURONS, strict=True)
    ),
    needs=speck_memory,
    not_known=(
        "the chip has no time steps: biases act through its leak clock, and spikes "
        "arrive in an order that no simulation by steps has",
        "neurons could start from other potentials than 0 there, which NIR cannot say",
    ),
)
