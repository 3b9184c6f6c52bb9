"""A neuron kind from outside the package: all that is done with networks, done with it.

Its spikes take half a threshold away, and carry that: so the sum of what came in is
floored to halves. It extends no other kind, and says little of itself.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from exporting import export, load

import tfsnn
from tfsnn.conversion.methods import Corrected, Spikes, Thresholds, method, option
from tfsnn.conversion.methods import registry as method_registry
from tfsnn.conversion.methods.thresholds import plan_rates
from tfsnn.conversion.plan import NeuronPlan
from tfsnn.errors import OptionError, UnsupportedError
from tfsnn.export.nir.writing import export_nir
from tfsnn.export.stablehlo.program import Programs, lowered
from tfsnn.export.stablehlo.rules import violations
from tfsnn.network.neurons import KINDS, Emission, State, Thresholded, neuron_kind
from tfsnn.network.nodes import Linear, Spiking
from tfsnn.simulation.simulate import simulate

T = 4
pytestmark = pytest.mark.usefixtures("half")


@pytest.fixture
def half(registry, monkeypatch):
    """The kind, and a method that plans it; neither is there afterwards."""

    @neuron_kind("half")
    @dataclass(frozen=True)
    class Half(Thresholded):
        """Spikes that carry a share of the threshold."""

        whole: ClassVar[bool] = False

        share: float = 0.5

        def advance(self, currents, state):
            sent, potential = Emission([], [], []), state.potential
            unit = self.threshold * self.share
            for current in currents:
                potential = potential + current
                spike = tf.cast(potential >= unit, tf.float32)
                potential = potential - spike * unit
                sent.values.append(spike * unit)
                sent.events.append(spike)
                sent.potentials.append(potential)
            return sent, State(potential)

    monkeypatch.setattr(method_registry, "_REGISTRY", method_registry.methods())

    @method("halves")
    @dataclass(frozen=True)
    class Halves(Thresholds, Corrected):
        """Thresholds of twice the usual size, since spikes carry half of them."""

        alphabet = Spikes()

        timesteps: int = option(T, "time steps", low=1)

        def plan(self, graph, statistics):
            return plan_rates(
                graph,
                statistics,
                self,
                resolution=self.timesteps,
                initial_potential=0.25,
                neuron="half",
                settings={"share": 0.5},
            )

    return Half


@pytest.fixture
def network(half):
    model = models.randomise(models.mlp())
    x = models.samples(model, 9)
    options = {"threshold_scale": 2.0, "correct": "bias+potential"}
    return model, tfsnn.convert(model, x, "halves", **options), x


def reference(graph, x):
    """Spikes by node and the mean output, in NumPy, from the weights in normal form."""
    signals, potentials, spikes, total = {}, {}, {}, 0.0
    for _ in range(T):
        for node in graph:
            if not node.inputs:
                signals[node.name] = x
                continue
            read = signals[node.inputs[0]]
            if isinstance(node, Linear):
                read = read @ np.asarray(node.kernel) + np.asarray(node.bias)
            elif isinstance(node, Spiking):
                start = np.broadcast_to(node.initial_potential, read.shape)
                v = potentials.get(node.name, start) + read
                fired = (v >= 0.5).astype(np.float32)
                potentials[node.name], read = v - 0.5 * fired, 0.5 * fired
                spikes.setdefault(node.name, []).append(fired)
            else:
                total = total + read
            signals[node.name] = read
    return {name: np.array(fired) for name, fired in spikes.items()}, total / T


def test_it_is_converted_and_simulated(network):
    _, snn, x = network
    spikes, output = reference(snn.graph, x)
    trace = snn.simulate(x, T)
    assert list(trace.spikes) == list(spikes) == list(snn.populations)
    for name, fired in spikes.items():
        assert (trace.spikes[name] == fired).all() and 0 < fired.mean() < 1
    np.testing.assert_allclose(trace.outputs[0][-1], output, rtol=1e-5, atol=1e-6)


def test_its_error_falls_with_more_steps():
    model = models.randomise(models.mlp())
    x = models.samples(model, 9)
    options = {"threshold_scale": 2.0, "scale": "max"}  # so that nothing is clipped
    snn = tfsnn.convert(model, x, "halves", **options)
    errors = [
        np.abs(snn.simulate(x, steps).outputs[0][-1] - model(x).numpy()).mean()
        for steps in (T, 16 * T)
    ]
    assert errors[1] < errors[0] / 4


def test_its_steps_are_run_a_few_at_a_time(network):
    _, snn, x = network
    result = snn.run(x, T, ("spikes",))
    chunked = simulate(snn.graph, tf.constant(x), T, observe=("spikes",), chunk=1)
    for key, values in result.observed.items():
        np.testing.assert_array_equal(values, chunked.observed[key])


def test_it_is_counted(network):
    _, snn, x = network
    spikes, _ = reference(snn.graph, x)
    observed = snn.run(x, T, ("counts",)).observed
    fan_outs = dict(zip(spikes, (5, 3), strict=True))
    for name, fan_out in fan_outs.items():
        counts = observed[f"counts/{name}"].numpy().sum((0, 1))
        events = spikes[name].sum()
        assert counts.tolist() == [events, events, events * fan_out, events * fan_out]
    evaluated = tfsnn.evaluate(snn, (x, np.arange(len(x)) % 3))
    assert evaluated.rows[-1].timesteps == T


def test_it_is_diagnosed(network):
    """A current that never changes is coded as evenly as the neuron can."""
    model, snn, x = network
    first, second = tfsnn.diagnose(model, snn, x).layers
    spikes, _ = reference(snn.graph, x)
    for layer, fired in zip((first, second), spikes.values(), strict=True):
        assert layer.firing == pytest.approx(fired.mean())
        assert sum(part.share for part in layer.parts()) == pytest.approx(1)
    assert first.unevenness.rms < 1e-6 < 0.01 < first.quantisation.rms
    assert second.unevenness.rms > 0.01


def test_it_is_described(network, half):
    _, snn, _ = network
    assert half.description == "half neurons"
    assert [p.max_coefficient for p in snn.report.populations] == [1.0, 1.0]
    assert all(p.node in str(snn.report) for p in snn.report.populations)
    with pytest.raises(OptionError, match="leak is no setting of half neurons") as e:
        NeuronPlan(np.ones(1), neuron="half", settings={"leak": 0.5})
    assert "take threshold, initial_potential, share" in str(e.value)


def test_it_is_saved_and_loaded_where_it_is_known(network, tmp_path):
    _, snn, x = network
    snn.save(tmp_path / "snn.keras")
    loaded = keras.saving.load_model(tmp_path / "snn.keras")
    assert (loaded.predict(x, verbose=0) == snn.predict(x, verbose=0)).all()
    unknown = KINDS.pop("half")
    with pytest.raises(OptionError, match="no neurons of kind 'half'") as error:
        keras.saving.load_model(tmp_path / "snn.keras").run(x)
    assert "import the module that registers it" in str(error.value)
    KINDS["half"] = unknown


def test_it_goes_into_a_saved_model(network, tmp_path):
    _, snn, x = network
    exported = export(snn, tmp_path)
    found = load(exported)["serving_default"](inputs=tf.constant(x))
    spikes, output = reference(snn.graph, x)
    np.testing.assert_allclose(found["outputs"], output, 1e-5, 1e-6)
    events = sum(fired.sum((0, 2)) for fired in spikes.values())
    assert found["spikes"].numpy().tolist() == events.tolist()


def test_it_goes_into_stablehlo(network):
    _, snn, x = network
    predict = Programs(snn, len(x), 2).predict()
    weights = [tf.constant(values) for values in predict.weights.values()]
    (found,) = predict.function.python_function(*weights, tf.constant(x))
    np.testing.assert_allclose(found, snn.predict(x, verbose=0), 1e-5, 1e-6)
    assert violations(lowered(predict, "CPU", False)) == []


@pytest.mark.parametrize("lossy", [False, True])
def test_nir_refuses_it(network, lossy, tmp_path):
    _, snn, _ = network
    with pytest.raises(UnsupportedError) as error:
        export_nir(snn, tmp_path / "net.nir", lossy=lossy)
    assert [name for name, *_ in error.value.problems] == list(snn.populations)
    for _, node, reason in error.value.problems:
        assert node == "Spiking" and "(kind 'half')" in reason
        assert "NIR has no such neuron" in reason
        assert "data_norm" in reason and "SavedModel" in reason  # two ways out
    assert not (tmp_path / "net.nir").exists()


def test_its_synapses_stay_in_float32(network):
    """It does not say that what it sends are integers, so nobody takes it for that."""
    model, _, x = network
    with pytest.raises(OptionError, match=re.escape("precision='bfloat16'")):
        tfsnn.convert(model, x, "halves", precision="bfloat16")
