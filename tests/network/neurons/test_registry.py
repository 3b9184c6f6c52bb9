"""Facts of neuron kinds: in their classes, not inherited; parameters that fit."""

from dataclasses import dataclass

import numpy as np
import pytest

from tfsnn.conversion.plan import NeuronPlan
from tfsnn.errors import OptionError
from tfsnn.network.graph import Node
from tfsnn.network.migration import migrated
from tfsnn.network.neurons import KINDS, Neuron, Never, Written, neuron_kind, populate
from tfsnn.network.nodes import Spiking

INF = float("inf")
GRADED = {"negative_threshold": 0.0, "max_coefficient": 3.0}
# By kind: parameters; whole, integers, encodes an input, has a closed form; the
# largest spike with the most that it may carry, and what NIR loses (None: all).
FACTS = {
    "integrate_fire": (GRADED, "0101", 3.0, ()),
    "driven": ({**GRADED, "drive": 0.25}, "0101", 3.0, ()),
    "leaky": ({"max_coefficient": 3.0}, "0100", 3.0, ()),
    "paced": (GRADED, "1101", 3.0, ("look-ahead",)),
    "silenced": ({}, "1101", 1.0, ("pre-steps",)),
    "offset_corrected": ({}, "1101", 1.0, ("pre-steps",)),
    "quantised": ({"base": 4}, "1100", 3.0, None),
    "radix": ({"base": 4}, "1101", 3.0, None),
    "differential": ({}, "0000", INF, None),
    "few_spikes": ({}, "1000", INF, None),
    "successive": ({}, "1000", INF, None),
    "first_spike": ({"max_coefficient": 3.0}, "1101", 3.0, None),
    "first_spike_unclocked": ({}, "1000", INF, None),
    "sigma_delta": ({}, "0000", INF, None),
    "rate_coder": ({}, "0110", 1.0, ()),
    "compensated_coder": ({}, "1010", INF, ("coding compensation",)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_facts_of_a_kind(kind):
    parameters, flags, largest, lost = FACTS[kind]
    neurons = KINDS[kind](**parameters)
    facts = ("whole", "integers", "encodes_input", "closed_form")
    assert "".join(str(int(getattr(neurons, fact))) for fact in facts) == flags
    assert neurons.largest_spike == largest
    assert KINDS[kind](**parameters, threshold=0.5).largest_spike == INF
    said = neurons.in_nir()
    if lost is None:
        assert isinstance(said, Never) and "convert with a method" in said.reason
    else:
        assert tuple(each.what for each in said.lost) == lost
    assert neurons.kind == kind and neurons.description


@pytest.mark.parametrize("kind", ["integrate_fire", "driven", "silenced"])
def test_a_leak_or_a_reset_to_zero_has_no_closed_form(kind):
    assert not KINDS[kind](leak=0.5).closed_form
    assert not KINDS[kind](reset="zero").closed_form
    said = KINDS[kind](leak=0.5).in_nir()
    lif = kind == "integrate_fire"  # which has no more to say than that it leaks
    assert said == Written(neuron="LIF") if lif else "leaks" in said.reason


@pytest.mark.parametrize(
    ("settings", "neuron"),
    [
        ({"decay": 1.0}, "IF"),
        ({"decay": 0.5}, "LIF"),
        ({"decay": [0.5, 0.0]}, "LIF"),
        ({"decay": 0.5, "synapse": 0.0}, "CubaLIF"),
        ({"decay": [0.5, 1.0]}, "do not leak"),
        ({"decay": 1.0, "synapse": 0.5}, "do not leak"),
        ({"refractory": 3}, "waits 3 refractory steps"),
    ],
)
def test_leaky_neurons_are_what_nir_calls_them(settings, neuron):
    said = KINDS["leaky"](**settings).in_nir()
    if isinstance(said, Never):
        assert neuron in said.reason
    else:
        assert said == Written(neuron=neuron)


def test_a_bound_that_differs_between_units_is_the_largest_of_them():
    bounds = np.float32([1, 7, 2])
    assert Neuron(max_coefficient=bounds).largest_spike == 7
    assert Neuron(max_coefficient=None).largest_spike == INF
    assert Neuron(threshold=np.ones(3)).largest_spike == 1


def test_no_fact_is_inherited_from_another_kind(registry):
    """A neuron that says nothing of itself claims nothing, whatever it extends."""

    @neuron_kind("quiet_one")
    @dataclass(frozen=True)
    class Quiet(Neuron):
        def spike(self, c):
            return 0.5 * super().spike(c)

    neurons = Quiet()
    assert neurons.whole and not neurons.integers and not neurons.closed_form
    assert not neurons.encodes_input and neurons.largest_spike == INF
    assert neurons.description == "quiet one neurons"
    assert "NIR has no such neuron" in neurons.in_nir().reason
    assert Neuron().closed_form and Neuron().in_nir().lost == ()


def test_a_name_is_taken_once_and_by_a_dataclass(registry):
    register = neuron_kind("radix")
    with pytest.raises(ValueError, match="neurons of kind 'radix' already"):
        register(dataclass(frozen=True)(type("Other", (Neuron,), {})))
    with pytest.raises(TypeError, match="is no dataclass"):

        @neuron_kind("undecorated")
        class Undecorated(Neuron):
            base: int = 3

    assert set(KINDS) == set(FACTS)


@pytest.mark.parametrize(
    ("kind", "stated", "settings", "said"),
    [
        ("radix", {}, {"leak": 0.5}, "leak is no setting of radix neurons"),
        (
            "radix",
            {},
            {"reset": "zero"},
            "take threshold, initial_potential, counts, width, base",
        ),
        ("radix", {"negative_threshold": 0.0}, {}, "negative_threshold=0.0 means"),
        ("radix", {"max_coefficient": 2.0}, {"base": 2}, "max_coefficient=2.0 means"),
        ("radix", {"max_coefficient": None}, {"base": 2}, "give 1.0"),
        ("few_spikes", {}, {"leak": 0.5}, "function, high"),
        ("few_spikes", {"max_coefficient": 3.0}, {}, "means nothing for few-spikes"),
        ("paced", {}, {"leak": 0.5}, "leak is no setting of paced neurons"),
        ("paced", {}, {"reset": "zero"}, "straight_through, surrogate, lookahead"),
        ("offset_corrected", {}, {"reset": "zero"}, "reset is no setting"),
        ("differential", {}, {"leak": 0.5}, "kind 'differential'"),
        ("differential", {"negative_threshold": 0.5}, {}, "give 0.0"),
        ("differential", {"negative_threshold": None}, {}, "give 0.0"),
        ("rate_coder", {"negative_threshold": np.full(3, 0.5)}, {}, "take threshold,"),
        ("rate_coder", {"max_coefficient": 3.0}, {}, "max_coefficient=3.0"),
        ("integrate_fire", {}, {"drive": 0.5}, "drive is no setting of integrate-and"),
        ("integrate_fire", {}, {"threshold": 2.0}, "threshold is no setting"),
        ("spike_train", {}, {}, "no neurons of kind 'spike_train': take one of comp"),
    ],
)
def test_what_means_nothing_for_a_kind_is_refused(kind, stated, settings, said):
    usual = KINDS.get(kind, Neuron)()
    fields = ("initial_potential", "negative_threshold", "max_coefficient")
    own = {name: getattr(usual, name) for name in fields}
    everything = {"threshold": 1.0, **own, **stated}
    with pytest.raises(OptionError) as error:
        populate(kind, everything, settings, "dense_relu")
    assert said in str(error.value) and str(error.value).startswith("dense_relu: ")
    planned = {key: value for key, value in everything.items() if key != "threshold"}
    with pytest.raises(OptionError):
        NeuronPlan(np.ones(3), neuron=kind, settings=settings, **planned)


# What files of version 0.1.0 hold of the neurons that their methods planned.
SAVED = {
    "integrate_fire": ({"max_coefficient": 1.0}, {"reset": "zero", "leak": 0.25}),
    "driven": ({"max_coefficient": 1.0}, {"drive": 0.125}),
    "paced": ({"max_coefficient": 3.0, "negative_threshold": 0.5}, {"lookahead": 2}),
    "silenced": ({"max_coefficient": 1.0}, {"pre_steps": 3}),
    "offset_corrected": ({"max_coefficient": 1.0}, {"pre_steps": 3, "repeats": 2}),
    "radix": ({"max_coefficient": 2.0}, {"base": 3}),
    "differential": (
        {"max_coefficient": None, "negative_threshold": 0.0},
        {"thresholds": 3},
    ),
    "few_spikes": ({"max_coefficient": 1.0}, {"function": "mish", "high": 8}),
    "rate_coder": ({"max_coefficient": 1.0}, {}),
    "compensated_coder": ({"max_coefficient": 1.0}, {}),
}


@pytest.mark.parametrize("kind", SAVED)
def test_what_older_files_hold_is_understood(kind):
    fields, settings = SAVED[kind]
    config = {
        "kind": "Rate",
        "name": "relu",
        "inputs": ["dense"],
        "shape": [3],
        "layer": "relu",
        "max_value": None,
        "quantized": None,
        "scale": {"array": [3]},
        "threshold": 1.0,
        "initial_potential": 0.0,
        "negative_threshold": None,
        **fields,
        "neuron": kind,
        "settings": settings,
    }
    (found,) = migrated({"nodes": [config]})["nodes"]
    node = Node.from_config(found)
    assert isinstance(node, Spiking)
    neurons = node.population
    assert isinstance(neurons, KINDS[kind])
    for name, value in (fields | settings).items():
        assert getattr(neurons, name) == value, name
