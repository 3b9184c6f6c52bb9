"""Small spiking networks made by hand, of whose error the cause is known."""

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


def report(**options):
    return ConversionReport("termapping", options, 1, 0, (), (), (), {})


def spiking(model, timesteps, clock=None, plans=None, **neuron):
    """The SNN of hand-made plans; drawn powers of two as scales if none are given."""
    graph = simplify(import_model(model))
    plans = models.plan_for(graph, **neuron) if plans is None else plans
    normal = normalize(graph, Plan(plans, clock or Clock()))
    return tfsnn.SpikingModel(normal, timesteps, report(), name="handmade")


def stack(*kernels):
    """Dense layers with these kernels, ReLUs behind them, and a readout of the last."""
    model = keras.Sequential([keras.Input((len(kernels[0]),))])
    for i, kernel in enumerate(kernels):
        model.add(layers.Dense(np.shape(kernel)[1], "relu", name=f"layer{i + 1}"))
        model.layers[-1].kernel.assign(kernel)
    model.add(layers.Dense(2, name="out"))
    model.layers[-1].kernel.assign(np.ones((np.shape(kernels[-1])[1], 2)))
    return model


def rates(count=40, units=4, seed=0):
    """Inputs from 0 to 1, multiples of 1/64, of which each unit reaches 1."""
    x = np.random.default_rng(seed).integers(0, 65, (count, units)) / 64
    x[0] = 1
    return x.astype(np.float32)
