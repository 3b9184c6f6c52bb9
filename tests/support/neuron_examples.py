"""Neurons of every kind with parameters that do something, and networks of them."""

import models

from tfsnn.conversion.methods import Plan
from tfsnn.network.clock import Clock
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model

SIGNED = {"negative_threshold": 0.0, "max_coefficient": 3.0}
# By kind: fields of the neurons, settings of the kind, the clock they go with. A new
# kind is tested with its defaults until it is in here.
EXAMPLES = {
    "integrate_fire": (SIGNED, {}, Clock()),
    "driven": ({"initial_potential": 0.0}, {"drive": 1 / 16}, Clock()),
    "leaky": (
        {"max_coefficient": 2.0},
        {"decay": 0.5, "synapse": 0.5, "refractory": 1, "reset": "zero"},
        Clock(),
    ),
    "first_spike": ({"max_coefficient": 5.0}, {}, Clock(by_time=True, ticks=5)),
    "first_spike_unclocked": (
        {"max_coefficient": 1.0, "initial_potential": 0.0},
        {},
        Clock(by_time=True),
    ),
    "paced": (SIGNED, {"lookahead": 3}, Clock(lookahead=3)),
    "silenced": ({}, {"pre_steps": 3}, Clock(pre_steps=3)),
    "offset_corrected": (
        {},
        {"pre_steps": 3, "repeats": 2},
        Clock(pre_steps=3, layer_by_layer=True),
    ),
    "quantised": (
        {"initial_potential": 0.0, "max_coefficient": 2.0},
        {"rounding": {"levels": 80, "step": 1 / 80}, "base": 3, "steps": 4},
        Clock(base=3),
    ),
    "successive": ({}, {"function": "rsqrt", "largest": 4.0}, Clock(base=2)),
    "radix": ({"max_coefficient": 2.0}, {"base": 3}, Clock(base=3)),
    "differential": (
        {**SIGNED, "max_coefficient": None, "initial_potential": 0.0},
        {"thresholds": 4},
        Clock(),
    ),
    "sigma_delta": (
        {"initial_potential": 0.0, "max_coefficient": None},
        {"theta": 0.75},
        Clock(tracks=True),
    ),
    "rate_coder": ({"initial_potential": 0.0}, {}, Clock()),
    "compensated_coder": ({"initial_potential": 0.0}, {}, Clock()),
}


def example(kind):
    fields, settings, clock = EXAMPLES.get(kind, ({}, {}, Clock()))
    return {"initial_potential": 0.5, "max_coefficient": 1.0, **fields}, settings, clock


def spiking(name, kind):
    """A spiking graph whose sums are all exact but for thirds; inputs; its clock."""
    model = models.dyadic(models.MODELS[name]())
    graph = simplify(import_model(model))
    fields, settings, clock = example(kind)
    plans = models.plan_for(graph, neuron=kind, settings=settings, **fields)
    return graph, Plan(plans, clock), models.samples(model)


def steps_of(kind):
    """So many that a running mean divides by powers of two only."""
    return 2 if kind == "differential" else 4
