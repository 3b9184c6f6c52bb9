"""SpiNNaker 2, through the NIR importer of its Python tools (py-spinnaker2)."""

from tfsnn.hardware.targets.target import Rules, Target

SPINNAKER2 = Target(
    name="spinnaker2",
    about="SpiNNaker 2 of SpiNNcloud, by the NIR importer of py-spinnaker2",
    sources=("py-spinnaker2, its NIR importer",),
    weight_bits=8,
    bias_bits=None,
    threshold_bits=None,
    potential_bits=None,
    scale="channel",
    spikes="binary",
    resets=("subtract",),
    spiking_input=True,
    spiking_output=True,
    rules=Rules(
        forms=frozenset({"dense", "conv"}),
        groups=False,
        dilation=False,
        pools=frozenset({"average"}),
        tiles=True,
        merges=frozenset({"add"}),
        skips=False,
        weights_in_a_row=False,
        input_axes=frozenset({1, 3}),
    ),
    not_known=(
        "how many neurons and synapses one processing element holds: the importer "
        "decides it when a network is mapped",
        "thresholds and offsets are floats there: only weights are integers",
    ),
)
