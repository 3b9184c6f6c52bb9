"""Translators of batch normalisation at inference, and of a bias of no layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers

from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused

# Keras adds epsilon to the variance; 1 - 2**-10 + 2**-10 is exactly 1.
EPSILON = 2.0**-10


@translates("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def fused_batch_norm(operation: Any, rebuild: Rebuild) -> Any:
    """Translate a batch normalisation with moving statistics."""
    if operation.get_attr("is_training"):
        raise Refused(
            "it normalizes with the statistics of the batch: export the model for "
            "inference"
        )
    weights = [rebuild.network.argument(operation, i) for i in (1, 2, 3, 4)]
    first = operation.get_attr("data_format") in (b"NCHW", b"NCDHW")
    x = rebuild[operation.inputs[0]]
    y = rebuild.weighted(
        layers.BatchNormalization,
        rebuild.channels_last(x) if first else x,
        weights,
        epsilon=operation.get_attr("epsilon"),
    )
    return rebuild.channels_first(y) if first else y


@translates("BatchNormWithGlobalNormalization")
def global_batch_norm(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the batch normalisation of TensorFlow's first versions."""
    mean, variance, beta, gamma = (
        rebuild.network.argument(operation, i) for i in (1, 2, 3, 4)
    )
    if not operation.get_attr("scale_after_normalization"):
        gamma = np.ones_like(beta)
    return rebuild.weighted(
        layers.BatchNormalization,
        rebuild[operation.inputs[0]],
        [gamma, beta, mean, variance],
        epsilon=operation.get_attr("variance_epsilon"),
    )


@translates("BiasAdd", "BiasAddV1")
def bias_add(operation: Any, rebuild: Rebuild) -> Any:
    """Translate an offset for each channel that is the bias of no layer."""
    offset = rebuild.network.argument(operation, 1)
    first = operation.type == "BiasAdd" and (
        operation.get_attr("data_format") == b"NCHW"
        and operation.inputs[0].shape.rank > 2
    )
    x = rebuild[operation.inputs[0]]
    y = gain_and_offset(
        rebuild,
        rebuild.channels_last(x) if first else x,
        np.ones_like(offset),
        offset,
    )
    return rebuild.channels_first(y) if first else y


def gain_and_offset(
    rebuild: Rebuild, x: Any, gain: np.ndarray, offset: np.ndarray
) -> Any:
    """Make x * gain + offset, per channel, of a BatchNormalization of mean 0."""
    zeros = np.zeros_like(gain)
    return rebuild.weighted(
        layers.BatchNormalization,
        x,
        [gain, offset, zeros, zeros + (1.0 - EPSILON)],
        epsilon=EPSILON,
    )
