"""The converted network as a Keras model: called, saved, served, recorded."""

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
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Spiking
from tfsnn.simulation.report import ConversionReport
from tfsnn.simulation.simulate import simulate


@functools.cache
def converted(name="cnn", **options):
    """With dyadic weights. Shared: use ``__wrapped__`` where it is changed."""
    model = models.dyadic(models.MODELS[name]())
    x = models.samples(model, 7)
    # Fitted weights would not be dyadic.
    options = {"timesteps": 5, "levels": 3, "correct": "none", **options}
    return model, tfsnn.convert(model, x, **options), x


def dict_model():
    x = keras.Input((6,))
    a = layers.Dense(5, activation="relu")(x)
    heads = {"z": layers.Dense(2)(a), "a": layers.Dense(4, activation="softmax")(a)}
    return models.randomise(keras.Model(x, heads))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cnn", "residual", "concat", "normalized"])
def test_a_saved_network_gives_equal_outputs_at_two_batch_sizes(name, tmp_path):
    _, snn, x = converted(name)
    snn.save(tmp_path / "snn.keras")
    loaded = keras.saving.load_model(tmp_path / "snn.keras")
    assert type(loaded) is tfsnn.SpikingModel
    for batch in (x, x[:1]):
        assert (loaded(batch).numpy() == snn(batch).numpy()).all()
    assert loaded.report == snn.report and str(loaded.report) == str(snn.report)
    assert loaded.get_config() == snn.get_config()
    assert loaded.timesteps == 5 and loaded.name == snn.name
    for one, other in zip(snn.weights, loaded.weights, strict=True):
        assert one.path.split("/")[-1] == other.path.split("/")[-1]
        assert (np.asarray(one) == np.asarray(other)).all()


def test_predict_and_evaluate_are_those_of_keras():
    _, snn, x = converted.__wrapped__("cnn")
    outputs = snn(x).numpy()
    np.testing.assert_allclose(snn.predict(x, batch_size=3, verbose=0), outputs, 1e-6)
    y = outputs.argmax(-1)
    y[0] = (y[0] + 1) % 3
    snn.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    loss, accuracy = snn.evaluate(x, y, batch_size=4, verbose=0)
    assert accuracy == pytest.approx(6 / 7)
    expected = -np.log(outputs[np.arange(7), y]).mean()
    assert loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_keras_exports_it_before_and_after_it_has_run(tmp_path):
    _, snn, x = converted.__wrapped__("mlp")
    spec = [keras.InputSpec(shape=(None, *x.shape[1:]), dtype="float32")]
    for name in ("before", "after"):
        snn.export(tmp_path / name, input_signature=spec, verbose=False)
        loaded = tf.saved_model.load(str(tmp_path / name))
        np.testing.assert_allclose(loaded.serve(x), snn.run(x).outputs[0], 1e-5, 1e-6)


@pytest.mark.slow
def test_xla_gives_the_same():
    _, snn, x = converted.__wrapped__("mlp")
    plain = snn.predict(x, verbose=0)
    snn.compile(jit_compile=True)
    assert snn.jit_compile is True
    np.testing.assert_allclose(snn.predict(x, verbose=0), plain, rtol=1e-5, atol=1e-6)
    snn.compile()
    assert snn.jit_compile == bool(tf.config.list_physical_devices("GPU"))


