"""Distillation: the closed form, what heads hide, labels or none, several outputs."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfsnn
from tfsnn.errors import ModelError, OptionError
from tfsnn.simulation.engines import as_engine
from tfsnn.training import Distillation, tunable
from tfsnn.training.distillation import ReadsSamples
from tfsnn.training.targets import kind_of, logits
from tfsnn_numpy.tasks import Output

RNG = np.random.default_rng(2)
X = RNG.normal(size=(64, 5)).astype(np.float32)
Y = RNG.integers(0, 3, 64)


def network(head="softmax", units=3, seed=3):
    keras.utils.set_random_seed(seed)
    hidden = keras.layers.Dense(16, activation="relu")
    return keras.Sequential(
        [keras.Input((5,)), hidden, keras.layers.Dense(units, activation=head)]
    )


@pytest.fixture(scope="module")
def ann():
    return network()


@pytest.fixture(scope="module")
def snn(ann):
    return tfsnn.convert(ann, X, method="opi", timesteps=4)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_the_loss_is_that_of_the_formula(ann, snn):
    p, q = snn.predict(X, verbose=0), ann.predict(X, verbose=0)
    z, v, t = np.log(p), np.log(q), 3.0
    ours, theirs = softmax(z / t), softmax(v / t)
    divergence = (theirs * np.log(theirs / ours)).sum(1)
    labels = -z[np.arange(64), Y]
    wanted = (labels + 0.5 * t**2 * divergence).mean()
    net = tunable(snn)
    net.compile("sgd", Distillation(ann, t, 0.5))
    assert net.evaluate(X, Y, verbose=0) == pytest.approx(wanted, rel=1e-4)
    alone = tunable(snn)
    alone.compile("sgd", Distillation(ann, t, 0.5))
    only = alone.test_on_batch(X)
    assert only == pytest.approx(0.5 * t**2 * divergence.mean(), rel=1e-4)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_heads_are_seen_through(head):
    """Also where a probability is too small for the losses of Keras."""
    z = tf.constant([[-30.0, 3.0, 25.0], [0.0, 1.0, -12.0]])
    values = keras.activations.get(head)(z)
    output = Output("y", (3,), head)
    found = logits(kind_of(output), output, values)
    if head == "softmax":
        found, z = (tf.nn.log_softmax(each) for each in (found, z))
    seen = found if head == "softmax" else tf.minimum(found, 15.0)
    wanted = z if head == "softmax" else tf.minimum(z, 15.0)
    np.testing.assert_allclose(seen, wanted, rtol=1e-3, atol=1e-4)


def test_labels_of_any_form_have_one_loss(snn):
    net = tunable(snn)
    net.compile("sgd", Distillation())
    hot = np.eye(3, dtype=np.float32)[Y]
    found = {
        round(float(net.test_on_batch(X, y)), 5) for y in (Y, Y[:, None], hot, hot > 0)
    }
    assert len(found) == 1


def test_training_brings_the_network_nearer_to_its_teacher(snn):
    net = tunable(snn)
    net.compile(keras.optimizers.SGD(0.1), Distillation(network(seed=4)))
    before = net.test_on_batch(X)
    net.fit(X, epochs=12, batch_size=16, verbose=0)  # no labels at all
    assert net.test_on_batch(X) < before / 2


def test_metrics_and_saving_are_those_of_keras(ann, snn, tmp_path):
    net = tunable(snn)
    net.compile(keras.optimizers.SGD(0.05), Distillation(ann), metrics=["accuracy"])
    history = net.fit(X, Y, epochs=1, verbose=0).history
    assert {"accuracy", "loss"} <= history.keys()
    net.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    assert len(loaded.weights) == len(net.weights)  # none of the teacher's
    assert np.array_equal(loaded.predict(X, verbose=0), net.predict(X, verbose=0))
    with pytest.raises(OptionError, match="neither labels nor a teacher"):
        loaded.fit(X, verbose=0)


def test_several_outputs_learn_each_by_its_kind():
    keras.utils.set_random_seed(1)
    given = keras.Input((5,))
    hidden = keras.layers.Dense(16, activation="relu")(given)
    outputs = {
        "kind": keras.layers.Dense(3, activation="softmax", name="kind")(hidden),
        "size": keras.layers.Dense(2, name="size")(hidden),
    }
    ann = keras.Model(given, outputs)
    snn = tfsnn.convert(ann, X, method="opi", timesteps=4)
    net = tunable(snn)
    tasks = {"size": "regression"}
    net.compile("sgd", Distillation(ann, 1.0, tasks=tasks))
    ours, theirs = snn.predict(X, verbose=0), ann.predict(X, verbose=0)
    z, v = np.log(ours["kind"]), np.log(theirs["kind"])
    kind = (np.exp(v) * (v - z)).sum(1).mean() - z[np.arange(64), Y].mean()
    size = np.square(ours["size"] - theirs["size"]).mean()
    found = net.test_on_batch(X, {"kind": Y})
    assert found == pytest.approx(kind + size, rel=1e-4)


def test_each_step_learns_from_the_teacher(ann, snn):
    net = tunable(snn, "time", each_step=True)
    net.compile("sgd", Distillation(ann, 1.0))
    steps = np.log(snn.run(X, observe=("outputs",)).observed[OUTPUT])  # (T, B, 3)
    v = np.log(ann.predict(X, verbose=0))
    wanted = (np.exp(v) * (v - steps)).sum(-1).mean()
    wanted -= steps[:, np.arange(64), Y].mean()
    assert net.train_on_batch(X, Y) == pytest.approx(wanted, rel=1e-4)


OUTPUT = "outputs/dense_1_readout"


@pytest.mark.parametrize(
    ("head", "from_logits", "message"),
    [
        ("softmax", True, "has a softmax head.*leave from_logits out"),
        ("linear", False, "has no head and gives logits.*from_logits=True"),
    ],
)
def test_a_loss_that_misreads_the_head_is_refused(head, from_logits, message):
    snn = tfsnn.convert(network(head), X, method="opi", timesteps=2)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    with pytest.raises(OptionError, match=message):
        tunable(snn).compile("sgd", loss)
    right = keras.losses.SparseCategoricalCrossentropy(from_logits=not from_logits)
    tunable(snn).compile("sgd", right)


def test_a_model_that_keeps_its_samples_to_itself_is_refused(ann):
    other = network()
    other.compile("sgd", Distillation(ann))
    with pytest.raises(ModelError, match="the loss of a network from tfsnn"):
        other.fit(X, Y, verbose=0)


def test_a_teacher_that_would_change_is_refused(ann):
    class Student(ReadsSamples, keras.Model):
        """A network of the teacher's own layers."""

    student = Student(ann.inputs, ann.outputs)
    student.compile("sgd", Distillation(ann))
    with pytest.raises(ModelError, match=r"shares .*kernel.* give a copy of the ANN"):
        student.fit(X, Y, verbose=0)


@pytest.mark.parametrize("given", [{"temperature": 0}, {"weight": -1}])
def test_impossible_settings_are_refused(given):
    with pytest.raises(OptionError, match=next(iter(given))):
        Distillation(**given)


def test_an_engine_teaches_as_its_model_does(ann, snn):
    found = []
    for teacher in (ann, as_engine(ann)):
        net = tunable(snn)
        net.compile("sgd", Distillation(teacher))
        found.append(net.test_on_batch(X, Y))
    assert found[0] == found[1]
