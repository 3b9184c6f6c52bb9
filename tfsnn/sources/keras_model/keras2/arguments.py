"""What Keras 3 calls the layers of Keras 2 and their arguments: tables of data."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from tfsnn.layers.locally_connected import LocallyConnected1D, LocallyConnected2D

# Classes of Keras 2 that are others in Keras 3, with the same outputs.
CLASSES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "CuDNNGRU": "GRU",
    "CuDNNLSTM": "LSTM",
    "GRUV1": "GRU",
    "LSTMV1": "LSTM",
    "GRUCellV1": "GRUCell",
    "LSTMCellV1": "LSTMCell",
    "LayerNormalizationV1": "LayerNormalization",
    "RandomCrop": "Resizing",  # after training, as all of these
    "RandomHeight": "Identity",
    "RandomWidth": "Identity",
    "ThresholdedReLU": "ReLU",
}

# Classes of Keras 2 that tfsnn has in place of Keras 3.
OWN = {each.__name__: each for each in (LocallyConnected1D, LocallyConnected2D)}

# Classes of Keras 2 that no class of Keras 3 stands for, and what they need.
REMOVED = {
    "AbstractRNNCell": "it is a base class of cells",
    "DenseFeatures": "it reads feature columns of TensorFlow 1",
    "SequenceFeatures": "it reads feature columns of TensorFlow 1",
    "RandomFourierFeatures": "Keras 3 has no such layer",
    "CategoryCrossing": "Keras 3 has no such layer",
    "KerasFeatureColumn": "it reads feature columns of TensorFlow 1",
}

# What such a class of Keras 3 takes beside what the file says.
FIXED: Mapping[str, Mapping[str, Any]] = {"RandomCrop": {"crop_to_aspect_ratio": True}}

RENAMED: Mapping[str, Mapping[str, str]] = {
    "LeakyReLU": {"alpha": "negative_slope"},
    "ThresholdedReLU": {"theta": "threshold"},
}

# What Keras 3 assumes where a config says nothing, and Keras 2 assumed otherwise: files
# of versions in which the argument did not exist.
MISSING: Mapping[str, Mapping[str, Any]] = {
    "CuDNNGRU": {"reset_after": True},
    "GRU": {"reset_after": False},
    "GRUCell": {"reset_after": False},
}

# Layers that do nothing after training take these alone.
COMMON = ("name", "trainable", "dtype")

# Arguments that Keras 3 does not have and that change no output of a trained network.
ANY = lambda value: True  # noqa: E731
HARMLESS: Mapping[str, Callable[[Any], bool]] = {
    "autocast": ANY,
    "batch_size": ANY,
    "data_format": lambda value: value == "channels_last",
    "experimental_autocast": ANY,
    "fused": ANY,
    "groups": lambda value: value == 1,
    "implementation": ANY,
    "input_dim": ANY,
    "input_dtype": ANY,
    "input_length": ANY,
    "key_shape": ANY,
    "num_constants": lambda value: not value,
    "query_shape": ANY,
    "renorm": ANY,
    "renorm_clipping": ANY,
    "renorm_momentum": ANY,
    "softmax_robust_masking": ANY,
    "rng_type": ANY,
    "seed": ANY,
    "trainable": ANY,
    "value_shape": ANY,
    "virtual_batch_size": ANY,
    "vocabulary_size": ANY,
}


@functools.cache
def accepted(kind: str) -> frozenset[str]:
    """The arguments that a layer of Keras takes, those of its base classes included."""
    found: set[str] = set()
    for base in inspect.getmro(OWN.get(kind) or getattr(keras.layers, kind)):
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters
            found |= set(parameters)
            if not any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
                break
    return frozenset(found)
