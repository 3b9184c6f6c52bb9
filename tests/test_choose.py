"""The cheapest setting within a drop: candidates, search, and what is found."""

import dataclasses
import itertools
import json

import keras
import models
import numpy as np
import pytest
from click.testing import CliRunner

import tfsnn
from tfsnn import methods
from tfsnn.alphabet import alphabet_of, parse
from tfsnn.candidates import Candidate, candidates
from tfsnn.choice import MINIMISED, Tried, frontier, standard_error
from tfsnn.choose import _Search
from tfsnn.data import open_data
from tfsnn.data.holdout import hold_out
from tfsnn.errors import CalibrationError, DataError, OptionError
from tfsnn.passes import simplify
from tfsnn.sources import import_model
from tfsnn_cli.main import cli

INF = float("inf")


def tried(method="m", steps=1, *, energy=1.0, drop=0.0, latency=None, options=None):
    return Tried(
        *(method, options or {}, "binary", steps, latency or steps),
        *(None, 1 - drop / 100, drop, 0.0, 10.0, 10.0, energy),
    )


def test_the_frontier_is_what_none_beats_in_both():
    a = tried("a", 1, energy=0.25, drop=8.0)
    b = tried("b", 2, energy=0.5, drop=8.0)  # dearer than a, and no better
    c = tried("c", 2, energy=0.5, drop=2.0)
    d = tried("d", 4, energy=0.75, drop=3.0)  # worse than c
    e = tried("e", 8, energy=1.0, drop=0.0)
    f = tried("f", 8, energy=1.0, drop=0.0)  # the same as e
    for rows in itertools.permutations([a, b, c, d]):
        assert frontier([*rows, e, f], "energy") == (a, c, e)
    assert frontier([a, b, c, d], "timesteps") == (a, c)
    late = dataclasses.replace(a, latency=20)
    assert frontier([late, c, e], "latency") == (c, e)


def test_settings_without_an_energy_ratio_are_compared_by_operations():
    rows = [tried("a", 1, drop=0.0, energy=None), tried("b", 2, energy=None)]
    rows[0] = dataclasses.replace(rows[0], synops=11.0)
    assert frontier(rows, "energy") == (rows[1],)


def test_the_standard_error_is_at_least_that_of_the_differences(rng):
    """Right or wrong, ANN and SNN: the error of the mean difference, by NumPy."""
    for share, n in itertools.product((0.0, 0.02, 0.2, 0.7), (20, 100, 500)):
        ann = rng.random(n) < 0.9
        snn = ann ^ (rng.random(n) < share)
        disagreed = ann != snn  # wrong in two ways is agreement, or not
        drop = 100 * (ann.mean() - snn.mean())
        found = standard_error(drop, 1 - disagreed.mean(), n)
        exact = 100 * np.std(ann.astype(float) - snn) / np.sqrt(n)
        assert exact * (1 - 1e-9) <= found
        assert found <= exact + 100 / n  # one sample more
    assert standard_error(0.0, 1.0, 98) == 100 * np.sqrt(0.01 / 98)


class Judged:
    """A judge by tables: drop and energy, by candidate, T and threshold scale."""

    def __init__(self, drops, energies, latencies):
        self.tables = drops, energies, latencies
        self.tried, self.asked = [], []

    def __call__(self, method, options, steps):
        scale = options.get("threshold_scale", 1.0)
        self.asked.append((method, steps, scale))
        if (method, steps, scale) not in self.tables[0]:
            return None
        drop, energy, latency = (t[method, steps, scale] for t in self.tables)
        row = tried(
            *(method, steps),
            energy=energy,
            drop=drop,
            latency=latency,
            options=options,
        )
        self.tried.append(row)
        return row


STEPS = (1, 2, 4, 8)


@pytest.mark.parametrize("minimise", MINIMISED)
def test_nothing_cheaper_is_missed(minimise):
    """Against all settings, for tables in which energy and latency grow with T."""
    saved = found_none = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        drops, energies, latencies = {}, {}, {}
        for name in "abcd":
            growing = np.sort(rng.permutation(50)[:4]) / 16
            start = int(rng.integers(0, 5))
            for i, t in enumerate(STEPS):
                key = (name, t, 1.0)
                drops[key] = float(rng.integers(0, 40) / 2**i)
                energies[key], latencies[key] = growing[i], start + t
        judge = Judged(drops, energies, latencies)
        search = _Search(judge, 2.0, minimise)
        search.by_steps([Candidate(name, {}) for name in "abcd"], STEPS)
        assert len(set(judge.asked)) == len(judge.asked)
        costs = [
            tried(k[0], k[1], energy=energies[k], latency=latencies[k]).cost(minimise)
            for k, drop in drops.items()
            if drop <= 2
        ]
        if not costs:
            assert search.best is None and len(judge.asked) == 16
            found_none += 1
            continue
        assert search.best.drop <= 2
        assert search.best.cost(minimise) == min(costs)
        saved += 16 - len(judge.asked)
    assert saved > 4 * 200 and found_none < 100  # the search is worth its name


