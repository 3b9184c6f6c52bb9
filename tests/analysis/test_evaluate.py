"""Accuracy, spikes and energy against recomputing them from recorded spikes."""

import dataclasses
import functools
import json

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.errors import DataError, ModelError, OptionError
from tfsnn.hardware.energy import DEFAULT, EnergyProfile, profile
from tfsnn.simulation.results import Results
from tfsnn.simulation.sweep import sweep
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.sums import Costs, Sums
from tfsnn_numpy.tasks import Output
from tfsnn_numpy.tasks.classification import Classification


@functools.cache
def converted(name="cnn", method="augmapping", count=13, **options):
    model = models.randomise(models.MODELS[name]())
    x = models.samples(model, count)
    options = {"timesteps": 8, "levels": 2, **options}
    if method != "augmapping":
        del options["levels"]
    return model, tfsnn.convert(model, x, method, **options), x


def first(outputs):
    return outputs[0] if isinstance(outputs, list) else outputs


@pytest.mark.parametrize("name", ["cnn", "outputs"])
def test_accuracy_and_agreement_are_those_of_the_recorded_outputs(name):
    model, snn, x = converted(name)
    reference = np.asarray(first(model(x))).argmax(-1)
    y = np.where(np.arange(len(x)) % 3 == 0, 0, reference)
    result = tfsnn.evaluate(snn, (x, y), ann=model, timesteps=[5, 1, 8], batch_size=4)
    outputs = snn.simulate(x, 8).outputs[0]
    assert [row.timesteps for row in result.rows] == [1, 5, 8]
    for row in result.rows:
        top = outputs[row.timesteps - 1].argmax(-1)
        assert row.accuracy == (top == y).mean()
        assert row.agreement == (top == reference).mean()
    assert result.samples == len(x)
    assert result.ann_accuracy == (reference == y).mean() < 1


def test_every_output_of_a_dict_is_evaluated():
    x = keras.Input((6,))
    a = layers.Dense(5, activation="relu")(x)
    heads = {"wide": layers.Dense(7)(a), "classes": layers.Dense(3)(a)}
    model = models.randomise(keras.Model(x, heads))
    data = models.samples(model, 40)
    snn = tfsnn.convert(model, data, timesteps=64)
    found = tfsnn.evaluate(snn, data, ann=model, timesteps=[64])
    (row,), ann = found.rows, model(data)
    assert [each.output for each in found.outputs] == ["wide", "classes"]
    for each, over_time in zip(found.outputs, snn.simulate(data).outputs, strict=True):
        (figures,), theirs = each.figures, np.asarray(ann[each.output])
        same = over_time[-1].argmax(-1) == theirs.argmax(-1)
        assert figures.agreement == same.mean() > 0.9
        deviation = np.sqrt(theirs.var(0).sum())
        error = np.sqrt(((over_time[-1] - theirs) ** 2).mean(0).sum()) / deviation
        assert figures.output_error == pytest.approx(error, rel=1e-6)
    assert row.agreement == found.outputs[0].figures[0].agreement


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("mlp", "augmapping"),
        ("cnn", "termapping"),
        ("average", "data_norm"),
        ("depthwise", "augmapping"),
        ("mlp", "cos"),
        ("mlp", "radix"),
        ("mlp", "differential"),
    ],
)
def test_counts_and_energy_are_those_of_the_recorded_spikes(name, method):
    _, snn, x = converted(name, method, count=6)
    result = tfsnn.evaluate(snn, x, timesteps=[1, 3, 8], batch_size=4)
    spikes = snn.simulate(x, 8).spikes
    operations = snn.operations_per_sample()
    spikes = {k: np.abs(s).astype(np.float64) for k, s in spikes.items()}
    clock = snn.graph.clock
    for row in result.rows:
        t = clock.pre_steps + row.timesteps  # pre-steps cost like others
        c = {k: s[:t].reshape(t * len(x), -1) for k, s in spikes.items()}
        fan = {node: operations.fan_outs[node].astype(np.float64) for node in c}
        assert row.spikes == sum((v > 0).sum() for v in c.values()) / len(x)
        assert row.coefficients == sum(v.sum() for v in c.values()) / len(x)
        assert row.synops == sum((v @ fan[k]).sum() for k, v in c.items()) / len(x)
        events = sum(((v > 0) @ fan[k]).sum() for k, v in c.items()) / len(x)
        assert row.synops_events == events
        macs = operations.constant_macs + t * operations.analog_macs
        for ratio, count in (
            (row.energy_ratio, row.synops),
            (row.energy_ratio_events, row.synops_events),
        ):
            assert ratio == (4.6 * macs + 0.9 * count) / (4.6 * operations.ann_macs)
        assert row.accuracy is None and row.agreement is None
    assert result.ann_accuracy is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "method", "options", "latencies"),
    [
        ("mlp", "augmapping", {}, [1, 3, 8]),
        ("mlp", "paced", {"correct": "none"}, [3, 5, 10]),
        ("residual", "paced", {"correct": "none", "lookahead": 2}, [9, 11, 16]),
        ("mlp", "srp", {"pre_steps": 3}, [4, 6, 11]),
        ("mlp", "cos", {"pre_steps": 3}, [7, 9, 14]),
        ("mlp", "radix", {}, [9, 11, 16]),
    ],
)
def test_latency_is_that_of_the_depth(name, method, options, latencies):
    """Two populations one behind the other in the first network, four in the other.

    The second layer of radix neurons starts when the eight digits of the first are out.
    """
    _, snn, x = converted(name, method, 5, **options)
    assert snn.depth == {"mlp": 2, "residual": 4}[name]
    rows = tfsnn.evaluate(snn, x, timesteps=[1, 3, 8]).rows
    assert [row.latency for row in rows] == latencies


