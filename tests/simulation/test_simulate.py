"""The loop over time: the same spikes however it is run, and what they must be."""

import dataclasses

import models
import numpy as np
import pytest
import tensorflow as tf
from neuron_reference import reference
from simulations import EVERYTHING, assert_equal, run

from tfsnn.conversion.normalize import normalize
from tfsnn.network.operations import count_operations
from tfsnn.network.passes import simplify
from tfsnn.network.roles import constant_nodes
from tfsnn.simulation.simulate import simulate
from tfsnn.simulation.steps import Run
from tfsnn.sources import import_model

SIGNED = {"negative_threshold": 0.0, "max_coefficient": 3.0}


def spiking(name, simple=True, **neuron):
    """A spiking graph whose sums are all exact, and inputs for it."""
    model = models.dyadic(models.MODELS[name]())
    graph = import_model(model)
    graph = simplify(graph) if simple else graph
    return normalize(graph, models.plan_for(graph, **neuron)), models.samples(model)


def traced(graph, x, timesteps, jit_compile, **options):
    function = tf.function(
        lambda x: simulate(graph, x, timesteps, **options),
        autograph=False,
        jit_compile=jit_compile,
    )
    return function(tf.constant(x))


@pytest.mark.parametrize("name", models.EXACT)
def test_chunks_of_any_size_give_the_same_spikes(name):
    graph, x = spiking(name, **SIGNED)
    one = run(graph, x, 7, chunk=1, observe=EVERYTHING)
    assert_equal(one, run(graph, x, 7, chunk=7, observe=EVERYTHING))
    assert_equal(one, run(graph, x, 7, chunk=3, observe=EVERYTHING))
    spikes = [v.numpy() for k, v in one.observed.items() if k.startswith("spikes")]
    assert all((s == np.round(s)).all() for s in spikes)
    assert max(s.max() for s in spikes) > 1
    # A single population gets a constant current: it takes nothing back.
    assert min(s.min() for s in spikes) < 0 or len(spikes) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "neuron"),
    [
        ("maxpool_on_spikes", SIGNED),
        ("residual", {"max_coefficient": 1.0}),
        ("concat", {"max_coefficient": None}),
    ],
)
def test_eager_is_graph_is_xla(name, neuron):
    graph, x = spiking(name, **neuron)
    options = {"chunk": 1, "observe": EVERYTHING}
    eager = run(graph, x, 3, **options)
    assert_equal(eager, traced(graph, x, 3, False, **options))
    assert_equal(eager, traced(graph, x, 3, True, **options))


def test_more_steps_than_asked_for_are_not_simulated():
    graph, x = spiking("mlp")
    assert_equal(
        run(graph, x, 2, chunk=9, observe=EVERYTHING),
        run(graph, x, 2, chunk=1, observe=EVERYTHING),
    )


@pytest.mark.parametrize("name", ["cnn", "outputs"])
def test_outputs_after_t_steps_are_those_of_a_run_of_t_steps(name):
    graph, x = spiking(name, **SIGNED)
    observed = run(graph, x, 6, chunk=4, observe=("outputs",)).observed
    for t in (1, 2, 5, 6):
        shorter = run(graph, x, t, chunk=4).outputs
        for node, expected in zip(graph.outputs, shorter, strict=True):
            seen = observed[f"outputs/{node}"][t - 1]
            np.testing.assert_allclose(seen, expected, rtol=1e-6, atol=1e-7)


def test_two_half_runs_are_one_run():
    graph, x = spiking("maxpool_on_spikes", **SIGNED)
    whole = run(graph, x, 6, observe=("spikes",)).observed
    half = Run.on(graph, tf.constant(x), 6, frozenset(["spikes"]))
    state, first = half.advance(half.initial_state(), 4)
    state, second = half.advance(state, 2)
    for key, spikes in whole.items():
        both = np.concatenate([first[key], second[key]])
        assert (spikes.numpy() == both).all()


def test_the_first_neurons_do_what_the_reference_does_with_the_first_current():
    graph, x = spiking("mlp", negative_threshold=0.0, max_coefficient=1.0)
    first = graph.nodes[1]
    current = x @ first.kernel + first.bias
    currents = np.repeat(current[None], 9, 0)
    spikes, potentials = reference(currents, v0=0.5, n=0.0, most=1)
    observed = run(graph, x, 9, observe=EVERYTHING).observed
    name = graph.nodes[2].name
    assert (observed[f"spikes/{name}"].numpy() == spikes).all()
    assert (observed[f"potentials/{name}"].numpy() == potentials).all()


def test_every_neuron_does_what_the_reference_does_with_its_current():
    """Layer after layer, the synapses in NumPy."""
    graph, x = spiking("mlp", **SIGNED)
    observed = run(graph, x, 9, observe=EVERYTHING).observed
    values = {graph.nodes[0].name: np.repeat(x[None], 9, 0)}
    for node in graph.nodes[1:]:
        read = values[node.inputs[0]]
        if type(node).__name__ == "Linear":
            values[node.name] = read @ node.kernel + node.bias
        elif type(node).__name__ == "Spiking":
            spikes, potentials = reference(read, v0=0.5, n=0.0, most=3)
            assert (observed[f"spikes/{node.name}"].numpy() == spikes).all()
            assert (observed[f"potentials/{node.name}"].numpy() == potentials).all()
            values[node.name] = spikes
        else:
            steps = np.arange(1, 10)[:, None, None]
            means = read.cumsum(0) / steps
            seen = observed[f"outputs/{node.name}"]
            np.testing.assert_allclose(seen, means, rtol=1e-6)


