"""Small spiking networks for inputs that change, and sequences for them."""

import functools

import keras
import models
import numpy as np
from keras import layers

import tfsnn
from tfsnn.conversion.methods import Plan
from tfsnn.conversion.normalize import normalize
from tfsnn.network.clock import Clock
from tfsnn.network.passes import simplify
from tfsnn.simulation.report import ConversionReport
from tfsnn.sources import import_model
from tfsnn.sources.keras_model.structure import output_keys


def smooth():
    """A running sum between two populations, and a function of the input itself."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Activation("tanh", name="bounded"),
            layers.Dense(5, activation="relu", name="first"),
            layers.Activation("silu", name="smooth"),
            layers.Dense(4, activation="relu", name="second"),
            layers.Dense(3, name="last"),
        ]
    )


NETWORKS = {"smooth": smooth, **models.MODELS}


def spiking(name, clock=None, **neuron):
    """A network with dyadic weights and scales, made without calibration."""
    model = models.dyadic(NETWORKS[name]())
    graph = simplify(import_model(model))
    plan = Plan(models.plan_for(graph, **neuron), clock or Clock())
    report = ConversionReport("made", {}, 4, 0, (), (), (), {})
    spiking = normalize(graph, plan), 4, report, output_keys(model)
    return tfsnn.SpikingModel(*spiking, name=f"{name}_snn")


@functools.cache
def shared(name):
    """A network of signed spikes that no test changes."""
    return spiking(name, negative_threshold=0.0, max_coefficient=3.0)


def sequences(snn, frames=6, batch=3, seed=1):
    """Sequences ``(B, F, *shape)`` of multiples of 1/16 in [-1, 1]."""
    (shape,) = snn.inputs_by_name.values()
    drawn = np.random.default_rng(seed).integers(-16, 17, (batch, frames, *shape))
    return (drawn / 16).astype(np.float32)


def silu(snn):
    """The running sum of the network `smooth`."""
    (found,) = (n for n in snn.graph if getattr(n, "op", "") == "silu")
    return found
