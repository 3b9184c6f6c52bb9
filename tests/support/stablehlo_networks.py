"""Spiking networks to export, and their inputs; those with dyadic numbers are exact."""

import functools

import keras
import models
import numpy as np
from keras import layers

import tfsnn
from tfsnn.conversion.normalize import normalize
from tfsnn.network.passes import simplify
from tfsnn.simulation.report import ConversionReport
from tfsnn.sources import import_model

T, COUNT = 4, 5
SIGNED = {"negative_threshold": 0.0, "max_coefficient": 3.0}


def two_inputs():
    """The second input comes first in the alphabet."""
    x, y = keras.Input((6,), name="x"), keras.Input((4,), name="a")
    both = layers.Concatenate()([layers.Dense(5, "relu")(x), layers.Dense(3)(y)])
    return keras.Model([x, y], layers.Dense(3)(layers.ReLU()(both)))


def smooth():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="silu"),
            layers.Dense(5, activation="gelu"),
            layers.Dense(3, activation="softmax"),
        ]
    )


def exact(build, **neuron):
    """Every sum of it is exact in float32: any device computes the same."""
    model = models.dyadic(build())
    graph = simplify(import_model(model))
    graph = normalize(graph, models.plan_for(graph, **neuron))
    report = ConversionReport("none", neuron, T, 0, (), (), (), {})
    return tfsnn.SpikingModel(graph, T, report, name="exact"), samples(model)


def converted(build, method, **options):
    model = models.randomise(build())
    x = samples(model)
    return tfsnn.convert(model, x, method, timesteps=T, **options), x


def samples(model):
    rng = np.random.default_rng(1)
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    drawn = [rng.integers(-16, 17, (COUNT, *s)) / np.float32(16) for s in shapes]
    return drawn[0] if len(drawn) == 1 else drawn


BUILDERS = {
    "signed": lambda: exact(models.residual, **SIGNED),
    "max_pooling": lambda: exact(models.maxpool_on_spikes, **SIGNED),
    "two_inputs": lambda: exact(two_inputs, **SIGNED),
    "paced": lambda: converted(models.residual, "paced", correct="none"),
    "few_spikes": lambda: converted(smooth, "few_spikes"),
    "radix": lambda: converted(models.mlp, "radix"),
    "ttfs": lambda: converted(models.cnn, "ttfs"),
    "cos": lambda: converted(models.mlp, "cos", pre_steps=2),
    "running_sums": lambda: converted(smooth, "termapping"),
}
EXACT = ("signed", "max_pooling", "two_inputs")


@functools.cache
def network(name):
    """A spiking network and its inputs."""
    return BUILDERS[name]()
