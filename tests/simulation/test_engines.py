"""Engines: a new one is a class and a line; what measures networks takes any."""

import dataclasses
import json

import keras
import models
import numpy as np
import pytest
from keras import layers
from stablehlo_networks import T, network

import tfsnn
from tfsnn.errors import ModelError, OptionError
from tfsnn.export.stablehlo.writing import export_stablehlo
from tfsnn.simulation import engines
from tfsnn.simulation.engines import Engine, as_engine, engine
from tfsnn.simulation.engines.judging import judging
from tfsnn.simulation.results import Results
from tfsnn_numpy.digest import Digest
from tfsnn_numpy.sums import Costs
from tfsnn_stablehlo.manifest import EVALUATE
from tfsnn_stablehlo.program import Program


@dataclasses.dataclass(frozen=True)
class TwoLayers:
    """A network of one hidden layer of binary integrate-and-fire neurons, in NumPy."""

    hidden: np.ndarray  # (inputs, units)
    readout: np.ndarray  # (units, classes)


class TwoLayersEngine(Engine):
    kind = "numpy"

    def __init__(self, net, timesteps):
        self.net, self.timesteps, self.name = net, timesteps, "two_layers"
        self.inputs = {"x": (len(net.hidden),)}

    @classmethod
    def takes(cls, network):
        return isinstance(network, TwoLayers)

    @classmethod
    def of(cls, network):
        return cls(network, 8)

    @property
    def digest(self):
        return Digest(self.net.hidden, self.net.readout).hex()

    def at(self, timesteps):
        return TwoLayersEngine(self.net, timesteps)

    def run(self, x, observe=()):
        current = np.asarray(x) @ self.net.hidden
        potential, total = np.full_like(current, 0.5), 0.0
        outputs, counts = [], []
        for t in range(1, self.timesteps + 1):
            potential = potential + current
            spikes = (potential >= 1).astype(np.float32)
            potential = potential - spikes
            total = total + spikes @ self.net.readout
            outputs.append(total / t)
            sent = spikes.sum(1)
            operations = sent * self.net.readout.shape[1]
            counts.append(np.stack([sent, sent, operations, operations], 1))
        steps = np.full(len(current), self.timesteps, np.int32)
        seen = [np.stack(outputs)], {"hidden": np.stack(counts)}
        return Results([outputs[-1]], *(seen if observe else ((), {})), steps)

    def costs(self):
        steps, macs = range(1, self.timesteps + 1), self.net.hidden.size
        ann_macs = macs + self.net.readout.size
        return Costs(0, ann_macs, [macs for _ in steps], list(steps), {"hidden"})


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(engines, "ENGINES", dict(engines.ENGINES))
    return engine(TwoLayersEngine)


@pytest.fixture
def tiny(rng):
    """The network, the ANN that it stands for, and samples."""
    net = TwoLayers(rng.uniform(-1, 1, (5, 7)), rng.uniform(-1, 1, (7, 3)))
    ann = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(7, "relu", use_bias=False),
            layers.ReLU(max_value=1.0),
            layers.Dense(3, use_bias=False),
        ]
    )
    ann.set_weights([net.hidden, net.readout])
    return net, ann, rng.uniform(-1, 1, (40, 5)).astype(np.float32)


def test_a_new_engine_is_evaluated(registered, tiny):
    net, ann, x = tiny
    y = np.asarray(ann(x)).argmax(-1)
    found = tfsnn.evaluate(net, (x, y), ann=ann, timesteps=[1, 4, 64], batch_size=7)
    seen = TwoLayersEngine(net, 64).run(x, ("outputs", "counts"))
    for row in found.rows:
        top = seen.over_time[0][row.timesteps - 1].argmax(-1)
        assert row.accuracy == row.agreement == (top == y).mean()
        spikes = seen.counts["hidden"][: row.timesteps, :, 0].sum() / len(x)
        assert row.spikes == row.coefficients == pytest.approx(spikes)
        assert row.synops == pytest.approx(3 * spikes)
        energy = (4.6 * 35 + 0.9 * row.synops) / (4.6 * 56)
        assert row.energy_ratio == pytest.approx(energy)
    assert found.ann_accuracy == 1.0 and found.rows[-1].accuracy > 0.9
    assert [row.latency for row in found.rows] == [1, 4, 64]


def test_what_nothing_counts_has_no_number(registered, tiny, monkeypatch):
    monkeypatch.setattr(TwoLayersEngine, "costs", Engine.costs)
    net, _, x = tiny
    found = tfsnn.evaluate(net, x, timesteps=[2])
    (row,) = found.rows
    assert row.timesteps == row.latency == 2 and row.agreement is None
    assert row.spikes is row.synops is row.energy_ratio is None
    assert str(found).splitlines()[2].split() == ["2", "2", *["-"] * 6]