def test_a_candidate_stops_at_the_first_steps_that_suffice():
    keys = [("a", t, 1.0) for t in STEPS]
    drops = dict(zip(keys, (9.0, 0.5, 0.0, 0.0), strict=True))
    energies = dict(zip(keys, (0.1, 0.2, 0.3, 0.4), strict=True))
    judge = Judged(drops, energies, {k: k[1] for k in keys})
    search = _Search(judge, 0.5, "energy")
    search.by_steps([Candidate("a", {})], STEPS)
    assert judge.asked == keys[:2] and search.best.timesteps == 2


def test_other_thresholds_are_tried_for_the_best_and_for_one_t_less():
    scales = (0.8, 1.0, 1.25)
    drops = {("a", t, s): 5.0 for t in (1, 2, 4) for s in scales}
    drops |= {("a", 4, 1.0): 1.0, ("a", 2, 0.8): 1.0, ("a", 4, 1.25): 1.0}
    energies = {key: key[1] / key[2] / 16 for key in drops}
    judge = Judged(drops, energies, {key: key[1] for key in drops})
    search = _Search(judge, 1.0, "energy")
    search.by_steps([Candidate("a", {"x": 1})], (1, 2, 4))
    assert search.best.timesteps == 4 and len(judge.asked) == 3
    search.by_thresholds((1, 2, 4))
    assert judge.asked[3:] == [("a", t, s) for t in (4, 2) for s in (0.8, 1.25)]
    # 4 / 1.25 is more than 2 / 0.8.
    assert search.best.timesteps == 2
    assert search.best.options == {"x": 1, "threshold_scale": 0.8}


def test_where_nothing_fits_other_thresholds_are_tried_for_the_closest():
    drops = {("a", 1, 1.0): 5.0, ("a", 2, 1.0): 3.0, ("a", 2, 0.8): 1.0}
    judge = Judged(drops, dict.fromkeys(drops, 0.5), {key: key[1] for key in drops})
    search = _Search(judge, 1.0, "energy")
    search.by_steps([Candidate("a", {})], (1, 2))
    assert search.best is None
    search.by_thresholds((1, 2))
    assert search.best.options == {"threshold_scale": 0.8}
    assert search.best.timesteps == 2


@pytest.mark.parametrize("text", ["binary", "ternary", "graded:1", "graded:4"])
def test_candidates_send_what_the_hardware_can(text):
    graph = simplify(import_model(models.cnn()))
    found = candidates(graph, text)
    assert len(found) >= 4 and found[0].method == "paced"
    labels = [str(candidate) for candidate in found]
    assert len(set(labels)) == len(labels)
    for name, options in found:
        alphabet = alphabet_of(methods.make(name, {**options, "timesteps": 2}))
        if text in ("binary", "ternary"):
            assert alphabet == text
        elif name not in ("augmapping", "differential"):  # of either sign
            assert parse(alphabet).levels == parse(text).levels


def test_neurons_for_smooth_activations_are_tried_where_there_are_any():
    smooth = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "tanh")])
    smooth.add(keras.layers.Dense(2))
    for model, expected in ((models.cnn(), False), (smooth, True)):
        found = candidates(simplify(import_model(model)), "binary")
        assert ("few_spikes" in {c.method for c in found}) == expected


def test_candidates_by_name():
    graph = simplify(import_model(models.cnn()))
    found = candidates(graph, "binary", ["opi", "radix"])
    assert found == [
        ("radix", {"base": 2, "correct": "weights+bias"}),
        ("opi", {}),
    ]
    everything = [
        c for text in ("graded:4", "ternary", "binary") for c in candidates(graph, text)
    ]
    assert candidates(graph) == everything
    with pytest.raises(OptionError, match="no method that can send ternary spikes"):
        candidates(graph, "ternary", ["opi"])
    with pytest.raises(OptionError, match="unknown method: 'opo'"):
        candidates(graph, None, ["opo"])


def rows_of(data):
    parts = [(x, y) for x, y in data.batches(7)]
    x = np.concatenate([x for x, _ in parts])
    return x, None if parts[0][1] is None else np.concatenate([y for _, y in parts])