def test_several_outputs_keep_the_order_of_the_model(tmp_path):
    model, snn, x = converted("outputs", timesteps=64)
    outputs = snn(x)
    assert isinstance(outputs, list)
    for one, other in zip(outputs, model(x), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, atol=0.1)
    trace = snn.simulate(x)
    for one, other in zip(trace.outputs, outputs, strict=True):
        np.testing.assert_allclose(one[-1], other, rtol=1e-6)
    snn.save(tmp_path / "snn.keras")
    loaded = keras.saving.load_model(tmp_path / "snn.keras")
    for one, other in zip(outputs, loaded(x), strict=True):
        assert (one.numpy() == other.numpy()).all()
    for one, other in zip(outputs, snn.predict(x, verbose=0), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_a_dict_of_outputs_keeps_its_keys(tmp_path):
    model = dict_model()
    x = models.samples(model, 20)
    snn = tfsnn.convert(model, x, timesteps=64)
    snn.save(tmp_path / "snn.keras")
    loaded = keras.saving.load_model(tmp_path / "snn.keras")
    expected = model(x)
    for outputs in (snn(x), loaded(x), snn.predict(x, verbose=0)):
        assert set(outputs) == {"z", "a"}
        for key, values in outputs.items():
            np.testing.assert_allclose(values, expected[key], atol=0.1)


def test_it_is_a_layer_of_another_model(tmp_path):
    _, snn, x = converted("cnn")
    inputs = keras.Input((6, 6, 2))
    doubled = layers.Rescaling(2.0)(snn(inputs))
    outer = keras.Model(inputs, doubled)
    assert outer.output_shape == (None, 3)
    assert (outer(x).numpy() == 2 * snn(x).numpy()).all()
    outer.save(tmp_path / "outer.keras")
    loaded = keras.saving.load_model(tmp_path / "outer.keras")
    assert (loaded(x).numpy() == 2 * snn(x).numpy()).all()
    stacked = keras.Sequential([keras.Input((6, 6, 2)), snn])
    np.testing.assert_allclose(stacked.predict(x, verbose=0), snn(x), rtol=1e-6)


def test_a_trace_holds_what_was_asked_for():
    _, snn, x = converted("residual")
    trace = snn.simulate(x, 4, ("spikes", "potentials"))
    names = snn.populations
    assert trace.spikes.keys() == trace.potentials.keys() == names.keys()
    for name, shape in names.items():
        assert (
            trace.spikes[name].shape == trace.potentials[name].shape == (4, 7, *shape)
        )
        assert (trace.spikes[name] == np.rint(trace.spikes[name])).all()
        assert (trace.spikes[name].cumsum(0) >= 0).all()
    assert [values.shape for values in trace.outputs] == [(4, 7, 3)]
    np.testing.assert_allclose(trace.outputs[0][-1], snn_at(snn, x, 4), rtol=1e-5)
    assert snn.simulate(x, 4, ()).spikes == {}
    assert snn.simulate(x).outputs[0].shape[0] == snn.timesteps


def snn_at(snn, x, timesteps):
    return snn.run(x, timesteps).outputs[0].numpy()


def test_conservation_holds_in_a_trace():
    """What the neurons got by the last step is what they sent and what is left."""
    _, snn, x = converted("mlp", initial_potential=0.5)
    trace = snn.simulate(x, 9, ("spikes", "potentials"))
    first, second = snn.populations
    dense = next(node for node in snn.graph if node.inputs == (first,))
    got = trace.spikes[first].sum(0) @ dense.kernel.numpy() + 9 * dense.bias.numpy()
    sent = trace.spikes[second].sum(0) + trace.potentials[second][-1] - 0.5
    np.testing.assert_allclose(got, sent, rtol=1e-4, atol=1e-4)


def test_chunks_give_the_same_outputs():
    _, snn, x = converted("cnn")
    chunked = tfsnn.SpikingModel(**{**snn.get_config(), "chunk": 4})
    chunked.set_weights(snn.get_weights())
    np.testing.assert_allclose(chunked(x), snn(x), rtol=1e-4, atol=1e-5)


def halved_by_keras(snn, folder):
    snn.weights[0].assign(0.5 * snn.weights[0])


def halved_by_tensorflow(snn, folder):
    snn.weights[0].value.assign_sub(0.5 * snn.weights[0].value)


def halved_in_a_function(snn, folder):
    weight = snn.weights[0].value
    tf.function(lambda: weight.assign(0.5 * weight))()


def halved_by_set_weights(snn, folder):
    first, *rest = snn.get_weights()
    snn.set_weights([0.5 * first, *rest])


def halved_by_load_weights(snn, folder):
    other = tfsnn.SpikingModel(**snn.get_config())
    other.set_weights(snn.get_weights())
    halved_by_set_weights(other, folder)
    other.save_weights(folder / "half.weights.h5")
    snn.load_weights(folder / "half.weights.h5")


HALVED = [
    halved_by_keras,
    halved_by_tensorflow,
    halved_in_a_function,
    halved_by_set_weights,
    halved_by_load_weights,
]


@pytest.mark.parametrize("halve", HALVED, ids=lambda halve: halve.__name__)
@pytest.mark.parametrize("trainable", [False, True])
def test_new_weights_are_used_at_once(halve, trainable, tmp_path):
    """Whatever changed them: what was compiled before is compiled again."""
    _, original, x = converted("mlp")
    snn = tfsnn.SpikingModel(**{**original.get_config(), "trainable": trainable})
    for variable, values in zip(
        snn._variables_by_field.values(),
        original._variables_by_field.values(),
        strict=True,
    ):
        variable.assign(values)
    before = [snn.run(x).outputs[0], snn.predict(x, verbose=0), snn(x)]
    half = snn.weights[0].numpy() / 2
    halve(snn, tmp_path)
    assert (snn.weights[0].numpy() == half).all() and half.any()
    after = [snn.run(x).outputs[0], snn.predict(x, verbose=0), snn(x)]
    again = tfsnn.SpikingModel(**snn.get_config())
    again.set_weights(snn.get_weights())
    for old, new, expected in zip(before, after, [again(x)] * 3, strict=True):
        np.testing.assert_allclose(new, expected, rtol=1e-5, atol=1e-6)
        assert np.abs(np.asarray(new) - old).max() > 1e-3


def test_the_same_weights_compile_nothing_again():
    _, snn, x = converted("mlp")
    snn.run(x)
    programs = dict(snn._simulations._by_key)
    snn.set_weights(snn.get_weights())
    snn.run(x)
    kept = snn._simulations._by_key
    assert programs and all(kept[key] is programs[key] for key in programs)


def test_a_trainable_network_is_trained_and_runs_what_it_learnt(tmp_path):
    """A step of gradient descent: the loss falls, thresholds stay as they were."""
    _, original, x = converted("mlp")
    config = {**original.get_config(), "trainable": True}
    snn = tfsnn.SpikingModel(**config)
    for variable, values in zip(
        snn._variables_by_field.values(),
        original._variables_by_field.values(),
        strict=True,
    ):
        variable.assign(values)
    assert len(snn.trainable_weights) == 6 < len(snn.weights)  # of three layers
    np.testing.assert_allclose(snn.run(x).outputs[0], original(x), rtol=1e-5)
    fixed = [w.numpy() for w in snn.non_trainable_weights]
    y = np.full(len(x), 2)
    loss = keras.losses.SparseCategoricalCrossentropy()
    before = float(loss(y, snn.predict(x, verbose=0)))
    snn.compile(keras.optimizers.SGD(0.05), loss)
    snn.fit(x, y, epochs=3, batch_size=len(x), verbose=0)
    assert float(loss(y, snn.predict(x, verbose=0))) < before
    np.testing.assert_allclose(snn.run(x).outputs[0], snn(x), rtol=1e-5, atol=1e-6)
    for old, new in zip(fixed, snn.non_trainable_weights, strict=True):
        assert (old == new.numpy()).all()
    snn.save(tmp_path / "trained.keras")
    loaded = keras.saving.load_model(tmp_path / "trained.keras")
    assert len(loaded.trainable_weights) == 6
    np.testing.assert_array_equal(loaded(x), snn(x))


def test_gradients_are_an_argument():
    _, snn, x = converted("mlp")
    for gradients in (True, False):
        with tf.GradientTape() as tape:
            given = tf.constant(x)
            tape.watch(given)
            found = simulate(snn.graph, given, 5, gradients=gradients).outputs[0]
            first = tf.reduce_sum(found[:, 0])
        gradient = tape.gradient(first, given)
        assert (gradient is not None and bool(np.any(gradient))) is gradients


def test_nothing_is_trained():
    _, snn, _ = converted("mlp")
    assert (
        snn.trainable_weights == [] and len(snn.weights) == len(snn.get_weights()) > 0
    )


def test_the_converted_model_is_left_alone():
    model = models.randomise(models.normalized())
    before = model.get_weights()
    tfsnn.convert(model, models.samples(model, 4))
    for one, other in zip(before, model.get_weights(), strict=True):
        assert (one == other).all()


def test_a_sample_gets_the_same_whatever_is_beside_it():
    _, snn, x = converted("cnn")
    outputs = snn.run(x).outputs[0].numpy()
    alone = snn.run(x[3:4]).outputs[0].numpy()
    np.testing.assert_allclose(alone[0], outputs[3], rtol=1e-5, atol=1e-6)
    other = x.copy()
    other[:3], other[4:] = 1, -1
    assert (snn.run(other).outputs[0].numpy()[3] == outputs[3]).all()


@pytest.mark.parametrize("shape", [(2, 6, 6, 3), (6, 6, 2), (2, 72)])
def test_an_input_of_another_shape_is_refused(shape):
    _, snn, _ = converted("cnn")
    x = np.zeros(shape, np.float32)
    with pytest.raises(DataError, match=r"expected \(B, 6, 6, 2\)"):
        snn.simulate(x)
    with pytest.raises(ValueError, match=r"[Ii]nput"):
        snn(x)


@pytest.mark.parametrize("timesteps", [0, -1, 2.0, True, "4"])
def test_impossible_steps_are_refused(timesteps):
    _, snn, x = converted("mlp")
    with pytest.raises(OptionError, match=r"timesteps=.* must be a positive integer"):
        snn.simulate(x, timesteps)


def test_an_unknown_recording_is_refused():
    _, snn, x = converted("mlp")
    with pytest.raises(OptionError, match=r"cannot record \['currents'\]"):
        snn.simulate(x, record=("spikes", "currents"))


def test_the_config_is_json_and_holds_no_weights():
    _, snn, _ = converted("depthwise")
    text = json.dumps(snn.get_config())
    assert json.loads(text)["timesteps"] == 5
    graph = Graph.from_config(json.loads(text)["graph"])
    for node, original in zip(graph, snn.graph, strict=True):
        assert type(node) is type(original)
        assert node.to_config() == original.to_config()
        for values in node.arrays().values():
            assert not np.any(values)


def test_the_report_is_json_and_comes_back():
    _, snn, _ = converted("residual")
    report = snn.report
    again = ConversionReport.from_dict(json.loads(json.dumps(report.to_dict())))
    assert again == report
    assert report.samples == 7 and report.timesteps == 5
    assert report.options["levels"] == 3 and report.method == "augmapping"
    for population, node in zip(
        report.populations, snn.graph.of_kind(Spiking), strict=True
    ):
        scale = np.asarray(node.scale)
        assert population.node == node.name
        assert population.neurons == np.prod(node.shape)
        assert population.scale_min == pytest.approx(scale.min())
        assert population.scale_max == pytest.approx(scale.max())
        assert population.scale_median == pytest.approx(np.median(scale))


def test_the_summary_lists_the_nodes():
    _, snn, _ = converted("cnn")
    lines = []
    snn.summary(print_fn=lines.append)
    text = "\n".join(lines)
    for node in snn.graph:
        assert f"\n{node.name} " in text
    assert text.startswith(f"{snn.name}: augmapping, T=5")


def test_weights_that_are_not_finite_are_refused():
    model = models.randomise(models.mlp())
    x = models.samples(model, 4)
    model.layers[1].bias.assign(np.array([0, 0, np.nan, 0, 0]))
    with pytest.raises(
        ModelError, match=f"{model.layers[1].name} hold NaN or infinite"
    ):
        tfsnn.convert(model, x)
