"""Networks of spiking layers become spiking graphs that send the very same spikes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from command_line import run, succeed
from keras import layers

import tfsnn
from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.export.stablehlo.program import Programs, lowered
from tfsnn.export.stablehlo.rules import violations
from tfsnn.layers import (
    ConstantCurrent,
    DeterministicRate,
    IntegrateFire,
    LeakyIntegrateFire,
    MeanOverTime,
    OverTime,
    SpikingDense,
    SpikingMaxPooling2D,
)

T = 8  # a power of two, so that means do not round
SHAPE = (6, 6, 2)
SEED = 2


def dyadic(model, seed=0):
    """Give a model weights whose sums do not round, and return it."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        values = rng.integers(-16, 20, variable.shape) / 16
        if "variance" in variable.path:
            values = np.full(variable.shape, 4.0)
        variable.assign(values)
    return model


def samples(count=4, shape=SHAPE, seed=1):
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 17, (count, *shape)) / 16).astype(np.float32)


def network():
    """A network with all that a residual one has, its shortcut of currents."""
    x = keras.Input(SHAPE, name="image")
    y = ConstantCurrent(T)(x)
    y = OverTime(layers.Conv2D(4, 3, padding="same", use_bias=False))(y)
    y = layers.BatchNormalization(epsilon=0.0, name="batch_normalization")(y)
    current = y
    y = IntegrateFire(threshold=2.0, initial_potential=0.5, name="first")(y)
    y = layers.Dropout(0.5, name="dropout")(y)
    y = OverTime(layers.Conv2D(4, 3, padding="same"))(y)
    y = layers.Add()([y, current])
    leaky = {"decay": 0.5, "synapse": 0.25, "refractory": 1, "reset": "zero"}
    y = LeakyIntegrateFire(**leaky, name="second")(y)
    y = SpikingMaxPooling2D(name="over_sums")(y)
    y = OverTime(layers.Conv2D(5, 2))(y)
    y = OverTime(layers.MaxPooling2D(2), name="of_a_step")(y)
    y = IntegrateFire(
        negative_threshold=0.5, max_coefficient=3, threshold=0.5, name="third"
    )(y)
    y = layers.TimeDistributed(layers.AveragePooling2D(1))(y)
    y = layers.Reshape((T, -1))(y)
    y = layers.Dense(8)(y)
    y = MeanOverTime()(y)
    return dyadic(keras.Model(x, layers.Softmax(name="classes")(y)), seed=SEED)


@pytest.fixture(scope="module")
def own():
    return network()


@pytest.fixture(scope="module")
def snn(own):
    return tfsnn.from_layers(own)


def spikes(model, x):
    """The spikes of a model's neurons, ``(T, B, *units)``, by layer."""
    kinds = (IntegrateFire, LeakyIntegrateFire)
    found = [layer for layer in model.layers if isinstance(layer, kinds)]
    inside = keras.Model(model.inputs, [layer.output for layer in found])
    outputs = tf.nest.flatten(inside(x))
    return {
        layer.name: np.moveaxis(np.asarray(y), 1, 0)
        for layer, y in zip(found, outputs, strict=True)
    }


def test_spikes_and_outputs_are_those_of_the_keras_model(own, snn):
    x = samples()
    expected, trace = spikes(own, x), snn.simulate(x)
    assert list(expected) == list(trace.spikes) == ["first", "second", "third"]
    for name, sent in expected.items():
        assert 0.02 < np.mean(sent != 0) < 0.9
        assert (trace.spikes[name] == sent).all(), name
    assert (np.asarray(expected["third"]) < 0).any()
    np.testing.assert_allclose(snn.predict(x, verbose=0), own(x), atol=1e-6)
    np.testing.assert_array_equal(snn(x), own(x))


def test_other_numbers_of_steps_continue_the_same_simulation(own, snn):
    x = samples()
    longer = snn.simulate(x, timesteps=2 * T).spikes
    for name, sent in spikes(own, x).items():
        assert (longer[name][:T] == sent).all()
    assert tfsnn.from_layers(own, timesteps=3).timesteps == 3


