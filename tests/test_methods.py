"""Contract tests over all methods, and the rules of the thresholds."""

import dataclasses
import json

import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn import methods
from tfsnn.errors import OptionError
from tfsnn.nodes import Rate
from tfsnn.passes import simplify
from tfsnn.sources import import_model

METHODS = methods.methods()


@pytest.fixture(scope="module")
def trained():
    """A convolutional network that has learnt something; and unseen data."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 300)
    x = rng.normal(0, 0.4, (300, 6, 6, 2)).astype(np.float32)
    for i, label in enumerate(y):
        x[i, 2 * label : 2 * label + 2, :, label % 2] += 1
    model = models.randomise(models.cnn())
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(x[:200], y[:200], epochs=4, verbose=0)
    logits = keras.Sequential([keras.Input((6, 6, 2)), *model.layers[:-1]])
    logits.add(layers.Dense(3))
    logits.layers[-1].set_weights(model.layers[-1].get_weights())
    return logits, x


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("network", ["cnn", "residual", "depthwise", "reshaped"])
def test_every_rate_node_is_planned(name, network, calibrated):
    graph, statistics = calibrated[network]
    plan = methods.make(name, {}).plan(graph, statistics)
    assert set(plan) == {node.name for node in graph.of_kind(Rate)}
    for node in graph.of_kind(Rate):
        scale = plan[node.name].scale
        assert scale.shape in (node.shape[-1:], node.shape)
        assert np.isfinite(scale).all() and (scale > 0).all()
        most = plan[node.name].max_coefficient
        if node.max_value is not None:  # no rate stands for more than the bound
            assert (scale * most <= node.max_value * (1 + 1e-6)).all()


@pytest.mark.parametrize("name", METHODS)
def test_a_plan_follows_from_its_arguments_alone(name, calibrated):
    graph, statistics = calibrated["residual"]
    one, other = (methods.make(name, {}).plan(graph, statistics) for _ in range(2))
    for node, neurons in one.items():
        for spec in dataclasses.fields(neurons):
            a, b = (getattr(n, spec.name) for n in (neurons, other[node]))
            assert np.array_equal(a, b)


@pytest.mark.parametrize("name", METHODS)
def test_options_go_through_text_and_back(name):
    made = methods.make(name, {})
    assert dataclasses.is_dataclass(made) and made == METHODS[name]()
    values = dataclasses.asdict(made)
    assert methods.make(name, json.loads(json.dumps(values))) == made
    assert methods.make(name, {k: str(v) for k, v in values.items()}) == made
    described = {option["name"]: option for option in methods.options(type(made))}
    assert described.keys() == values.keys()
    for key, value in values.items():
        assert described[key]["default"] == value
        assert described[key]["meaning"]
        for choice in described[key]["choices"]:
            assert getattr(methods.make(name, {key: choice}), key) == choice
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.timesteps = 3


@pytest.mark.parametrize("name", METHODS)
def test_unknown_options_are_refused_with_the_known(name):
    with pytest.raises(OptionError) as caught:
        methods.make(name, {"timestep": 3})
    known = ", ".join(spec.name for spec in dataclasses.fields(METHODS[name]))
    assert f"'timestep'; known: {known}; did you mean 'timesteps'?" in str(caught.value)


def test_an_unknown_method_is_refused_with_the_known():
    with pytest.raises(OptionError) as caught:
        methods.make("augmaping", {})
    assert f"known: {', '.join(METHODS)}; did you mean 'augmapping'?" in str(
        caught.value
    )


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="'termapping' already"):
        methods.method("termapping")(object)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"timesteps": "many"}, "timesteps='many' is not of type int"),
        ({"timesteps": 2.5}, "timesteps=2.5 is not of type int"),
        ({"timesteps": "2.5"}, "timesteps='2.5' is not of type int"),
        ({"timesteps": True}, "timesteps=True is not of type int"),
        ({"timesteps": None}, "timesteps=None is not of type int"),
        ({"timesteps": "none"}, "timesteps='none' is not of type int"),
        ({"levels": "some"}, "levels='some' is not of type int | None"),
        ({"percentile": "high"}, "percentile='high' is not of type float"),
        ({"scale": "best"}, "scale='best'; expected one of max, percentile, mse"),
        ({"per": "neuron"}, "per='neuron'; expected one of channel, layer"),
        ({"scale": 3}, "scale=3 is not of type str"),
    ],
)
def test_impossible_values_are_refused(values, message):
    with pytest.raises(OptionError) as caught:
        methods.make("augmapping", values)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"levels": 0}, "levels=0 is not a number from 1 to inf"),
        ({"percentile": 0.0}, "percentile=0.0 is not a number from 1 to 100"),
        ({"percentile": 101.0}, "percentile=101.0 is not a number from 1 to 100"),
        ({"percentile": float("nan")}, "percentile=nan is not"),
        (
            {"negative_threshold": -0.5},
            "negative_threshold=-0.5 is not a number from 0",
        ),
        ({"initial_potential": float("nan")}, "initial_potential=nan"),
        ({"initial_potential": float("inf")}, "initial_potential=inf"),
        ({"timesteps": 0}, "timesteps=0 is not"),
        ({"timesteps": -4}, "timesteps=-4 is not"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(OptionError) as caught:
        methods.make("augmapping", values)
    assert message in str(caught.value)


def test_texts_are_parsed_to_the_type_of_the_option():
    texts = {"timesteps": "8", "levels": "None", "percentile": "99", "per": "layer"}
    made = methods.make("augmapping", texts)
    assert (made.timesteps, made.levels, made.per) == (8, None, "layer")
    assert made.percentile == 99.0 and type(made.percentile) is float


@pytest.mark.parametrize(
    ("name", "options", "alphabet"),
    [
        ("data_norm", {}, {0, 1}),
        ("termapping", {}, {-1, 0, 1}),
        ("augmapping", {"levels": 3}, {-3, -2, -1, 0, 1, 2, 3}),
        ("augmapping", {"levels": 2, "negative_threshold": 0.5}, {-2, -1, 0, 1, 2}),
    ],
)
def test_spikes_are_of_the_alphabet_of_the_method(name, options, alphabet, trained):
    model, x = trained
    snn = tfsnn.convert(model, x[:50], name, timesteps=8, **options)
    spikes = snn.simulate(x[50:60]).spikes
    found = set(np.unique(np.concatenate([s.ravel() for s in spikes.values()])))
    assert found <= alphabet
    assert max(found) == max(alphabet) and (min(found) < 0) == (min(alphabet) < 0)


@pytest.mark.parametrize("name", METHODS)
def test_the_error_at_four_times_the_steps_is_smaller(name, trained):
    model, x = trained
    errors = []
    for timesteps in (4, 16, 64):
        snn = tfsnn.convert(model, x[:200], name, timesteps=timesteps)
        errors.append(np.abs(snn(x[200:]) - model(x[200:])).mean())
    assert errors[2] < errors[1] < errors[0]


def test_signed_spikes_decode_better_than_binary_ones(trained):
    """The same thresholds and initial potentials; only negative spikes are added."""
    model, x = trained
    graph = simplify(import_model(model))
    values = graph.forward(x[200:240])
    errors = {}
    for name in ("data_norm", "termapping"):
        options = {"scale": "max", "per": "channel", "initial_potential": 0.5}
        snn = tfsnn.convert(model, x[:200], name, timesteps=16, **options)
        trace = snn.simulate(x[200:240])
        for node, spikes in trace.spikes.items():
            decoded = spikes.mean(0) * np.asarray(snn.graph[node].scale)
            errors[name, node] = np.abs(decoded - values[node]).mean()
    first, second = trace.spikes
    # The first gets a constant current, where no spike needs to be taken back.
    assert errors["termapping", first] == errors["data_norm", first]
    assert errors["termapping", second] < errors["data_norm", second]


@pytest.mark.parametrize("name", METHODS)
def test_convert_is_the_same_for_the_same_seed(name):
    model = models.randomise(
        keras.Sequential(
            [
                keras.Input((12, 12, 1)),
                layers.Conv2D(2, 3),
                layers.ReLU(),
                layers.Flatten(),
            ]
        )
    )
    x = models.samples(model, 6)
    weights = [
        tfsnn.convert(
            model, x, name, seed=seed, scale="percentile", percentile=80.0
        ).get_weights()
        for seed in (0, 0, 5)
    ]
    assert all((a == b).all() for a, b in zip(*weights[:2], strict=True))
    assert any((a != b).any() for a, b in zip(*weights[1:], strict=True))
