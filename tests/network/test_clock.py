"""How steps count: weighted means, what is read, and when a network has finished."""

import dataclasses
import json

import numpy as np
import pytest

from tfsnn.network.clock import RATE_CLOCK, Clock
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Readout, Source

CLOCKS = {
    "rate": RATE_CLOCK,
    "pre-steps": Clock(pre_steps=3),
    "radix 2": Clock(base=2, layer_by_layer=True),
    "radix 3": Clock(base=3, layer_by_layer=True),
    "delayed": Clock(delay=3),
    "paced": Clock(lookahead=2),
}


@pytest.mark.parametrize(
    ("base", "steps", "weight"),
    [
        (1, 1, 1),
        (1, 7, 7),
        (2, 1, 1),
        (2, 4, 15),
        (3, 3, 13),
        (4, 2, 5),
        (10, 5, 11111),
    ],
)
def test_the_weight_is_the_sum_of_the_places(base, steps, weight):
    found = Clock(base=base).weight(steps)
    assert type(found) is float
    assert found == weight == sum(base**i for i in range(steps))


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("steps", [1, 4, 8])
def test_the_mean_weighs_the_steps_that_count(name, steps, rng):
    """The first is the largest; a delay leaves out those before it."""
    clock = CLOCKS[name]
    values = rng.integers(-8, 9, (clock.pre_steps + steps, 2, 3)) / 8
    places = float(clock.base) ** np.arange(steps)[::-1]
    places *= np.arange(steps) >= clock.start(steps)
    expected = np.tensordot(places, values[clock.pre_steps :], 1) / places.sum()
    assert (clock.mean(values) == expected).all()
    assert (clock.mean(list(values)) == expected).all()


@pytest.mark.parametrize("name", CLOCKS)
def test_what_does_not_change_stands_for_itself(name):
    clock = CLOCKS[name]
    assert clock.mean([0.375] * (clock.pre_steps + 6)) == 0.375


def test_phases_are_the_steps_that_set_up_and_those_that_count():
    steps = list(range(7))
    assert [steps[p] for p in Clock(pre_steps=3).phases(7)] == [steps[:3], steps[3:]]
    assert [steps[p] for p in RATE_CLOCK.phases(7)] == [steps]


@pytest.mark.parametrize("delay", [0, 3, 20])
def test_a_delayed_readout_reads_four_steps_at_least(delay):
    clock = Clock(delay=delay)
    for timesteps in range(1, 40):
        start = clock.start(timesteps)
        assert 0 <= start <= delay
        assert timesteps - start >= min(timesteps, 4)
        if timesteps >= delay + 4:
            assert start == delay
    assert [clock.start(t) for t in (1, 4, 5, 6)] == [
        0,
        0,
        min(delay, 1),
        min(delay, 2),
    ]


@pytest.mark.parametrize(
    ("clock", "timesteps", "depth", "latency"),
    [
        (RATE_CLOCK, 8, 19, 8),
        (Clock(delay=3), 8, 19, 8),
        (Clock(lookahead=1), 8, 19, 27),
        (Clock(lookahead=2), 4, 0, 4),
        (Clock(pre_steps=4), 8, 19, 12),  # all layers together
        (Clock(pre_steps=4, layer_by_layer=True), 8, 19, 84),  # layer after layer
        (Clock(base=2, layer_by_layer=True), 6, 19, 114),
        (Clock(base=2, layer_by_layer=True), 6, 0, 6),
    ],
)
def test_latency_is_when_the_last_layer_has_finished(clock, timesteps, depth, latency):
    assert clock.latency(timesteps, depth) == latency


@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_goes_through_json_and_with_its_graph(name):
    clock = CLOCKS[name]
    assert Clock(**json.loads(json.dumps(dataclasses.asdict(clock)))) == clock
    nodes = (Source("x", (), (2,)), Readout("y", ("x",), (2,)))
    graph = Graph(nodes, ("y",), clock=clock)
    config = json.loads(json.dumps(graph.to_config()))
    assert Graph.from_config(config).clock == clock
    assert graph.map_arrays(lambda node, field, values: values).clock == clock
    assert graph.rewrite(graph.nodes, {}, {}).clock == clock
