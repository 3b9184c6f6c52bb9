"""How many samples are gone through at a time."""

import models
import pytest
from corrections import EVERYTHING, copies, pair

from tfsnn.conversion import memory
from tfsnn.conversion.correct import correct
from tfsnn.conversion.memory import fitting_samples
from tfsnn.conversion.plan import Corrections


def chain():
    """Signals of 6, 8, 8, 5, 5, 3 and 3 numbers; the first two are constant."""
    return models.randomise(models.mlp())


@pytest.mark.parametrize("steps", [1, 4])
def test_as_many_samples_are_taken_as_memory_has_room_for(steps, monkeypatch):
    model = chain()
    ann, spiking = pair(model, models.samples(model, 8))
    # By population, bytes: spikes of 1 byte, activations of 4, also of what is smaller.
    spikes, current = 8 * steps, 5 * 4
    peak = spikes + current + max(8 * 4, 5 * (steps + 4))
    for room in (20, 33):
        monkeypatch.setattr(memory, "BUDGET", peak * room)
        assert fitting_samples(spiking.graph, ann, steps, 256) == room
    assert fitting_samples(spiking.graph, ann, steps, 10) == 10
    monkeypatch.setattr(memory, "BUDGET", 1)
    assert fitting_samples(spiking.graph, ann, steps, 256) == 8  # at least
    assert fitting_samples(spiking.graph, ann, steps, 3) == 3


@pytest.mark.parametrize("held", ["memory", "option"])
def test_only_so_many_samples_are_used(held, monkeypatch):
    model = chain()
    x = models.samples(model, 40)
    if held == "memory":
        monkeypatch.setattr(memory, "BUDGET", 1)
    few = Corrections(True, True, True, 8 if held == "option" else 256)
    ann, spiking = pair(model, x)
    found = correct(ann, spiking, ann.feed(x), 4, few)
    monkeypatch.undo()
    expected, other = (
        correct(ann, spiking, ann.feed(x[:count]), 4, EVERYTHING) for count in (8, 40)
    )
    for one, same in zip(copies(found), copies(expected), strict=True):
        assert all((one[key] == same[key]).all() for key in one)
    assert any(
        (one[key] != differ[key]).any()
        for one, differ in zip(copies(found), copies(other), strict=True)
        for key in one
    )
