"""Which rows a comparison has, before anything is measured."""

import pytest

from tfsnn.analysis.compare.settings import TIMESTEPS, contestants
from tfsnn.analysis.comparison import ComparedRow, Comparison
from tfsnn.conversion import methods
from tfsnn.errors import OptionError


def test_all_methods_at_all_steps_they_can_do():
    rows, left_out = contestants()
    steps = {name: [r.timesteps for r in rows if r.method == name] for name in METHODS}
    assert steps["hmt"] == list(TIMESTEPS) == [1, 2, 4, 8, 16, 32]
    assert steps["radix"] == [1, 2, 4, 8]
    assert all(steps.values())
    assert [row.method for row in rows] == [n for n in METHODS for _ in steps[n]]
    assert all(row.error is None and row.options == {} for row in rows)
    (of_radix,) = [sentence for sentence in left_out if "radix" in sentence]
    assert of_radix.startswith("left out: radix at T=16, 32 (")
    assert "not a number from 1 to 10" in of_radix


METHODS = list(methods.methods())


def test_a_method_that_was_named_is_a_row_with_an_error():
    rows, left_out = contestants(["radix"], [16, 4])
    assert left_out == ()
    assert [row.timesteps for row in rows] == [4, 16]
    assert rows[0].error is None and "from 1 to 10" in rows[1].error
    rows, left_out = contestants("termapping,hmt", [1, 2], "binary")
    assert [(r.method, r.timesteps) for r in rows] == [
        ("termapping", None),
        ("hmt", 1),
        ("hmt", 2),
    ]
    assert rows[0].error == "it cannot send binary spikes"
    assert rows[0].alphabet is None and left_out == ()


def test_an_alphabet_sets_options_and_leaves_methods_out():
    rows, left_out = contestants("all", [2], "graded:3", {"hmt": {"scale": "mse"}})
    found = {row.method: row for row in rows}
    assert found["hmt"].options == {"levels": 7, "scale": "mse"}
    assert found["hmt"].alphabet == "graded:3"
    assert found["augmapping"].alphabet == "-7..7"
    assert found["radix"].options == {"base": 8}
    assert found["differential"].options == {"thresholds": 3}
    assert "data_norm" not in found
    assert "left out: data_norm (it cannot send graded:3 spikes)" in left_out
    assert set(found) | {sentence.split()[2] for sentence in left_out} == set(METHODS)


def test_texts_of_options_become_values():
    (row,) = contestants("hmt", [1], None, {"hmt": {"levels": "7"}})[0]
    assert row.options == {"levels": 7} and row.alphabet == "graded:3"
    (same,) = contestants("hmt", [1], "graded:3", {"hmt": {"levels": "7"}})[0]
    assert same.options == {"levels": 7}


def test_each_method_and_step_once():
    rows, _ = contestants("hmt,burst,hmt", [2, 1, 2])
    assert [(r.method, r.timesteps) for r in rows] == [
        ("hmt", 1),
        ("hmt", 2),
        ("burst", 1),
        ("burst", 2),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("hmmt",), "unknown method: 'hmmt'"),
        (("all,hmt",), "unknown method: 'all'"),
        (("",), "unknown method: ''"),
        (([],), "nothing is left to compare"),
        (("hmt", []), r"timesteps=\[\]: give whole numbers from 1 up"),
        (("hmt", [0, 1]), "whole numbers from 1 up"),
        (("hmt", [1.5]), "whole numbers from 1 up"),
        (("hmt", [True]), "whole numbers from 1 up"),
        (("hmt", [1], "tertiary"), "alphabet 'tertiary' is not known"),
        (("hmt", [1], None, {"burst": {}}), "burst, which is not compared"),
        (("hmt", [1], None, {"hmt": {"level": 3}}), "did you mean 'levels'"),
        (("hmt", [1], None, {"hmt": {"levels": "0"}}), "levels=0 is not a number"),
        (("hmt", [1], None, {"hmt": {"timesteps": 3}}), "give --timesteps"),
        (
            ("hmt", [1], "binary", {"hmt": {"levels": 3}}),
            "levels=3 contradicts the alphabet binary, for which it is 1",
        ),
        (("all", [1], "graded:24", {"radix": {"base": 2}}), "base=2 contradicts"),
    ],
)
def test_impossible_wishes_are_refused(arguments, message):
    with pytest.raises(OptionError, match=message):
        contestants(*arguments)


@pytest.mark.parametrize("jitter", ["0,0.1", [0.0, 0.1], (0.0, 0.1)])
def test_an_option_with_several_values_has_a_row_for_each(jitter):
    options = {"ttfs": {"jitter": jitter, "ticks": [8, 16], "per": "layer"}}
    rows, _ = contestants(["ttfs", "hmt"], [1], options=options)
    found = [tuple(r.options.values()) for r in rows if r.method == "ttfs"]
    assert found == [
        (0.0, 8, "layer"),
        (0.0, 16, "layer"),
        (0.1, 8, "layer"),
        (0.1, 16, "layer"),
    ]
    assert len(rows) == 5


def compared(*rows):
    found = [
        ComparedRow(name, options, "binary", steps, score=0.5)
        for name, options, steps in rows
    ]
    return Comparison(10, tuple(found), ())


def test_curves_are_over_the_only_option_that_varies():
    noisy = [("ttfs", {"ticks": 8, "jitter": x}, 1) for x in (0.0, 0.1)]
    over, curves = compared(*noisy).series()
    assert over == "jitter" and list(curves) == ["ttfs (ticks=8)"]
    assert [row.options["jitter"] for row in curves["ttfs (ticks=8)"]] == [0.0, 0.1]
    labels = ["ttfs (ticks=8, jitter=0.0)", "ttfs (ticks=8, jitter=0.1)"]
    longer = [(name, options, 2) for name, options, _ in noisy]
    for rows in (
        [*noisy, *longer],  # over T
        [("ttfs", {"ticks": 8 + i, "jitter": x}, 1) for i, (*_, x) in enumerate("ab")],
    ):
        over, curves = compared(*rows).series()
        assert over == "timesteps"
    assert list(compared(*noisy, *longer).series()[1]) == labels
    failed = ComparedRow("ttfs", {"ticks": 9}, "binary", 1, error="too many")
    assert Comparison(10, (failed,), ()).series() == ("timesteps", {})