@pytest.mark.parametrize(
    ("count", "limit", "held"),
    [(40, None, 20), (41, None, 20), (100, None, 25), (100, 30, 15)],
)
def test_samples_are_held_out(count, limit, held):
    """Each sample is in one of two parts, with its label, and only one."""
    x = np.arange(count, dtype=np.uint8)[:, None]
    data = open_data((x, np.arange(count)), (1,), limit=limit)
    rest, out = hold_out(data, 25, least=20, seed=1)
    assert out.size == held and rest.size == (limit or count) - held
    found = []
    for part in (rest, out):
        values, y = rows_of(part)
        assert len(y) == part.size
        assert (values[:, 0] == np.float32(1 / 255) * y.astype(np.float32)).all()
        found += y.tolist()
    assert sorted(found) == list(range(limit or count))
    again, other = (hold_out(data, 25, least=20, seed=s)[1] for s in (1, 2))
    assert (rows_of(again)[1] == rows_of(out)[1]).all()
    assert rows_of(other)[1].tolist() != rows_of(out)[1].tolist()


def test_several_inputs_stay_together_when_held_out():
    x = {"a": np.arange(30.0)[:, None], "b": -np.arange(30.0)[:, None]}
    data = open_data(x, {"a": (1,), "b": (1,)})
    for part in hold_out(data, 500, least=20, seed=0):
        ((values, y),) = part.batches(30)
        assert (values["a"] == -values["b"]).all() and y is None
        assert len(values["a"]) == 15


@pytest.fixture(scope="module")
def labelled(trained):
    """The trained network, and its data with the labels that it was trained with."""
    model, x = trained
    return model, x, np.random.default_rng(1).integers(0, 3, 300)


ARGUMENTS = {
    "alphabet": "ternary",
    "timesteps": [1, 2, 4],
    "methods": ["paced", "termapping"],
    "seed": 2,
}


@pytest.fixture(scope="module")
def chosen(labelled):
    model, x, y = labelled
    said = []
    found = tfsnn.choose(model, (x, y), max_drop=2.0, say=said.append, **ARGUMENTS)
    return found, said


def test_the_chosen_is_the_cheapest_within_the_drop(chosen, labelled):
    found, said = chosen
    plain = [row for row in found.tried if row.precision == "float32"]
    within = [row for row in plain if row.drop <= 2]
    cheapest = min(within, key=lambda row: row.cost("energy"))
    assert found.best.precision == "bfloat16" and found.best.drop <= 2
    assert found.best.options == cheapest.options
    assert found.best.timesteps == cheapest.timesteps
    assert found.best in found.frontier and found.samples == 150
    assert {row.alphabet for row in found.tried} == {"ternary"}
    assert all(row.standard_error > 0 for row in found.tried)
    assert len(said) == len(found.tried) + 1 and "with all samples" in said[-1]
    assert found.best.label in str(found) and "150 samples held out" in str(found)
    assert json.loads(json.dumps(found.to_dict()))["samples"] == 150


def test_the_chosen_is_converted_with_all_samples(chosen, labelled):
    (model, x, y), best = labelled, chosen[0].best
    options = {"timesteps": best.timesteps, "precision": best.precision}
    options |= best.options
    expected = tfsnn.convert(model, (x, y), best.method, seed=2, **options)
    assert chosen[0].snn.report == expected.report
    assert expected.report.samples == 300
    weights = zip(chosen[0].snn.get_weights(), expected.get_weights(), strict=True)
    assert all((a == b).all() for a, b in weights)


def test_settings_are_judged_on_samples_held_out(chosen, labelled):
    model, x, y = labelled
    data = open_data((x, y), (6, 6, 2))
    rest, held = (rows_of(part) for part in hold_out(data, 500, least=20, seed=2))
    row = chosen[0].tried[0]
    options = {**row.options, "timesteps": row.timesteps}
    snn = tfsnn.convert(model, rest, row.method, seed=2, **options)
    top = model.predict(held[0], verbose=0).argmax(-1)
    ours = snn.predict(held[0], verbose=0).argmax(-1)
    assert row.accuracy == np.mean(ours == held[1])
    assert row.agreement == np.mean(ours == top)
    assert chosen[0].ann_accuracy == np.mean(top == held[1])
    np.testing.assert_allclose(
        row.drop, 100 * (np.mean(top == held[1]) - np.mean(ours == held[1]))
    )


def test_it_is_the_same_for_the_same_seed_and_a_calibration_will_do(chosen, labelled):
    model, x, y = labelled
    arguments = {key: value for key, value in ARGUMENTS.items() if key != "seed"}
    known = tfsnn.calibration(model, (x, y), seed=2)
    again = tfsnn.choose(model, known, max_drop=2.0, **arguments)
    assert again.to_dict() == chosen[0].to_dict()