def windows(x, size, stride, same):
    """Maxima over windows of the axes 2 and 3, by hand: padding is no candidate."""
    maxima = []
    for axis in (2, 3):
        n = x.shape[axis]
        count = -(-n // stride) if same else (n - size) // stride + 1
        before = max((count - 1) * stride + size - n, 0) // 2 if same else 0
        starts = [i * stride - before for i in range(count)]
        x = np.stack(
            [
                x.take(range(max(s, 0), min(s + size, n)), axis).max(axis)
                for s in starts
            ],
            axis,
        )
        maxima.append(x)
    return maxima[-1]


@pytest.mark.parametrize("neuron", [{"max_coefficient": 1.0}, SIGNED])
def test_max_pooling_has_sent_the_maximum_of_what_its_inputs_have_sent(neuron):
    graph, x = spiking("maxpool_on_spikes", **neuron)
    pools = [node for node in graph if type(node).__name__ == "Max"]
    readers = [graph[name] for name in {pools[0].inputs[0], pools[1].inputs[0]}]
    assert len(readers) == 1 and type(readers[0]).__name__ == "Spiking"
    working = Run.on(graph, tf.constant(x), 6, frozenset(["spikes"]))
    state, sent = working.initial_state(), [[], []]
    spikes = []
    for _ in range(8):
        state, seen = working.advance(state, 1)
        spikes.append(seen[f"spikes/{readers[0].name}"].numpy()[0])
        for i, pool in enumerate(pools):
            sent[i].append(state[pool.name].sent.numpy())
    sums = np.cumsum(spikes, 0)
    assert (np.array(sent[0]) == windows(sums, 2, 2, False)).all()
    assert (np.array(sent[1]) == windows(sums, 3, 2, True)).all()


def test_max_pooling_of_binary_spikes_sends_binary_spikes():
    graph, x = spiking("maxpool_on_spikes", max_coefficient=1.0)
    # With a fan-out of one for each unit, the counts are those of the units' spikes.
    pool = next(node for node in graph if type(node).__name__ == "Max")
    ones = {pool.name: np.ones(int(np.prod(pool.shape)), np.float32)}
    observed = run(graph, x, 8, observe=("counts",), fan_outs=ones).observed
    events, coefficients = np.moveaxis(observed[f"counts/{pool.name}"].numpy(), -1, 0)[
        :2
    ]
    assert (events == coefficients).all() and events.sum() > 0


def test_max_pooling_before_the_neurons_is_constant():
    graph, _ = spiking("cnn")
    names = [type(node).__name__ for node in graph]
    assert names.index("Max") < names.index("Spiking")
    constant = constant_nodes(graph)
    assert constant == {node.name for node in graph.nodes[: names.index("Spiking")]}


def test_constant_nodes_are_computed_once():
    graph, x = spiking("residual")
    calls = []

    def counted(node):
        class Counted(type(node)):
            def apply(self, *inputs):
                calls.append(self.name)
                return super().apply(*inputs)

        fields = {f.name: getattr(node, f.name) for f in dataclasses.fields(node)}
        return Counted(**fields)

    nodes = tuple(
        counted(node) if type(node).__name__ == "Linear" else node for node in graph
    )
    simulate(dataclasses.replace(graph, nodes=nodes), tf.constant(x), 3)
    first, *others = [node.name for node in nodes if type(node).__name__ == "Counted"]
    assert calls.count(first) == 1
    assert all(calls.count(name) == 3 for name in others)


@pytest.mark.parametrize("name", ["cnn", "average", "concat"])
def test_counts_are_those_of_the_recorded_spikes(name):
    graph, x = spiking(name, **SIGNED)
    fan_outs = count_operations(graph).fan_outs
    observe = ("counts", "spikes")
    observed = run(graph, x, 5, chunk=2, observe=observe, fan_outs=fan_outs).observed
    for node, fan_out in fan_outs.items():
        c = np.abs(observed[f"spikes/{node}"].numpy()).reshape(5, len(x), -1)
        expected = [(c > 0).sum(-1), c.sum(-1), (c > 0) @ fan_out, c @ fan_out]
        counts = observed[f"counts/{node}"].numpy()
        assert (counts == np.stack(expected, -1)).all()


def test_one_traced_function_takes_any_batch_size():
    graph, x = spiking("maxpool_on_spikes", **SIGNED)
    x = np.concatenate([x, x[:2]])
    function = tf.function(
        lambda x: simulate(graph, x, 5, chunk=2, observe=("spikes",)),
        input_signature=[tf.TensorSpec((None, *x.shape[1:]))],
        autograph=False,
    )
    all_at_once = function(tf.constant(x))
    for i in (0, 6):
        alone = function(tf.constant(x[i : i + 1]))
        for key, spikes in alone.observed.items():
            assert (
                spikes.numpy()[:, 0] == all_at_once.observed[key].numpy()[:, i]
            ).all()
        assert (alone.outputs[0].numpy()[0] == all_at_once.outputs[0].numpy()[i]).all()
    assert function.experimental_get_tracing_count() == 1


def test_an_output_listed_twice_is_the_same_twice():
    graph, x = spiking("cnn")
    twice = dataclasses.replace(graph, outputs=graph.outputs * 2)
    result = run(twice, x, 4, observe=("outputs",))
    expected = run(graph, x, 4, observe=("outputs",))
    assert_equal(result._replace(outputs=result.outputs[:1]), expected)
    assert (result.outputs[0].numpy() == result.outputs[1].numpy()).all()
