"""A converted network learns: the value is the simulation's, the gradient is right."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfsnn
from tfsnn.errors import ModelError, OptionError
from tfsnn.training import tunable

RNG = np.random.default_rng(3)
X = RNG.normal(size=(96, 6, 6, 2)).astype(np.float32)
Y = RNG.integers(0, 4, 96)


def sparse():
    return keras.losses.SparseCategoricalCrossentropy()


@pytest.fixture(scope="module")
def ann():
    keras.utils.set_random_seed(1)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(X.shape[1:]),
            layers.Conv2D(6, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(6, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def snn(ann):
    return tfsnn.convert(ann, X, method="opi", timesteps=4)


def gradients(net, x, y):
    with tf.GradientTape() as tape:
        loss = sparse()(y, net(x, training=True))
    return tape.gradient(loss, net.trainable_variables)


@pytest.mark.parametrize("gradient", ["rates", "time"])
def test_the_outputs_in_training_are_those_of_the_spiking_network(snn, gradient):
    net = tunable(snn, gradient)
    trained = net(X, training=True)
    np.testing.assert_allclose(trained, net(X, training=False), atol=1e-6)
    np.testing.assert_allclose(trained, snn.predict(X, verbose=0), atol=1e-6)


def test_by_rates_the_gradient_tends_to_that_of_the_clipped_ann(snn):
    """With a response per population and T large, rates are the response itself."""
    graph = snn.graph
    fine = tfsnn.SpikingModel(graph, 4096, snn.report)
    found = gradients(tunable(fine), X[:8], Y[:8])
    net = tunable(fine)
    with tf.GradientTape() as tape:
        values = dict(net.graph.feed(tf.constant(X[:8])))
        for node in net.graph:
            if node.name not in values:
                reads = [values[name] for name in node.inputs]
                if node.spikes:
                    values[node.name] = tf.clip_by_value(*reads, 0.0, 1.0)
                else:
                    values[node.name] = node.apply(*reads)
        loss = sparse()(Y[:8], values[net.graph.outputs[0]])
    expected = tape.gradient(loss, net.trainable_variables)
    for mine, exact in zip(found, expected, strict=True):
        size = np.abs(exact).max()
        np.testing.assert_allclose(mine, exact, atol=2e-2 * size)


def test_saturated_neurons_pass_no_gradient_on(snn):
    net = tunable(snn)
    first = net.graph.nodes[1].name
    for name, variable in net._variables_by_field.items():
        if name == f"{first}.bias":
            variable.assign(tf.fill(variable.shape, 100.0))
    found = dict(
        zip(
            [v.path for v in net.trainable_variables], gradients(net, X, Y), strict=True
        )
    )
    kernel = next(g for path, g in found.items() if path.endswith(f"{first}.kernel"))
    assert np.all(kernel.numpy() == 0)


def test_both_gradients_point_the_same_way_and_more_so_with_time(snn):
    cosines = []
    for steps in (2, 16):
        longer = tfsnn.SpikingModel(snn.graph, steps, snn.report)
        rates, time = (
            np.concatenate([np.ravel(g) for g in gradients(tunable(longer, w), X, Y)])
            for w in ("rates", "time")
        )
        cosines.append(rates @ time / np.linalg.norm(rates) / np.linalg.norm(time))
    assert 0.5 < cosines[0] < cosines[1]


@pytest.mark.parametrize("gradient", ["rates", "time"])
def test_fit_learns_and_everything_else_sees_the_new_weights(snn, gradient, tmp_path):
    keras.utils.set_random_seed(2)
    net = tunable(snn, gradient)
    before = net.predict(X, verbose=0)
    net.compile(
        keras.optimizers.SGD(0.02, momentum=0.9), sparse(), metrics=["accuracy"]
    )
    losses = net.fit(X, Y, epochs=12, batch_size=24, verbose=0).history["loss"]
    assert losses[-1] < 0.97 * losses[0]
    after = net.predict(X, verbose=0)
    assert np.abs(after - before).max() > 0.01
    # Programs with constant weights and with variables may round sums otherwise.
    np.testing.assert_allclose(snn.predict(X, verbose=0), before, rtol=0, atol=1e-6)

    net.save(tmp_path / "tuned.keras")
    loaded = tfsnn.load_model(tmp_path / "tuned.keras")
    again = loaded.predict(X[:7], verbose=0)  # sums of fewer samples round otherwise
    np.testing.assert_allclose(again, after[:7], rtol=0, atol=1e-6)
    served = net.spiking_model()
    assert not served.trainable_variables
    np.testing.assert_allclose(served.predict(X, verbose=0), after, rtol=0, atol=1e-6)
    assert served.graph.to_config() == snn.graph.to_config()

    loaded = keras.models.load_model(tmp_path / "tuned.keras")  # and its optimiser
    loaded.fit(X, Y, batch_size=24, verbose=0, shuffle=False)
    net.fit(X, Y, batch_size=24, verbose=0, shuffle=False)
    for mine, theirs in zip(net.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_penalty_reads_what_the_populations_send(snn):
    net = tunable(snn)
    names = list(net.populations)
    net.penalties.append(lambda means: 3.0 * tf.reduce_mean(means[names[0]]))
    net(X, training=True)
    sent = snn.simulate(X).spikes[names[0]]
    assert float(net.losses[0]) == pytest.approx(3 * float(np.mean(sent)), rel=1e-5)


def test_the_loss_reads_each_step_where_that_is_asked(snn):
    net = tunable(snn, "time", each_step=True)
    seen = {}

    @keras.saving.register_keras_serializable(package="test")
    def loss(y, outputs):
        seen["shape"] = outputs.shape
        return keras.ops.mean(outputs[:, 0])

    net.compile("sgd", loss, metrics=["accuracy"])
    net.fit(X[:8], Y[:8], batch_size=8, verbose=0)
    assert seen["shape"][1:] == (4, 4)
    assert net.evaluate(X[:8], Y[:8], verbose=0)


def test_what_cannot_be_is_refused(ann, snn):
    with pytest.raises(OptionError, match="gradient='adjoint' is not known"):
        tunable(snn, "adjoint")
    with pytest.raises(OptionError, match="each_step=True needs the outputs of each"):
        tunable(snn, each_step=True)
    radix = tfsnn.convert(ann, X, method="radix", timesteps=4)
    with pytest.raises(OptionError, match="have no slope: take gradient='rates'"):
        tunable(radix, "time")
    config = tunable(snn).get_config() | {"gradient": "none"}
    with pytest.raises(ModelError, match="damaged: gradient='none'"):
        tfsnn.training.TunableModel.from_config(config)