def test_without_labels_the_drop_is_disagreement(labelled):
    model, x, _ = labelled
    found = tfsnn.choose(
        *(model, x[:100]),
        max_drop=4.0,
        minimise="timesteps",
        timesteps=[1, 8],
        methods=["hmt"],
        alphabet="graded:4",
        holdout=30,
    )
    for row in found.tried:
        assert row.accuracy is None and row.drop == 100 * (1 - row.agreement)
    assert found.ann_accuracy is None and found.samples == 30
    assert found.best.timesteps == 1 and "for want of labels" in str(found)
    assert "So few samples cannot tell a drop of 4 from none" in str(found)


def test_where_nothing_fits_it_says_what_came_close(labelled):
    model, x, y = labelled
    with pytest.raises(CalibrationError) as caught:
        tfsnn.choose(
            *(model, (x[:60], (y[:60] + 1) % 3 * 0)),
            max_drop=0.0,
            timesteps=[1],
            methods=["data_norm"],
            alphabet="binary",
        )
    message = str(caught.value)
    assert "within 0 points; the closest is data_norm" in message
    assert all(way in message for way in ("--max-drop", "--timesteps", "alphabet"))
    assert "30 samples held out" in message


def test_a_setting_that_cannot_be_is_left_out(labelled):
    model, x, y = labelled
    found = tfsnn.choose(
        *(model, (x[:60], y[:60])),
        max_drop=100.0,
        timesteps=[11],
        methods=["radix", "opi"],
        alphabet="binary",
    )
    (sentence,) = found.left_out
    assert sentence.startswith("left out: radix T=11 (") and found.best.method == "opi"
    with pytest.raises(CalibrationError, match="no setting could be measured"):
        tfsnn.choose(
            model, x[:60], timesteps=[11], methods=["radix"], alphabet="binary"
        )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"max_drop": -1.0}, "max_drop=-1.0: give a number of points"),
        ({"max_drop": float("nan")}, "max_drop=nan"),
        ({"minimise": "spikes"}, "expected one of energy, timesteps, latency"),
        ({"timesteps": []}, "at least one"),
        ({"timesteps": [0, 1]}, "whole numbers from 1 up"),
        ({"holdout": 9}, "holdout=9: hold out 10 samples at least"),
        ({"alphabet": "unary"}, "'unary' is not known"),
        ({"methods": ["opo"]}, "unknown method: 'opo'"),
    ],
)
def test_impossible_arguments_are_refused(labelled, changed, message):
    with pytest.raises(OptionError, match=message):
        tfsnn.choose(*labelled[:2], **changed)


def test_too_few_samples_are_refused(labelled):
    with pytest.raises(DataError, match=r"holds 19 samples, too few .* 20 or more"):
        tfsnn.choose(labelled[0], labelled[1][:19])


@pytest.fixture(scope="module")
def converting(labelled, tmp_path_factory):
    """Arguments of the command line that choose, for files of the same network."""
    model, x, y = labelled
    folder = tmp_path_factory.mktemp("auto")
    model.save(folder / "model.keras")
    np.savez(folder / "data.npz", x=x, y=y)

    def arguments(*more):
        return [
            *("convert", folder / "model.keras", "--calibration", folder / "data.npz"),
            *("--output", folder / "snn.keras", *more),
        ]

    return arguments


def run(arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


AUTO = ("--method", "auto", "--alphabet", "binary")


def test_the_command_line_chooses(converting, labelled, tmp_path):
    model, x, y = labelled
    report = tmp_path / "report.json"
    result = run(
        converting(*AUTO, "--max-drop", 5, "--timesteps", 8, "--report", report)
    )
    assert result.exit_code == 0, result.output
    expected = tfsnn.choose(
        model, (x, y), max_drop=5.0, timesteps=[8], alphabet="binary"
    )
    assert result.stdout == f"{expected}\n\n{expected.snn.report}\n"
    content = json.loads(report.read_text())
    assert content.pop("choice") == json.loads(json.dumps(expected.to_dict()))
    assert content["method"] == expected.best.method
    assert "paced (lookahead=0, " in result.stderr or "paced (levels" in result.stderr


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ((*AUTO, "-o", "levels", 3), 2, "leave -o out"),
        (("--max-drop", 1), 2, "--max-drop goes with --method auto only"),
        (("--alphabet", "binary"), 2, "--alphabet goes with --method auto only"),
        (("--minimise", "latency"), 2, "--minimise goes with --method auto only"),
        ((*AUTO[:3], "unary"), 2, "'unary' is not known"),
        ((*AUTO, "--max-drop", -1), 2, "-1"),
        ((*AUTO, "--limit", 19), 1, "too few to hold some of them out"),
    ],
)
def test_what_makes_no_sense_is_refused(converting, more, code, message, tmp_path):
    arguments = converting(*more)
    arguments[5] = output = tmp_path / "snn.keras"
    result = run(arguments)
    assert result.exit_code == code and message in result.stderr, result.output
    assert result.stdout == "" and not output.exists()