def test_batch_norms_and_thresholds_are_folded_into_synapses(snn):
    kinds = [type(node).__name__ for node in snn.graph]
    assert kinds.count("Linear") == 4
    # What the shortcut and the neurons share has to keep its own scale.
    gains = [node.name for node in snn.graph if type(node).__name__ == "Affine"]
    # So does what a pooling of steps reads.
    assert gains == ["first_threshold", "third_threshold"]
    assert kinds.count("Max") == kinds.count("StepMax") == 1
    fates = {record.layer: record.fate for record in snn.report.layers}
    assert fates["batch_normalization"].startswith("folded into")
    assert fates["dropout"] == "dropped: identity at inference"


def test_report_says_what_it_is_and_warns_of_nothing(snn):
    report = snn.report
    assert report.method == "from_layers" and report.samples == 0
    assert str(report).startswith(f"from_layers (timesteps={T}), nothing to calibrate")
    assert report.warnings == []
    third = report.populations[2]
    assert (third.max_coefficient, third.negative_threshold) == (3.0, 1.0)


def test_saved_and_loaded_evaluated_and_served(own, snn, tmp_path):
    x = samples(40)
    expected = own.predict(x, verbose=0)
    y = expected.argmax(-1)
    snn.save(tmp_path / "snn.keras")
    loaded = tfsnn.load_model(tmp_path / "snn.keras")
    np.testing.assert_array_equal(loaded(x[:8]), own(x[:8]))

    found = tfsnn.evaluate(snn, (x, y), timesteps=[1, T], energy="45nm-float32")
    assert found.rows[-1].accuracy == 1.0
    sent = sum(np.abs(s).sum() for s in snn.simulate(x).spikes.values())
    assert found.rows[-1].coefficients * len(x) == pytest.approx(sent)

    tfsnn.export.export_saved_model(snn, tmp_path / "served")
    serve = tf.saved_model.load(tmp_path / "served" / "1").signatures["serving_default"]
    served = serve(**{serve.structured_input_signature[1].popitem()[0]: x[:8]})
    np.testing.assert_allclose(served["outputs"], expected[:8], atol=1e-6)


def test_early_exit_answers_before_all_steps_are_done(own, snn):
    x = samples(60, seed=3)
    y = own.predict(x, verbose=0).argmax(-1)
    found = tfsnn.calibrate_exit(snn, (x, y), max_loss=100.0)
    leaving = tfsnn.from_layers(own)
    leaving.early_exit = found.rule
    early = leaving.predict_early(x, verbose=0)
    assert 1 <= early.steps.min() < T and early.steps.max() <= T
    for i, steps in enumerate(early.steps[:4]):
        alone = snn.run(x[i : i + 1], int(steps)).outputs[0]
        np.testing.assert_allclose(early.outputs[i], alone[0], atol=1e-6)


def test_programs_of_stablehlo_compute_the_same(own, snn):
    program, x = Programs(snn, 4, T).predict(), samples()
    weights = [tf.constant(values) for values in program.weights.values()]
    (found, *_) = program.function.python_function(*weights, tf.constant(x))
    np.testing.assert_allclose(found, own(x), atol=1e-6)
    assert violations(lowered(program, "CPU", False)) == []


def test_deterministic_rates_are_spikes_of_coders():
    model = keras.Sequential(
        [
            keras.Input((5,)),
            DeterministicRate(8, name="coder"),
            layers.Dense(6),
            IntegrateFire(),
            layers.Dense(3),
            layers.GlobalAveragePooling1D(),
        ]
    )
    dyadic(model)
    snn = tfsnn.from_layers(model)
    x = np.append(samples(3, (5,)), np.full((1, 5), 100 / 255, "f4"), 0)
    sent = np.asarray(model.get_layer("coder")(x))
    assert (snn.simulate(x).spikes["coder"] == np.moveaxis(sent, 1, 0)).all()
    np.testing.assert_array_equal(snn(x), model(x))