def test_a_new_engine_predicts_files(registered, tiny, tmp_path):
    net, _, x = tiny
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(len(x)) % 3)
    found = tfsnn.predict_files(
        net, tmp_path / "data.npz", tmp_path / "out", shard_size=16, batch_size=6
    )
    expected = TwoLayersEngine(net, 8).run(x).outputs[0]
    shards = sorted((tmp_path / "out").glob("*.npz"))
    outputs = np.concatenate([np.load(shard)["outputs"] for shard in shards])
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)
    assert len(shards) == 3 and found.totals["mean_steps"] == 8
    right = (expected.argmax(-1) == np.arange(len(x)) % 3).mean()
    assert found.totals["accuracy"] == pytest.approx(right)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["name"] == "two_layers"
    assert manifest["model"]["digest"] == as_engine(net).digest


def test_a_new_engine_measures_for_the_page(registered, tiny):
    from tfsnn.analysis.page.measure import measure

    net, ann, x = tiny
    data = tfsnn.open_data(x, (5,))
    judged_by = judging(as_engine(net), data)
    found = measure(ann, net, data.batches(9), [1, 8], judged_by)
    seen = TwoLayersEngine(net, 8).run(x, ("outputs", "counts"))
    same = seen.over_time[0][7].argmax(-1) == np.asarray(ann(x)).argmax(-1)
    assert (found.outputs[0].agreed[1] == same).all()
    per_sample = seen.counts["hidden"].sum(0)
    np.testing.assert_allclose(found.counts[1], per_sample)
    assert found.work[1].synops == pytest.approx(per_sample[:, 3].mean())


def test_names_and_networks_that_no_engine_has_are_refused(registered, tiny):
    net, ann, x = tiny
    with pytest.raises(OptionError, match="'none'; expected one of tensorflow, keras"):
        as_engine(net, kind="none")
    with pytest.raises(OptionError, match="TwoLayers cannot be run by the engine kera"):
        as_engine(net, kind="keras")
    with pytest.raises(OptionError, match="int cannot be run by any engine"):
        as_engine(3)
    with pytest.raises(OptionError, match="is not a spiking network"):
        as_engine(ann, 4)
    with pytest.raises(OptionError, match="is not a spiking network"):
        tfsnn.evaluate(ann, x)
    with pytest.raises(ModelError, match="give the model that was converted"):
        tfsnn.evaluate(net, x, ann=models.mlp())
    with pytest.raises(OptionError, match="engine numpy of two_layers has none"):
        tfsnn.calibrate_exit(net, x)
    with pytest.raises(OptionError, match=r"bit-matched reads .* numpy of two_layers"):
        tfsnn.evaluate(net, x, energy="bit-matched")
    assert tfsnn.evaluate(net, x).notes == ()  # totals alone
    with pytest.raises(OptionError, match="'none'; expected one of"):
        tfsnn.choose(ann, x, engine="none")
    with pytest.raises(ValueError, match="there is an engine numpy already"):
        engine(type("Other", (TwoLayersEngine,), {}))
    assert engine(TwoLayersEngine) is TwoLayersEngine


class ByTensorFlow(Program):
    """A program whose runs TensorFlow computes, as there may be no JAX."""

    snn = None

    def run(self, name, x):
        observe = ("outputs", "counts") if name == EVALUATE else ()
        found = self.snn.run(x, T, observe)
        if name != EVALUATE:
            return [y.numpy() for y in found.outputs]
        nodes = [node["node"] for node in self.manifest["evaluation"]["counted"]]
        over_time = [
            found.observed[f"outputs/{name}"].numpy() for name in self.snn.graph_outputs
        ]
        return [
            *over_time,
            np.stack([found.observed[f"counts/{n}"][..., :4] for n in nodes]),
        ]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["max_pooling", "paced"])
def test_a_program_is_an_engine(name, tmp_path):
    snn, x = network(name)
    export_stablehlo(snn, tmp_path / "program", batch_size=2)
    manifest = json.loads((tmp_path / "program" / "manifest.json").read_text())
    program = ByTensorFlow(tmp_path / "program", manifest, None)
    program.snn = snn
    y = np.arange(len(x)) % 3
    found, expected = (
        tfsnn.evaluate(net, (x, y), timesteps=[1, 3, T], batch_size=3)
        for net in (program, snn)
    )
    for row, other in zip(found.rows, expected.rows, strict=True):
        for key, value in dataclasses.asdict(other).items():
            value = value if value is None else pytest.approx(value, rel=1e-9)
            assert getattr(row, key) == value, key
    np.testing.assert_allclose(
        as_engine(program).run(x).outputs[0], snn.run(x, T).outputs[0], rtol=1e-6
    )
    with pytest.raises(OptionError, match=f"timesteps={T + 1}: program runs {T} steps"):
        tfsnn.evaluate(program, x, timesteps=[T + 1])