@functools.cache
def small():
    """2 inputs, 3 neurons, 2 outputs; scales of 1, so that currents are the inputs."""
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(3, activation="relu"), layers.Dense(2)]
    )
    kernel = np.array([[1.0, 0.5, 0.0], [0.0, 0.0, 0.25]])
    model.layers[0].set_weights([kernel, np.zeros(3)])
    model.layers[1].set_weights([np.eye(3, 2), np.zeros(2)])
    # The maxima are 1, 0.5 and 0.25: one spike in each step for the largest input.
    options = {"scale": "max", "per": "channel"}
    snn = tfsnn.convert(model, np.ones((1, 2)), "data_norm", timesteps=4, **options)
    return model, snn, np.array([[1.0, 1.0], [0.5, 0.0]])


def test_a_network_counted_by_hand():
    model, snn, x = small()
    one, two, four = tfsnn.evaluate(snn, (x, [0, 1]), ann=model).rows
    # Sample 1: each neuron in each step. Sample 2: two of them in steps 2 and 4.
    assert [row.spikes for row in (one, two, four)] == [
        3 / 2,
        (6 + 2) / 2,
        (12 + 4) / 2,
    ]
    assert [row.coefficients for row in (one, two, four)] == [1.5, 4, 8]
    assert [row.synops for row in (one, two, four)] == [3, 8, 16]  # fan-out of 2
    # MACs: 2 x 3 on the constant input and 3 x 2 behind; all of it in the ANN.
    assert four.energy_ratio == (4.6 * 6 + 0.9 * 16) / (4.6 * 12)
    # After one step sample 2 has sent nothing: its top class is the first of two zeros.
    assert [row.accuracy for row in (one, two, four)] == [0.5, 0.5, 0.5]
    assert [row.agreement for row in (one, two, four)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("energy", "mac", "ac"),
    [
        ("45nm-float32", 4.6, 0.9),
        ("45nm-int8", 0.23, 0.03),
        (EnergyProfile("mine", 8.0, 2.0, "a data sheet"), 8.0, 2.0),
    ],
)
def test_energy_is_that_of_the_profile(energy, mac, ac):
    """6 MACs and 16 accumulates against 12 MACs, as counted above."""
    _, snn, x = small()
    found = tfsnn.evaluate(snn, x, timesteps=[4], energy=energy)
    (row,) = found.rows
    assert row.energy_ratio == (mac * 6 + ac * 16) / (mac * 12)
    assert row.energy_ratio_events == row.energy_ratio  # binary
    assert found.energy == profile(energy)
    assert found.to_dict()["energy"] == {
        "name": found.energy.name,
        "mac_picojoules": mac,
        "ac_picojoules": ac,
        "source": found.energy.source,
    }
    assert (
        f"energy ratio: SNN over ANN, {mac:g} pJ for each multiply-accumulate (MAC) "
        f"and {ac:g} pJ for each accumulate (AC), {found.energy.name}"
    ) in str(found).splitlines()


def test_an_unknown_energy_profile_is_refused_with_a_list():
    _, snn, x = small()
    with pytest.raises(OptionError, match=r"there are 45nm-float32, .*, 45nm-int8"):
        tfsnn.evaluate(snn, x, energy="7nm")
    assert tfsnn.evaluate(snn, x).energy is DEFAULT


def test_what_a_max_pooling_passes_on_is_no_spike_but_costs():
    model = models.dyadic(models.maxpool_on_spikes())
    x = models.samples(model, 4)
    snn = tfsnn.convert(model, x, "termapping", timesteps=6)
    (row,) = tfsnn.evaluate(snn, x, timesteps=[6]).rows
    spikes = snn.simulate(x).spikes
    assert row.spikes == sum((s != 0).sum() for s in spikes.values()) / 4
    fan_outs = snn.operations_per_sample().fan_outs
    of_neurons = sum(
        (np.abs(s).reshape(24, -1) @ fan_outs[name]).sum() for name, s in spikes.items()
    )
    assert row.synops > of_neurons / 4 > 0


