"""Contract tests over all methods, and the rules of the thresholds."""

import dataclasses
import json

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.conversion import methods
from tfsnn.conversion.normalize import normalize
from tfsnn.errors import OptionError
from tfsnn.network.nodes import Rate
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model

METHODS = methods.methods()
# A step has the whole value, and thresholds follow from moments, not from draws.
OF_VALUES = ("sigma_delta",)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("network", ["cnn", "residual", "depthwise", "reshaped"])
def test_every_rate_node_is_planned(name, network, calibrated):
    graph, statistics = calibrated[network]
    plan = methods.make(name, {}).plan(graph, statistics)
    assert set(plan) == {node.name for node in graph.of_kind(Rate)}
    for node in graph.of_kind(Rate):
        assert_plans(plan[node.name], node)


def assert_plans(neurons, node):
    scale, most = neurons.scale, neurons.max_coefficient
    assert scale.shape in (node.shape[-1:], node.shape)
    assert np.isfinite(scale).all() and (scale > 0).all()
    if node.max_value is not None:  # no rate stands for more than the bound
        assert (scale * most <= node.max_value * (1 + 1e-6)).all()


def with_options(name, **wanted):
    """A method with those of the options wanted that it has."""
    known = {spec.name for spec in dataclasses.fields(METHODS[name])}
    return methods.make(name, {k: v for k, v in wanted.items() if k in known})


def choices(name, option):
    for described in methods.options(METHODS[name]):
        if described["name"] == option:
            return described["choices"]
    return ()


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_every_rule_plans_for_each_channel_layer_and_neuron(name, calibrated):
    graph, statistics = calibrated["depthwise"]
    planned = set()
    for rule in choices(name, "scale"):
        for per in choices(name, "per"):
            made = methods.make(name, {"scale": rule, "per": per})
            try:
                plan = made.plan(graph, statistics)
            except OptionError as refusal:
                assert str(refusal).startswith("per=neuron goes with")
                assert per == "neuron" and (rule != "max" or name == "ic_snn")
                continue
            planned.add((rule, per))
            for node in graph.of_kind(Rate):
                assert_plans(plan[node.name], node)
                scale = plan[node.name].scale
                assert per != "layer" or len(np.unique(scale)) == 1
    assert planned >= {(r, "channel") for r in choices(name, "scale")}


@pytest.mark.parametrize("name", [n for n in METHODS if "neuron" in choices(n, "per")])
def test_a_threshold_for_each_neuron_follows_from_its_peak(name, calibrated):
    graph, statistics = calibrated["cnn"]
    made = with_options(name, per="neuron", scale="max", potential="half")
    for node, neurons in made.plan(graph, statistics).items():
        peak, scale = statistics[node].peak, neurons.scale
        assert scale.shape == peak.shape == graph[node].shape
        seen = peak > 0
        ratio = scale[seen] / peak[seen]
        np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-9)
        assert (scale[~seen] == np.median(scale[seen])).all()


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
        ({"per": "unit"}, "per='unit'; expected one of channel, layer, neuron"),
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


BINARY, TERNARY = {0, 1}, {-1, 0, 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "alphabet"),
    [
        *((name, {}, BINARY) for name in ("data_norm", "rmp", "opi", "rts", "ltb")),
        *((name, {}, BINARY) for name in ("srp", "cos", "paced", "radix")),
        ("snn_calibration", {}, BINARY),
        ("termapping", {}, TERNARY),
        ("snm", {"scale": "percentile", "per": "channel", "percentile": 60.0}, TERNARY),
        ("paced", {"negative_threshold": 0.0, "lookahead": 0}, TERNARY),
        ("augmapping", {"levels": 3}, {-3, -2, -1, 0, 1, 2, 3}),
        ("augmapping", {"levels": 2, "negative_threshold": 0.5}, {-2, -1, 0, 1, 2}),
        ("burst", {"levels": 3}, {0, 1, 2, 3}),
        ("hmt", {"levels": 3}, {0, 1, 2, 3}),
        ("radix", {"base": 4}, {0, 1, 2, 3}),
        ("differential", {"thresholds": 3}, {-4, -2, -1, 0, 1, 2, 4}),
    ],
)
def test_spikes_are_of_the_alphabet_of_the_method(name, options, alphabet, calibrated):
    graph, statistics = calibrated["residual"]
    x = np.random.default_rng(2).normal(0, 2, (10, 4, 4, 2)).astype(np.float32)
    made = methods.make(name, {**options, "timesteps": 8})
    spiking = normalize(graph, made.plan(graph, statistics))
    observed = simulate(spiking, tf.constant(x), 8, observe=("spikes",)).observed
    found = set(np.unique(np.concatenate([np.ravel(s) for s in observed.values()])))
    assert found <= alphabet
    assert max(found) == max(alphabet) and (min(found) < 0) == (min(alphabet) < 0)


