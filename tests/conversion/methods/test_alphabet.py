"""What spikes carry: said by the options, and checked against every method's plan."""

import re

import pytest

from tfsnn.conversion import methods
from tfsnn.conversion.methods.alphabet import Alphabet, alphabet_of, options_for, parse
from tfsnn.errors import OptionError

METHODS = methods.methods()
INF = 10**9


def test_texts():
    assert parse("binary") == Alphabet("binary", 1, False)
    assert parse("ternary") == Alphabet("ternary", 1, True)
    assert parse("graded:4") == Alphabet("graded:4", 15, None)
    assert parse("graded:24").levels == 2**24 - 1


@pytest.mark.parametrize(
    "text", ["", "Binary", "graded", "graded:", "graded:0", "graded:25", "graded:-1"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(OptionError, match=r"binary, ternary, or graded:N .* 1 to 24"):
        parse(text)


def carried(text):
    """The integers that a text of `alphabet_of` stands for."""
    if text in ("binary", "ternary"):
        return {0, 1} | ({-1} if text == "ternary" else set())
    if bits := re.fullmatch(r"graded:(\d+)", text):
        return set(range(2 ** int(bits[1])))
    if most := re.fullmatch(r"0, ±2\^0\.\.±2\^(\d+)", text):
        powers = {2**k for k in range(int(most[1]) + 1)}
        return {0} | powers | {-power for power in powers}
    low, high = map(int, text.replace("inf", str(INF)).split(".."))
    return {low, high} if high == INF else set(range(low, high + 1))


def planned(made, calibrated):
    """The integers that the neurons of a plan can send."""
    plans = made.plan(*calibrated["cnn"])
    if plans.clock.by_time:  # it carries something by its time alone
        return {0, 1}
    (neurons,) = {
        (
            plan.neuron,
            INF if plan.max_coefficient is None else int(plan.max_coefficient),
            plan.negative_threshold is not None,
            plan.settings.get("thresholds"),
        )
        for plan in plans.values()
    }
    kind, most, signed, thresholds = neurons
    if kind == "differential":
        return {s * 2**k for k in range(thresholds) for s in (-1, 1)} | {0}
    low = -most if signed else 0
    return {low, most} if most == INF else set(range(low, most + 1))


@pytest.mark.parametrize("name", METHODS)
def test_the_alphabet_of_a_method_is_that_of_its_plan(name, calibrated):
    made = methods.make(name, {})
    assert carried(alphabet_of(made)) == planned(made, calibrated)


@pytest.mark.parametrize("text", ["binary", "ternary", "graded:1", "graded:3"])
@pytest.mark.parametrize("name", METHODS)
def test_the_options_of_an_alphabet_make_it(name, text, calibrated):
    wanted = parse(text)
    options = options_for(METHODS[name], wanted)
    if options is None:
        # What it cannot do is not what it does by default.
        assert carried(alphabet_of(methods.make(name, {}))) != carried(text)
        return
    made = methods.make(name, options)
    found = planned(made, calibrated)
    assert carried(alphabet_of(made)) == found
    if wanted.signed is None:
        positive = {c for c in found if c >= 0}
        assert positive <= carried(text)
        assert positive == carried(text) or name == "differential"
    else:
        assert found == carried(text)


@pytest.mark.parametrize(
    ("name", "able"),
    [
        ("data_norm", "binary graded:1"),
        ("termapping", "ternary graded:1"),
        ("hmt", "binary graded:1 graded:3"),
        ("augmapping", "ternary graded:1 graded:3"),
        ("paced", "binary ternary graded:1 graded:3"),
        ("radix", "binary graded:1 graded:3"),
        ("differential", "ternary graded:1 graded:3"),
    ],
)
def test_which_method_can_do_which(name, able):
    texts = ("binary", "ternary", "graded:1", "graded:3")
    found = [t for t in texts if options_for(METHODS[name], parse(t)) is not None]
    assert found == able.split()


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("data_norm", {}, "binary"),
        ("termapping", {}, "ternary"),
        ("hmt", {"levels": 15}, "graded:4"),
        ("hmt", {"levels": 14}, "0..14"),
        ("augmapping", {"levels": 15}, "-15..15"),
        ("augmapping", {"levels": 1}, "ternary"),
        ("augmapping", {"levels": None}, "-inf..inf"),
        ("paced", {"levels": 3, "negative_threshold": 0.0}, "-3..3"),
        ("paced", {"negative_threshold": None}, "binary"),
        ("radix", {"base": 16}, "graded:4"),
        ("radix", {"base": 10}, "0..9"),
        ("differential", {"thresholds": 4}, "0, ±2^0..±2^3"),
        ("differential", {"thresholds": 1}, "ternary"),
    ],
)
def test_the_text_is_exact(name, options, text):
    assert alphabet_of(methods.make(name, options)) == text


def test_options_out_of_their_range_are_not_set():
    assert options_for(METHODS["differential"], parse("graded:12")) == {
        "thresholds": 12
    }
    assert options_for(METHODS["differential"], parse("graded:13")) is None
