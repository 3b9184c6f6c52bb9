"""What cannot be in a network of spiking layers is refused by name."""

import keras
import pytest
from keras import layers

import tfsnn
from tfsnn.errors import UnsupportedError
from tfsnn.layers import (
    BernoulliRate,
    ConstantCurrent,
    IntegrateFire,
    OverTime,
    SpikingDense,
    SpikingRecurrent,
)

WRONG = {
    "it computes an activation in each step": [layers.Dense(4, activation="relu")],
    "which is not linear": [OverTime(layers.Dense(4, activation="tanh"))],
    "may mix time steps": [layers.Conv1D(4, 2)],
    "it is an activation behind": [
        layers.GlobalAveragePooling1D(),
        layers.Dense(3, activation="relu"),
    ],
    "it encodes a sequence over time": [ConstantCurrent(2)],
    "come back to its neurons": [SpikingRecurrent(4)],
    "lateral=0.5": [SpikingDense(4, lateral=0.5)],
}


@pytest.mark.parametrize("said", WRONG)
def test_what_does_not_fit_is_refused_by_name(said):
    start = [keras.Input((4,)), ConstantCurrent(5), layers.Dense(3), IntegrateFire()]
    with pytest.raises(UnsupportedError, match=said):
        tfsnn.from_layers(keras.Sequential([*start, *WRONG[said]]))


def test_inputs_that_are_sequences_and_random_encoders_are_refused():
    frames = keras.Sequential([keras.Input((5, 4)), layers.Dense(3), IntegrateFire()])
    with pytest.raises(UnsupportedError, match=r"put tfsnn.layers.Constant"):
        tfsnn.from_layers(frames)
    drawn = keras.Sequential([keras.Input((4,)), BernoulliRate(5), IntegrateFire()])
    with pytest.raises(UnsupportedError, match="spikes are drawn at random"):
        tfsnn.from_layers(drawn)
