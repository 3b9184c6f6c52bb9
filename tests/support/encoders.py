"""A small encoder of sentences, as transformers are built, and sentences for it."""

import keras
import models
import numpy as np
from keras import layers

TOKENS, WIDTH = 5, 8


def encoder(depth=2):
    """Layers of an encoder with a mask of tokens."""
    x = keras.Input((TOKENS, WIDTH), name="x")
    mask = keras.Input((TOKENS,), name="mask")
    kept = keras.ops.expand_dims(mask, 1)
    y = layers.LayerNormalization()(x)
    for _ in range(depth):
        attended = layers.MultiHeadAttention(2, 4)(y, y, attention_mask=kept)
        y = layers.LayerNormalization()(layers.Add()([y, attended]))
        inner = layers.Dense(16, activation="gelu")(y)
        y = layers.LayerNormalization()(layers.Add()([y, layers.Dense(WIDTH)(inner)]))
    total = keras.ops.sum(y * keras.ops.expand_dims(mask, -1), 1)
    mean = total / keras.ops.maximum(keras.ops.sum(mask, 1, keepdims=True), 1.0)
    return models.randomise(keras.Model([x, mask], mean))


def sentences(count, seed=0):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, TOKENS + 1, (count, 1))
    return {
        "x": rng.normal(size=(count, TOKENS, WIDTH)).astype(np.float32),
        "mask": (np.arange(TOKENS) < lengths).astype(np.float32),
    }
