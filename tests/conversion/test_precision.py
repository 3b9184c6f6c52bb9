"""bfloat16 synapses: integers exact, weights rounded, everything else as before."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.conversion.normalize import normalize
from tfsnn.conversion.precision import precision_of, with_precision
from tfsnn.errors import OptionError
from tfsnn.network.nodes import Linear
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model

EVERYTHING = ("spikes", "potentials", "outputs")


def synapses(graph):
    return {node.name: node.precision for node in graph.of_kind(Linear)}


def converted(name="cnn", method="augmapping", model=None, **options):
    model = model or models.dyadic(models.MODELS[name]())
    x = models.samples(model, 9)
    options = {"timesteps": 5, "correct": "none", **options}
    return tfsnn.convert(model, x, method, **options), x


def recorded(snn, x):
    return snn.run(x, observe=EVERYTHING).observed


def test_weights_that_bfloat16_has_give_the_same_spikes():
    plain, x = converted("maxpool_on_spikes", levels=3)
    rounded = plain.graph.map_arrays(
        lambda node, name, values: (
            tf.cast(tf.cast(values, tf.bfloat16), tf.float32).numpy()
            if isinstance(node, Linear)
            else values.numpy()
        )
    )
    low = with_precision(rounded, "bfloat16")
    assert "bfloat16" in synapses(low).values()
    one = simulate(rounded, tf.constant(x), 5, observe=EVERYTHING)
    other = simulate(low, tf.constant(x), 5, observe=EVERYTHING)
    # A current of few synapses with dyadic weights needs no more than 8 bits; others
    # round once, by 2^-9 of their size, which moves few spikes.
    same = total = 0
    for key, values in one.observed.items():
        if key.startswith("spikes"):
            same += (values.numpy() == other.observed[key].numpy()).sum()
            total += values.numpy().size
    assert same / total > 0.99


def test_a_current_that_bfloat16_has_is_exact():
    """Integers times powers of two, few enough: not one bit differs."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(6, activation="relu"),
            layers.Dense(5, activation="relu"),
            layers.Dense(3),
        ]
    )
    rng = np.random.default_rng(0)
    for layer in model.layers:
        kernel, bias = layer.get_weights()
        layer.set_weights(
            [
                rng.choice([-0.5, 0.0, 0.5, 0.25], kernel.shape),
                rng.choice([-0.25, 0.25], bias.shape),
            ]
        )
    x = rng.integers(0, 5, (20, 4)).astype(np.float32) / 4
    graph = simplify(import_model(model))
    plan = models.plan_for(graph, negative_threshold=0.0, max_coefficient=3.0)
    normal = normalize(graph, plan)
    low = with_precision(normal, "bfloat16")
    assert list(synapses(low).values()) == ["float32", "bfloat16", "bfloat16"]
    one = simulate(normal, tf.constant(x), 7, observe=EVERYTHING)
    other = simulate(low, tf.constant(x), 7, observe=EVERYTHING)
    for key, values in one.observed.items():
        assert (values.numpy() == other.observed[key].numpy()).all(), key


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cnn", "residual", "concat", "depthwise"])
def test_outputs_differ_by_rounding_only(name):
    plain, x = converted(name)
    low, _ = converted(name, precision="bfloat16")
    assert low.report.precision == precision_of(low.graph) == "bfloat16"
    one, other = plain(x).numpy(), low(x).numpy()
    np.testing.assert_allclose(one, other, atol=0.1 * max(1.0, np.abs(one).max()))
    assert (one != other).any()


def test_only_synapses_of_integers_are_rounded():
    graph = converted("residual", precision="bfloat16")[0].graph
    found = synapses(graph)
    first = next(node for node in graph.of_kind(Linear))
    assert found[first.name] == "float32"  # it receives the analog input
    for node in graph.of_kind(Linear):
        kernel = np.asarray(node.kernel)
        back = kernel.astype(tf.bfloat16.as_numpy_dtype).astype(np.float32)
        assert (back == kernel).all() == (node.precision == "bfloat16")


def test_a_global_average_is_no_integer_and_stays_float32():
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    x = layers.Conv2D(4, 3, activation="relu")(x)
    outputs = layers.Dense(3)(layers.GlobalAveragePooling2D()(x))
    model = models.randomise(keras.Model(inputs, outputs))
    snn, _ = converted(model=model, precision="bfloat16")
    assert list(synapses(snn.graph).values()) == ["float32", "bfloat16", "float32"]


def test_spikes_that_are_no_small_integers_are_refused():
    for options in ({"method": "differential"}, {"levels": 300}):
        with pytest.raises(OptionError, match="integers up to 256"):
            converted(precision="bfloat16", **options)
    with pytest.raises(OptionError, match="float16"):
        converted(precision="float16")


@pytest.mark.slow
def test_it_is_saved_and_runs_under_xla(tmp_path):
    snn, x = converted("cnn", precision="bfloat16")
    snn.save(tmp_path / "snn.keras")
    loaded = keras.saving.load_model(tmp_path / "snn.keras")
    assert synapses(loaded.graph) == synapses(snn.graph)
    for key, values in recorded(snn, x).items():
        assert (values.numpy() == recorded(loaded, x)[key].numpy()).all()
    xla = tf.function(lambda x: snn(x), jit_compile=True, autograph=False)(x)
    np.testing.assert_allclose(xla, snn(x), atol=0.1)


def test_verify_tells_what_it_costs(trained):
    model, x = trained
    checks = {}
    for precision in ("float32", "bfloat16"):
        snn = tfsnn.convert(
            model, x[:100], precision=precision, timesteps=8, correct="none"
        )
        checks[precision] = tfsnn.verify(model, snn, x[:100])
    one, other = checks["float32"], checks["bfloat16"]
    assert other.agreement >= one.agreement - 0.05
    assert [c.node for c in one.layers] == [c.node for c in other.layers]
    assert one.layers[-1].error != other.layers[-1].error


@pytest.mark.slow
def test_auto_takes_it_where_the_drop_holds(trained):
    model, x = trained
    arguments = {"max_drop": 20, "timesteps": [4], "methods": ["augmapping"]}
    assert tfsnn.choose(model, x, **arguments).best.precision == "bfloat16"
    kept = tfsnn.choose(model, x, precision="float32", **arguments)
    assert kept.best.precision == kept.snn.report.precision == "float32"
