"""Energy profiles: the formulas, the registry, and what evaluation says."""

import numpy as np
import pytest

from tfsnn.errors import OptionError
from tfsnn.hardware import energy
from tfsnn.hardware.energy import EnergyProfile
from tfsnn.network.operations import Operations

COSTS = Operations(ann_macs=100, constant_macs=8, analog_macs=3, fan_outs={})


def test_energy_is_the_formula():
    profile = EnergyProfile("test", 4.0, 0.5, "nowhere")
    assert profile.ann(COSTS) == 4.0 * 100
    assert profile.analog(COSTS, 5) == 4.0 * (8 + 5 * 3)
    assert profile.synapses(64) == 0.5 * 64
    assert profile.snn(COSTS, 5, 64) == 4.0 * (8 + 5 * 3) + 0.5 * 64
    assert str(profile).startswith("4 pJ for each multiply-accumulate (MAC) and 0.5 pJ")


def test_a_profile_is_found_by_its_name(monkeypatch):
    monkeypatch.setattr(energy, "_PROFILES", dict(energy._PROFILES))
    assert energy.profile("45nm-float32") is energy.DEFAULT
    mine = EnergyProfile("mine", 2.0, 0.25, "a data sheet")
    assert energy.profile(mine) is mine  # registered or not
    with pytest.raises(OptionError, match=r"no energy profile 'mine'.*45nm-int8"):
        energy.profile("mine")
    assert energy.register(mine) is mine and energy.profile("mine") is mine
    assert list(energy.profiles())[-1] == "mine"
    energy.register(EnergyProfile("mine", 2.0, 0.25, "a data sheet"))  # the same
    with pytest.raises(OptionError, match="exists already"):
        energy.register(EnergyProfile("mine", 2.0, 0.5, "a data sheet"))
    energy.profiles().clear()  # a copy
    assert energy.profile("mine") is mine


@pytest.mark.parametrize(
    ("kind", "multiplication", "addition"),
    [
        ("float32", 3.7, 0.9),
        ("float16", 1.1, 0.4),
        ("int32", 3.1, 0.1),
        ("int8", 0.2, 0.03),
    ],
)
def test_the_figures_are_those_of_the_paper(kind, multiplication, addition):
    profile = energy.profile(f"45nm-{kind}")
    assert profile.ac_picojoules == addition
    assert profile.mac_picojoules == pytest.approx(multiplication + addition)


def test_every_profile_names_its_source():
    for name, profile in energy.profiles().items():
        assert profile.name == name and profile.source
        assert profile.mac_picojoules > profile.ac_picojoules


@pytest.mark.parametrize("joules", [0.0, -1.0, np.nan, np.inf])
def test_what_is_no_energy_is_refused(joules):
    with pytest.raises(OptionError, match="mac_picojoules"):
        EnergyProfile("x", joules, 1.0, "")
    with pytest.raises(OptionError, match="ac_picojoules"):
        EnergyProfile("x", 1.0, joules, "")
