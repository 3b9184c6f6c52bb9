"""The cheapest setting within a drop, by the library and on the command line."""

import dataclasses
import json
import logging

import numpy as np
import pytest
from command_line import run
from samples import collect

import tfsnn
from tfsnn.analysis.choose import search
from tfsnn.data import open_data
from tfsnn.data.holdout import hold_out
from tfsnn.errors import CalibrationError, DataError, OptionError
from tfsnn.hardware.energy import EnergyProfile


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


class Said(logging.Handler):
    """Keeps the messages that it is given."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def emit(self, record):
        self.messages.append(self.format(record))


@pytest.fixture(scope="module")
def chosen(labelled):
    model, x, y = labelled
    log, said = logging.getLogger("tfsnn"), Said()
    log.addHandler(said)
    log.setLevel(logging.INFO)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(search, "computes_in_bfloat16", lambda: True)
            found = tfsnn.choose(model, (x, y), max_drop=2.0, **ARGUMENTS)
    finally:
        log.setLevel(logging.NOTSET)
        log.removeHandler(said)
    return found, said.messages


def test_the_chosen_is_the_cheapest_within_the_drop(chosen, labelled):
    found, said = chosen
    plain = [row for row in found.tried if row.precision == "float32"]
    within = [row for row in plain if row.losses[0].value <= 2]
    cheapest = min(within, key=lambda row: row.cost("energy"))
    assert found.best.precision == "bfloat16" and found.best.worst.value <= 2
    assert found.best.options == cheapest.options
    assert found.best.timesteps == cheapest.timesteps
    assert found.best in found.frontier and found.samples == 150
    assert {row.alphabet for row in found.tried} == {"ternary"}
    assert all(row.losses[0].standard_error > 0 for row in found.tried)
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
    rest, held = (collect(part) for part in hold_out(data, 500, least=20, seed=2))
    row = chosen[0].tried[0]
    options = {**row.options, "timesteps": row.timesteps}
    snn = tfsnn.convert(model, rest, row.method, seed=2, **options)
    top = model.predict(held[0], verbose=0).argmax(-1)
    ours = snn.predict(held[0], verbose=0).argmax(-1)
    assert row.score == np.mean(ours == held[1])
    assert row.agreement == np.mean(ours == top)
    assert chosen[0].outputs[0].ann_score == np.mean(top == held[1])
    np.testing.assert_allclose(
        row.worst.value, 100 * (np.mean(top == held[1]) - np.mean(ours == held[1]))
    )


@pytest.mark.slow
def test_it_is_the_same_for_the_same_seed_and_a_calibration_will_do(chosen, labelled):
    model, x, y = labelled
    arguments = {key: value for key, value in ARGUMENTS.items() if key != "seed"}
    known = tfsnn.calibration(model, (x, y), seed=2)
    again = tfsnn.choose(model, known, max_drop=2.0, **arguments)
    assert again.to_dict() == chosen[0].to_dict()


@pytest.mark.slow
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
        assert row.score is None and row.worst.value == 100 * (1 - row.agreement)
    assert found.outputs[0].ann_score is None and found.samples == 30
    assert found.best.timesteps == 1 and "for want of labels" in str(found)
    assert "So few samples cannot tell a loss of 4 from none" in str(found)


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


def test_energy_is_that_of_the_hardware(labelled):
    free = EnergyProfile("free spikes", 1.0, 1e-12, "nobody")
    found = tfsnn.choose(
        *(labelled[0], labelled[1][:40]),
        max_drop=100.0,
        timesteps=[1],
        methods=["opi"],
        precision="float32",
        energy=free,
    )
    counted = found.snn.operations_per_sample()
    expected = counted.constant_macs / counted.ann_macs
    assert found.tried
    assert all(row.energy_ratio == pytest.approx(expected) for row in found.tried)


def test_the_least_energy_is_that_of_the_snn_by_any_model(labelled):
    """Against an ANN of more bits the ratio of more steps may be less: no reason."""
    found = tfsnn.choose(
        *(labelled[0], labelled[1][:40]),
        max_drop=100.0,
        timesteps=[1, 2, 8],
        methods=["opi"],
        precision="float32",
        energy="bit-matched",
    )
    energies = [row.picojoules for row in found.tried]
    assert found.best.picojoules == min(energies) > 0
    more = dataclasses.replace(found.best, energy_ratio=0.0, picojoules=1e12)
    assert more.cost("energy") > found.best.cost("energy")


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
        ({"energy": "1nm"}, "no energy profile '1nm'; there are 45nm-float32"),
        ({"precision": "int7"}, "'int7'; expected one of float32, bfloat16"),
        ({"max_dorp": 1.0}, "unknown setting: 'max_dorp'; .* did you mean 'max_drop'"),
        ({"calibration_limit": 5}, "unknown setting: 'calibration_limit'; known: max"),
    ],
)
def test_impossible_arguments_are_refused(labelled, changed, message):
    with pytest.raises(OptionError, match=message):
        tfsnn.choose(*labelled[:2], **changed)


def test_too_few_samples_are_refused(labelled):
    with pytest.raises(DataError, match=r"holds 19 samples, too few .* 20 or more"):
        tfsnn.choose(labelled[0], labelled[1][:19])


FEW = 100


@pytest.fixture(scope="module")
def choosing(labelled, tmp_path_factory):
    """Arguments of the command line that choose, for files of the same network."""
    model, x, y = labelled
    folder = tmp_path_factory.mktemp("auto")
    model.save(folder / "model.keras")
    np.savez(folder / "data.npz", x=x[:FEW], y=y[:FEW])

    def arguments(*more):
        return [
            *("choose", folder / "model.keras", "--calibration", folder / "data.npz"),
            *("--output", folder / "snn.keras", *more),
        ]

    return arguments


BINARY = ("--alphabet", "binary")


@pytest.mark.slow
def test_the_command_line_chooses(choosing, labelled, tmp_path):
    model, x, y = labelled
    report = tmp_path / "report.json"
    result = run(
        *choosing(*BINARY, "--max-drop", 5, "--timesteps", 8, "--report", report),
        *("-o", "seed", 1, "-o", "holdout", 40, "-o", "methods", "paced,radix"),
    )
    assert result.exit_code == 0, result.output
    expected = tfsnn.choose(
        *(model, (x[:FEW], y[:FEW])),
        max_drop=5.0,
        timesteps=[8],
        alphabet="binary",
        seed=1,
        holdout=40,
        methods=["paced", "radix"],
    )
    assert result.stdout == f"{expected}\n\n{expected.snn.report}\n"
    content = json.loads(report.read_text())
    assert content.pop("choice") == json.loads(json.dumps(expected.to_dict()))
    assert content["method"] == expected.best.method
    assert "paced (lookahead=0, " in result.stderr or "paced (levels" in result.stderr


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (
            ("-o", "levels", 3),
            2,
            "-o knows no 'levels'; known: limit, raw, energy, engine, threads",
        ),
        (("-o", "holdot", 3), 2, "did you mean 'holdout'"),
        (("-o", "energy", "1nm"), 2, "no energy profile '1nm'"),
        (("-o", "precision", "int7"), 2, "precision: 'int7' is not one of"),
        (("-o", "holdout", 9), 2, "hold out 10 samples at least"),
        (("--alphabet", "unary"), 2, "'unary' is not known"),
        (("--max-drop", -1), 2, "-1"),
        (("--timesteps", "4,0"), 2, "not a list of numbers from 1 up"),
        ((*BINARY, "-o", "limit", 19), 1, "too few to hold some of them out"),
    ],
)
def test_what_makes_no_sense_is_refused(choosing, more, code, message, tmp_path):
    arguments = choosing(*more)
    arguments[5] = output = tmp_path / "snn.keras"
    result = run(*arguments)
    assert result.exit_code == code and message in result.stderr, result.output
    assert result.stdout == "" and not output.exists()


@pytest.mark.parametrize(
    ("options", "tried"),
    [
        ({"timesteps": [1]}, True),
        ({"timesteps": [2]}, False),
        ({"timesteps": [1], "minimise": "timesteps"}, False),
    ],
)
def test_one_spike_is_tried_where_a_step_may_be_a_window(labelled, options, tried):
    model, x, y = labelled
    found = tfsnn.choose(
        model, (x[:60], y[:60]), max_drop=100, alphabet="binary", **options
    )
    assert ("ttfs" in {row.method for row in found.tried}) == tried
    assert found.best.alphabet == "binary"