@pytest.fixture(scope="module")
def calibration(trained):
    """The samples that thresholds are chosen by, gone through once for all methods."""
    model, x = trained
    return tfsnn.calibration(model, x[:200])


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in METHODS if n not in OF_VALUES])
def test_the_error_at_four_times_the_steps_is_smaller(
    name, trained, calibration, monkeypatch
):
    """Where a method codes in digits, at so many times the digits."""
    monkeypatch.setattr(
        "tfsnn.simulation.simulate.AT_ONCE", 100 * 64
    )  # no slices: quicker
    model, x = trained
    (spec,) = (s for s in dataclasses.fields(METHODS[name]) if s.name == "timesteps")
    steps = (4, 16, 64) if spec.metadata["high"] >= 64 else (2, 4, 8)
    errors, expected = [], model(x[200:])
    for timesteps in steps:
        snn = tfsnn.convert(model, calibration, name, timesteps=timesteps)
        errors.append(np.abs(snn(x[200:]) - expected).mean())
    assert errors[2] < errors[1] < errors[0]


def test_signed_spikes_decode_better_than_binary_ones(trained):
    """The same thresholds and initial potentials; only negative spikes are added."""
    model, x = trained
    graph = simplify(import_model(model))
    values = graph.forward(x[200:240])
    errors = {}
    for name in ("data_norm", "termapping"):
        options = {
            "scale": "max",
            "per": "channel",
            "initial_potential": 0.5,
            "correct": "none",
        }
        snn = tfsnn.convert(model, x[:200], name, timesteps=16, **options)
        trace = snn.simulate(x[200:240])
        for node, spikes in trace.spikes.items():
            decoded = spikes.mean(0) * np.asarray(snn.graph[node].scale)
            errors[name, node] = np.abs(decoded - values[node]).mean()
    first, second = trace.spikes
    # The first gets a constant current, where no spike needs to be taken back.
    assert errors["termapping", first] == errors["data_norm", first]
    assert errors["termapping", second] < errors["data_norm", second]


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_convert_is_the_same_for_the_same_seed(name):
    """With all corrections, and whether the samples have labels or not."""
    model = models.randomise(
        keras.Sequential(
            [
                keras.Input((12, 12, 1)),
                layers.Conv2D(2, 3),
                layers.ReLU(),
                layers.Conv2D(3, 3, strides=3),
                layers.ReLU(),
                layers.Flatten(),
            ]
        )
    )
    x = models.samples(model, 12)
    made = with_options(
        name,
        **{"scale": "percentile", "percentile": 80.0, "per": "channel"},
        **{"correct": "weights+bias+potential", "correct_samples": 8, "timesteps": 4},
    )
    weights = [
        tfsnn.convert(
            model, data, name, seed=seed, **dataclasses.asdict(made)
        ).get_weights()
        for data, seed in ((x, 0), ((x, np.arange(12) % 3), 0), (x, 5))
    ]
    assert all((a == b).all() for a, b in zip(*weights[:2], strict=True))
    others = [(a != b).any() for a, b in zip(*weights[1:], strict=True)]
    assert any(others) != (name in OF_VALUES)
