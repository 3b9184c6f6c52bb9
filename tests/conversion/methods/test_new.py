"""A method from outside of the package: registered, converted with, and refused."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import models
import numpy as np
import pytest

import tfsnn
from tfsnn.analysis.choose.candidates import candidates
from tfsnn.conversion import methods
from tfsnn.conversion.methods import (
    FixedLevels,
    LevelsOption,
    Method,
    NeuronPlan,
    Plan,
    PowersOfTwo,
    SignOption,
    Spikes,
    method,
    option,
    registry,
)
from tfsnn.conversion.methods.alphabet import alphabet_of, options_for, parse
from tfsnn.conversion.statistics import calibrate
from tfsnn.errors import OptionError
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    """What a test registers is for that test."""
    monkeypatch.setattr(registry, "_REGISTRY", methods.methods())


@dataclass(frozen=True)
class Throwaway(Method):
    """Integer spikes by maxima; its options have names that no other method has."""

    alphabet = Spikes(LevelsOption("size"), SignOption("take_back", 0.0))

    timesteps: int = option(4, "T", low=1)
    size: int = option(3, "the largest spike", low=1, high=15)
    take_back: float | None = option(None, "threshold of negative spikes", low=0)

    def plan(self, graph, statistics):
        """Let the largest spike of one step stand for the largest activation."""
        return Plan(
            {
                name: NeuronPlan(
                    np.where(s.dead, 1.0, s.maximum) / self.size,
                    0.5,
                    self.take_back,
                    float(self.size),
                )
                for name, s in statistics.items()
            }
        )


@pytest.fixture(scope="module")
def network():
    model = models.randomise(models.mlp())
    return model, models.samples(model, 30)


def test_it_converts_as_a_method_of_the_package_with_the_same_plan(network):
    method("throwaway")(Throwaway)
    assert methods.methods()["throwaway"] is Throwaway
    assert list(methods.methods())[-1] == "throwaway"
    model, x = network
    snn = tfsnn.convert(model, x, "throwaway", size="7", timesteps=5)
    same = tfsnn.convert(model, x, "hmt", levels=7, timesteps=5, scale="max")
    assert snn.report.method == "throwaway"
    assert snn.report.options == {"timesteps": 5, "size": 7, "take_back": None}
    ours, theirs = snn.simulate(x), same.simulate(x)
    assert set(ours.spikes) == set(theirs.spikes)
    for name, spikes in ours.spikes.items():
        assert (spikes == theirs.spikes[name]).all()
        assert spikes.min() == 0 and 1 < spikes.max() <= 7
    assert (np.asarray(snn(x)) == np.asarray(same(x))).all()
    with pytest.raises(OptionError, match="throwaway: size=16 is not a number from 1"):
        tfsnn.convert(model, x, "throwaway", size=16)


def test_the_registry_of_the_package_does_not_have_it():
    assert "throwaway" not in methods.methods()
    with pytest.raises(OptionError, match="unknown method: 'throwaway'"):
        methods.make("throwaway", {})


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("binary", {"size": 1, "take_back": None}),
        ("ternary", {"size": 1, "take_back": 0.0}),
        ("graded:3", {"size": 7}),
        ("graded:4", {"size": 15}),
        ("graded:5", None),
    ],
)
def test_its_alphabet_is_the_one_that_it_declares(text, needed):
    assert options_for(Throwaway, parse(text)) == needed
    if needed is not None:
        assert alphabet_of(Throwaway(**needed)) == text


def test_its_alphabet_in_words():
    assert alphabet_of(Throwaway()) == "graded:2"
    assert alphabet_of(Throwaway(size=5)) == "0..5"
    assert alphabet_of(Throwaway(size=5, take_back=0.0)) == "-5..5"
    assert alphabet_of(Throwaway(size=1, take_back=1.0)) == "ternary"


def test_declarations_that_no_method_of_the_package_has():
    fixed, powers = Spikes(FixedLevels(3)), Spikes(PowersOfTwo("n"))
    assert fixed.options(3, None) == {} and fixed.options(1, None) is None
    assert fixed.options(3, True) is None and fixed.text({}) == "graded:2"
    assert powers.text({"n": 3}) == "0, 2^0..2^2" and powers.text({"n": 1}) == "binary"
    assert powers.options(7, False) == {"n": 3} and powers.largest({"n": 3}) == 4


def test_it_is_tried_by_choose_if_it_asks_to_be(network):
    graph = simplify(import_model(network[0]))
    before = candidates(graph, "ternary")
    method("throwaway")(Throwaway)
    assert candidates(graph, "ternary") == before
    named = candidates(graph, "ternary", ["throwaway"])
    assert named == [("throwaway", {"size": 1, "take_back": 0.0})]

    @method("volunteer")
    @dataclass(frozen=True)
    class Volunteer(Throwaway):
        """The same, and asks to be tried."""

        candidate: ClassVar[dict] = {"timesteps": 2}

    wanted = {"size": 1, "take_back": 0.0, "timesteps": 2}
    assert candidates(graph, "ternary") == [*before, ("volunteer", wanted)]
    assert "volunteer" not in {c.method for c in candidates(graph, "graded:5")}
    named = candidates(graph, "ternary", ["volunteer"])
    assert named == [("volunteer", wanted)]


def test_most_methods_leave_the_graph_and_the_plan_as_they_are(network):
    model, x = network
    graph = simplify(import_model(model))
    statistics = calibrate(graph, [x])
    made = Throwaway()
    plan = made.plan(graph, statistics)
    assert made.prepare(graph) is graph is methods.prepare(made, graph)
    assert made.refine(plan, graph, statistics, None) is plan
    assert not made.corrections and made.samples == methods.samples(made) == 0
    assert methods.make("opi", {"correct": "bias", "correct_samples": 9}).samples == 9
    assert methods.make("adafire", {"correct": "none"}).samples == 32
    with pytest.raises(TypeError, match="abstract"):
        Method()


def test_a_second_stage_gets_a_probe_on_the_samples_that_it_asks_for(network):
    model, x = network
    asked = []

    @method("doubling")
    @dataclass(frozen=True)
    class Doubling(Throwaway):
        """Doubles thresholds if that brings outputs nearer, and else halves them."""

        probe_samples: int = option(8, "samples to try on", low=0)

        def refine(self, plan, graph, statistics, probe):
            """Take the better of two plans."""
            tried = [
                Plan({k: dataclasses.replace(n, scale=n.scale * by) for k, n in items})
                for items in [plan.items()]
                for by in (2.0, 0.5)
            ]
            asked.extend(probe(each).divergence for each in tried)
            return tried[int(np.argmin(asked))]

    snn = tfsnn.convert(model, x, "doubling", timesteps=8)
    plain = Throwaway(timesteps=8)
    graph = simplify(import_model(model))
    before = plain.plan(graph, calibrate(graph, [x]))
    factor = (2.0, 0.5)[int(np.argmin(asked))]
    assert len(asked) == 2 and asked[0] != asked[1]
    for name, neurons in before.items():
        found = np.asarray(snn.graph[name].scale)
        np.testing.assert_allclose(found, factor * neurons.scale, rtol=1e-6)
    with pytest.raises(ValueError, match=r"tried on no samples: give .* probe_samples"):
        tfsnn.convert(model, x, "doubling", probe_samples=0)


def undeclared(**changes):
    """A class like the method above, with other attributes."""
    types = {"timesteps": int, **{name: int for name in ("seed",) if name in changes}}
    body = {"__annotations__": types, "timesteps": option(4, "T")}
    body = {**body, "plan": Throwaway.plan, **changes}
    return dataclass(frozen=True)(type("Odd", (Method,), body))


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (
            undeclared(),
            r"'odd' \(Odd\) does not declare what its spikes carry: .* `alphabet = "
            r"Spikes\(\.\.\.\)`, as Spikes\(\) for binary",
        ),
        (undeclared(alphabet="binary"), "does not declare what its spikes carry"),
        (
            undeclared(alphabet=Spikes(LevelsOption("most"))),
            "spikes follow from most, which is none of its options: timesteps",
        ),
        (
            undeclared(alphabet=Spikes(signed=SignOption("sign", 0.0))),
            "spikes follow from sign, which is none of its options: timesteps",
        ),
        (dataclass(frozen=True)(type("Odd", (Method,), {})), "has no option timesteps"),
        (
            undeclared(alphabet=Spikes(), seed=option(0, "of its own")),
            "has the option seed, which tfsnn.convert takes for every method",
        ),
        (type("Odd", (), {}), "is no Method: derive it from tfsnn.methods.Method"),
        (type("Odd", (Throwaway,), {}), None),
        (type("Odd", (Method,), {}), r"is no frozen dataclass, .* @dataclass\(frozen"),
    ],
)
def test_incomplete_methods_are_not_registered(cls, message):
    if message is None:  # a subclass is as complete as its base
        assert method("odd")(cls) is methods.methods()["odd"]
        return
    with pytest.raises(ValueError, match=message):
        method("odd")(cls)
    assert "odd" not in methods.methods()
