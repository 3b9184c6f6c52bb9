"""The settings that are tried for an alphabet of spikes."""

import keras
import models
import pytest

from tfsnn.analysis.choose.candidates import candidates
from tfsnn.conversion import methods
from tfsnn.conversion.methods.alphabet import alphabet_of, parse
from tfsnn.errors import OptionError
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model


@pytest.mark.parametrize("text", ["binary", "ternary", "graded:1", "graded:4"])
def test_candidates_send_what_the_hardware_can(text):
    graph = simplify(import_model(models.cnn()))
    found = candidates(graph, text)
    first = "ttfs" if text == "binary" else "paced"
    assert len(found) >= 4 and found[0].method == first
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