def test_trained_parameters_of_each_channel_are_those_of_now():
    leaky = LeakyIntegrateFire(
        max_coefficient=2, train_threshold=True, train_decay=True, per_channel=True
    )
    stack = [keras.Input((4,)), ConstantCurrent(16), layers.Dense(5), leaky]
    model = keras.Sequential([*stack, layers.Dense(3), MeanOverTime()])
    dyadic(model)
    leaky.raw_threshold.assign([-1.0, 0.0, 0.5, 1.0, 2.0])
    leaky.raw_decay.assign([-3.0, -1.0, 0.0, 1.0, 3.0])
    snn = tfsnn.from_layers(model)
    x = samples(50, (4,))
    ours = snn.simulate(x).spikes[leaky.name]
    theirs = spikes(model, x)[leaky.name]
    assert {*np.unique(theirs)} == {0.0, 1.0, 2.0}
    # Currents are divided by thresholds here and potentials there: sums round.
    assert np.mean(ours != theirs) < 1e-3
    np.testing.assert_allclose(snn(x), model(x), atol=0.1)


def test_a_model_without_a_readout_is_read_by_its_mean():
    stack = [keras.Input((4,)), ConstantCurrent(5), layers.Dense(3), IntegrateFire()]
    model = dyadic(keras.Sequential([*stack, layers.Dense(2)]))
    x = samples(3, (4,))
    found = tfsnn.from_layers(model)(x)
    np.testing.assert_allclose(found, np.mean(model(x), 1), atol=1e-6)


def test_dense_layers_of_neurons_are_synapses_and_neurons():
    neurons = {"decay": 0.5, "reset": "zero"}
    stack = [keras.Input((4,)), ConstantCurrent(T)]
    first = SpikingDense(6, neurons, use_bias=True, name="hidden")
    model = dyadic(keras.Sequential([*stack, first, layers.Dense(3), MeanOverTime()]))
    snn, x = tfsnn.from_layers(model), samples(5, (4,))
    sent = np.moveaxis(np.asarray(keras.Model(model.inputs, first.output)(x)), 1, 0)
    assert 0.05 < sent.mean() < 0.9
    assert (snn.simulate(x).spikes["hidden"] == sent).all()
    np.testing.assert_array_equal(snn(x), model(x))


def test_fine_tuning_goes_on_with_the_spiking_network(own, snn):
    net = tfsnn.training.tunable(snn)
    x = samples()
    np.testing.assert_allclose(net(x, training=True), own(x), atol=1e-6)


def test_each_way_names_the_other(own):
    with pytest.raises(UnsupportedError, match=r"tfsnn.from_layers\(model\)"):
        tfsnn.convert(own, samples())
    ann = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    with pytest.raises(ModelError, match="no spiking layers: convert it"):
        tfsnn.from_layers(ann)


def test_inspection_tells_what_each_layer_becomes(own):
    found = tfsnn.inspect_model(own)
    becomes = {layer.layer: layer.becomes for layer in found.layers}
    assert not found.problems and found.neurons == 6 * 6 * 4 * 2 + 5
    assert becomes["second"] == "spiking neurons"
    assert becomes["of_a_step"] == "max pooling of each step"
    assert becomes["batch_normalization"].startswith("folded into")


def test_comparison_with_an_ann_says_that_there_is_none(own, snn):
    for compared in (tfsnn.verify, tfsnn.diagnose):
        with pytest.raises(ModelError, match="was not converted from an ANN"):
            compared(own, snn, samples())


def test_the_command_needs_neither_calibration_nor_method(own, tmp_path):
    path, output = tmp_path / "own.keras", tmp_path / "snn.keras"
    own.save(path)
    said = succeed("convert", path, "--output", output, "--timesteps", 16)
    assert said.startswith("from_layers (timesteps=16), nothing to calibrate")
    loaded = tfsnn.load_model(output)
    found = loaded.run(samples(), T).outputs[0]
    np.testing.assert_array_equal(found, own(samples()))
    wrong = run("convert", path, "--output", tmp_path / "n.keras", "--method", "opi")
    assert wrong.exit_code == 2 and "leave out --method" in wrong.stderr
    keras.Sequential([keras.Input((4,)), layers.Dense(3)]).save(path)
    wrong = run("convert", path, "--output", tmp_path / "n.keras")
    assert wrong.exit_code == 2 and "--calibration is missing" in wrong.stderr
