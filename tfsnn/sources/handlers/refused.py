"""Layers that cannot be converted, each with the reason and the way out."""

from __future__ import annotations

from keras import layers

from tfsnn.layers import (
    BernoulliRate,
    ConstantCurrent,
    DeterministicRate,
    IntegrateFire,
    LeakyIntegrateFire,
    MeanOverTime,
    OverTime,
    PoissonTrains,
    SpikingCell,
    SpikingDense,
    SpikingMaxPooling2D,
    SpikingRecurrent,
)
from tfsnn.sources.handlers.registry import refuse

refuse(
    "it is a layer of a spiking network, which needs no conversion: "
    "tfsnn.from_layers(model), or tfsnn convert without --calibration, makes a "
    "SpikingModel of the whole model",
    BernoulliRate,
    ConstantCurrent,
    DeterministicRate,
    IntegrateFire,
    LeakyIntegrateFire,
    MeanOverTime,
    OverTime,
    PoissonTrains,
    SpikingCell,
    SpikingDense,
    SpikingMaxPooling2D,
    SpikingRecurrent,
)

refuse(
    "it is Python code: make it a layer class and register a handler with "
    "@tfsnn.handles, or use keras.ops in the Functional model",
    layers.Lambda,
)
refuse(
    "it reads text or looks values up: do so before the model, which takes numbers",
    layers.TextVectorization,
    layers.StringLookup,
    layers.IntegerLookup,
    layers.Hashing,
    layers.HashedCrossing,
)
refuse(
    "its decibels count from the loudest value of all samples, so one depends on the "
    "others: compute the spectrum before the model, or use STFTSpectrogram",
    layers.MelSpectrogram,
)
refuse(
    "it stretches every image by its own darkest and brightest values, at inference "
    "too: do so before the model",
    layers.AutoContrast,
    layers.ContrastLimitedAdaptiveHistogramEqualization,
    layers.Equalization,
)
refuse(
    "at inference it crops and resizes: use CenterCrop or Resizing in its place",
    layers.RandomCrop,
)
refuse(
    "it is one step of a recurrent layer, whose state the model itself would carry: "
    "put it into keras.layers.RNN",
    layers.SimpleRNNCell,
    layers.GRUCell,
    layers.LSTMCell,
    layers.StackedRNNCells,
)
refuse(
    "it runs code of JAX, Flax or PyTorch as a black box: build the same of Keras "
    "layers, or register a handler for a subclass with @tfsnn.handles",
    layers.JaxLayer,
    layers.FlaxLayer,
    layers.TorchModuleWrapper,
)
refuse(
    "it runs a SavedModel as a black box: give tfsnn the SavedModel itself",
    layers.TFSMLayer,
)