def test_the_batch_size_changes_nothing():
    model, snn, x = converted()
    y = np.arange(len(x)) % 3
    one, other = (
        tfsnn.evaluate(snn, (x, y), ann=model, batch_size=size) for size in (13, 5)
    )
    assert one.rows[-1].spikes == other.rows[-1].spikes
    assert one.ann_score == other.ann_score
    for row, same in zip(one.rows, other.rows, strict=True):
        found, expected = (dataclasses.asdict(each) for each in (row, same))
        # Sums of floats depend on their order in the last digits.
        assert found.pop("output_error") == pytest.approx(expected.pop("output_error"))
        assert found == expected


def test_counts_are_exact_beyond_float32():
    """2 ** 24 spikes and one more, which float32 cannot hold: their sum is exact."""
    costs = Costs(0, 1, [0], [1], {"a"})
    counts = {"a": tf.constant([[[2.0**24] * 4, [1.0] * 4, [9.0] * 4]])}

    def run(x):  # its third sample only fills the batch up
        return Results([], [tf.zeros((1, 3, 3))], counts)

    totals = Sums([1], Judging([Classification(Output("y", (3,)))], [False]))
    batches = [(np.zeros((2, 1)), None)]
    for _, y, seen, _ in sweep({"a": run}, batches, steps=[1], costs=costs):
        totals.add(seen["a"], [y])
    assert totals.counts.tolist() == [[2**24 + 1] * 4] and totals.samples == 2


@pytest.mark.parametrize(
    ("timesteps", "expected"), [(1, [1]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])]
)
def test_steps_double_by_default(timesteps, expected):
    _, snn, x = converted("mlp", timesteps=timesteps)
    rows = tfsnn.evaluate(snn, x).rows
    assert [row.timesteps for row in rows] == expected


def test_a_limit_takes_the_first_samples():
    _, snn, x = converted("mlp")
    few = tfsnn.evaluate(snn, x, limit=5, batch_size=3)
    assert few.samples == 5
    assert few.rows == tfsnn.evaluate(snn, x[:5], batch_size=3).rows


def test_labels_out_of_range_are_refused():
    _, snn, x = converted("mlp")
    with pytest.raises(
        DataError, match=r"label 3, which is out of range: .* 3 classes, 0 to 2"
    ):
        tfsnn.evaluate(snn, (x, np.full(len(x), 3)))


def test_what_does_not_fit_is_refused():
    _, snn, x = converted("mlp")
    with pytest.raises(DataError):
        tfsnn.evaluate(snn, x[:, :5])
    with pytest.raises(OptionError, match="give whole numbers from 1 up"):
        tfsnn.evaluate(snn, x, timesteps=[0, 2])
    with pytest.raises(OptionError, match="at least one"):
        tfsnn.evaluate(snn, x, timesteps=[])
    with pytest.raises(ModelError, match="give the model that was converted"):
        tfsnn.evaluate(snn, x, ann=models.cnn())


def test_the_result_prints_and_dumps():
    model, snn, x = converted("mlp")
    result = tfsnn.evaluate(snn, (x, np.zeros(len(x), int)), ann=model)
    dumped = json.loads(json.dumps(result.to_dict()))
    assert dumped["rows"] == [dataclasses.asdict(row) for row in result.rows]
    assert (dumped["task"], dumped["metric"]) == ("classification", "accuracy")
    assert "outputs" not in dumped and dumped["ann_score"] == dumped["ann_accuracy"]
    assert dumped["ann_accuracy"] == result.ann_accuracy
    lines = str(result).splitlines()
    assert lines[0].split()[:3] == ["timesteps", "latency", "accuracy"]
    assert [line.split()[0] for line in lines[2:6]] == ["1", "2", "4", "8"]
    assert f"{100 * result.rows[-1].accuracy:.2f} %" in lines[5]
    ann = f"ANN accuracy {100 * result.ann_accuracy:.2f} % (judged as classification)"
    assert ann in lines


def test_without_weights_there_is_no_energy_ratio():
    model = keras.Sequential([keras.Input((3,)), keras.layers.ReLU()])
    x = np.array([[0.5, 1.0, 0.25]], "float32")
    snn = tfsnn.convert(model, x, timesteps=2)
    for row in (found := tfsnn.evaluate(snn, x)).rows:
        assert row.energy_ratio is row.energy_ratio_events is None and row.spikes > 0
    assert str(found).splitlines()[2].split()[-2:] == ["-", "-"]
